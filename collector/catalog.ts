/**
 * The components that we know: which kind and signals they have, from which Go module they come,
 * what they were called before. Keys are `kind/type` with the newest type.
 */
import type { ComponentInfo } from './catalog/component.ts';
import { connectors } from './catalog/connectors.ts';
import { exporters } from './catalog/exporters.ts';
import { extensions } from './catalog/extensions.ts';
import { processors } from './catalog/processors.ts';
import { receivers } from './catalog/receivers.ts';
import type { ComponentId, ComponentKind } from './types.ts';
import { minorOf } from './versions.ts';

export type { ComponentInfo } from './catalog/component.ts';

export type CatalogKey = `${ComponentKind}/${string}`;

export const catalog: ReadonlyMap<CatalogKey, ComponentInfo> = new Map(
  [...receivers, ...processors, ...exporters, ...connectors, ...extensions].map((info) => [
    `${info.kind}/${info.type}` as const,
    info,
  ]),
);

const byOldName: ReadonlyMap<CatalogKey, ComponentInfo> = new Map(
  [...catalog.values()].flatMap((info) =>
    info.renamed === undefined ? [] : [[`${info.kind}/${info.renamed.from}` as const, info]],
  ),
);

/** The component of that name, new or old. */
export function findComponent(kind: ComponentKind, type: string): ComponentInfo | undefined {
  return catalog.get(`${kind}/${type}`) ?? byOldName.get(`${kind}/${type}`);
}

/** The name that a version of the Collector knows; unknown types keep theirs. */
export function nameFor(kind: ComponentKind, type: string, version: string): string {
  const info = findComponent(kind, type);
  if (info === undefined) return type;
  if (info.renamed === undefined || minorOf(version) >= minorOf(info.renamed.version)) {
    return info.type;
  }
  return info.renamed.from;
}

/** {@link nameFor} for an id: the part after the slash stays. */
export function idFor(kind: ComponentKind, id: ComponentId, version: string): ComponentId {
  const { type, suffix } = splitId(id);
  return `${nameFor(kind, type, version)}${suffix}`;
}

/** `file_log` and `/pods` of `file_log/pods`. */
export function splitId(id: ComponentId): { readonly type: string; readonly suffix: string } {
  const slash = id.indexOf('/');
  if (slash < 0) return { type: id, suffix: '' };
  return { type: id.slice(0, slash), suffix: id.slice(slash) };
}
