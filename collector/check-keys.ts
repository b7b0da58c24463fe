/**
 * Checks the inside of components that no real binary of ours contains, by their published schema
 * (`keys/published.ts`). What the others have inside is the real Collector's to judge, in tests.
 */
import type { JsonValue } from '../core/json.ts';
import { nearestWord } from '../core/nearest.ts';
import { findComponent, splitId } from './catalog.ts';
import type { ConfigFault } from './fault.ts';
import type { Key, KeyTable, KeyType } from './keys/key-type.ts';
import { publishedKeys } from './keys/published.ts';
import type { CollectorConfig, ComponentKind } from './types.ts';
import { minorOf } from './versions.ts';

const kinds: readonly ComponentKind[] = [
  'receiver',
  'processor',
  'exporter',
  'connector',
  'extension',
];

type Wrong = { readonly path: string; readonly message: string };

export function checkKeys(config: CollectorConfig, version: string): readonly ConfigFault[] {
  return kinds.flatMap((kind) =>
    Object.entries(config[`${kind}s`]).flatMap(([id, inner]) => {
      const info = findComponent(kind, splitId(id).type);
      const table = info && publishedKeys.get(`${kind}/${info.type}`);
      if (table === undefined) return [];
      return wrongKeys(inner, table, `${kind}s.${id}`, minorOf(version)).map((wrong) => ({
        ...wrong,
        component: id,
        noticed: 'validate' as const,
      }));
    }),
  );
}

function wrongKeys(
  value: JsonValue,
  table: KeyTable,
  path: string,
  minor: number,
): readonly Wrong[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path, message: 'expected keys and values' }];
  }
  return Object.entries(value).flatMap(([name, inner]): readonly Wrong[] => {
    const place = `${path}.${name}`;
    const key: Key | undefined = Object.hasOwn(table, name) ? table[name] : undefined;
    if (key === undefined) {
      const nearest = nearestWord(name, Object.keys(table));
      const hint = nearest === undefined ? '' : `; did you mean “${nearest}”?`;
      return [{ path: place, message: `there is no key “${name}”${hint}` }];
    }
    if (typeof key !== 'object' || !('since' in key)) return wrongValue(inner, key, place, minor);
    const since = minorOf(key.since);
    return minor < since
      ? [{ path: place, message: `the key came with 0.${since}, and this is 0.${minor}` }]
      : wrongValue(inner, key.type, place, minor);
  });
}

function wrongValue(
  value: JsonValue,
  type: KeyType,
  path: string,
  minor: number,
): readonly Wrong[] {
  // What a reference stands for is known at the start only.
  if (typeof value === 'string' && value.startsWith('${')) return [];
  if (typeof type === 'string') {
    return isOf(value, type) ? [] : [{ path, message: `expected a ${type}` }];
  }
  if ('keys' in type) return wrongKeys(value, type.keys, path, minor);
  if ('oneOf' in type) {
    const fits = typeof value === 'string' && type.oneOf.includes(value);
    return fits ? [] : [{ path, message: `expected one of ${type.oneOf.join(', ')}` }];
  }
  if (!Array.isArray(value)) return [{ path, message: 'expected a list' }];
  return value.flatMap((item, index) => wrongValue(item, type.list, `${path}.${index}`, minor));
}

const duration = /^-?(?:0|(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)$/;

function isOf(value: JsonValue, type: Extract<KeyType, string>): boolean {
  switch (type) {
    case 'any':
      return true;
    case 'duration':
      return typeof value === 'string' && duration.test(value);
    case 'id':
      return typeof value === 'string' && value !== '';
    default:
      return typeof value === type;
  }
}
