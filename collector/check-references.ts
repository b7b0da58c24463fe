/** Checks of what refers to what: components to extensions, pipelines to components, dollars. */
import type { JsonObject, JsonValue } from '../core/json.ts';
import { faultyDollars } from './escape.ts';
import type { ConfigFault } from './fault.ts';
import type { CollectorConfig, ComponentId, ComponentKind } from './types.ts';

const kinds: readonly ComponentKind[] = [
  'receiver',
  'processor',
  'exporter',
  'connector',
  'extension',
];

/** Keys whose value is the id of an extension, wherever they stand. */
const extensionKeys: ReadonlySet<string> = new Set([
  'storage',
  'authenticator',
  'k8s_leader_elector',
  'watch_observers',
]);
/** YAML allows any depth; nothing that the Collector reads is deeper. */
const depthMax = 64;
/** Of a faulty text, enough to find it by. */
const excerptLength = 12;

type Visit = (value: string, path: string, key: string) => void;

export function checkReferences(config: CollectorConfig): readonly ConfigFault[] {
  const faults: ConfigFault[] = [];
  const extensions = new Set(config.service.extensions);
  for (const id of extensions) {
    if (id in config.extensions) continue;
    faults.push({
      path: `service.extensions.${id}`,
      message: `there is no extension “${id}” in \`extensions\``,
      component: id,
      noticed: 'validate',
    });
  }
  for (const kind of kinds) {
    for (const [id, inner] of Object.entries(config[`${kind}s`])) {
      const root = `${kind}s.${id}`;
      eachString(inner, root, '', 0, (value, path, key) => {
        if (extensionKeys.has(key)) {
          const fault = checkExtension(config, extensions, value, path, id);
          if (fault !== undefined) faults.push(fault);
        }
        faults.push(...checkDollars(value, path, id));
      });
    }
  }
  eachString(config.service.telemetry, 'service.telemetry', '', 0, (value, path) => {
    faults.push(...checkDollars(value, path, undefined));
  });
  return [...faults, ...checkUnused(config)];
}

function checkExtension(
  config: CollectorConfig,
  started: ReadonlySet<ComponentId>,
  id: string,
  path: string,
  component: ComponentId,
): ConfigFault | undefined {
  if (started.has(id)) return undefined;
  const message =
    id in config.extensions
      ? `the extension “${id}” is not in \`service.extensions\`, so it is not started`
      : `there is no extension “${id}” in \`extensions\``;
  return { path, message, component, noticed: 'start' };
}

function checkDollars(
  value: string,
  path: string,
  component: ComponentId | undefined,
): ConfigFault[] {
  const [first] = faultyDollars(value);
  if (first === undefined) return [];
  const { position, refused } = first;
  const message = refused
    ? `“${value.slice(position, position + excerptLength)}” is not a reference; ` +
      'a literal dollar is doubled: $$'
    : `the dollar at character ${position + 1} is not doubled: write $$ for a literal one`;
  const noticed = refused ? 'validate' : 'never';
  return [{ path, message, noticed, ...(component === undefined ? {} : { component }) }];
}

/** Defined and in no pipeline: most likely forgotten. */
function checkUnused(config: CollectorConfig): readonly ConfigFault[] {
  const used = new Set<string>();
  for (const pipeline of Object.values(config.service.pipelines)) {
    if (pipeline === undefined) continue;
    for (const kind of ['receiver', 'processor', 'exporter'] as const) {
      for (const id of pipeline[`${kind}s`]) {
        used.add(`${kind}/${id}`);
        if (kind !== 'processor') used.add(`connector/${id}`);
      }
    }
  }
  for (const id of config.service.extensions) used.add(`extension/${id}`);
  return kinds.flatMap((kind) =>
    Object.keys(config[`${kind}s`])
      .filter((id) => !used.has(`${kind}/${id}`))
      .map((id) => ({
        path: `${kind}s.${id}`,
        message:
          kind === 'extension'
            ? `the extension “${id}” is not in \`service.extensions\``
            : `the ${kind} “${id}” is in no pipeline`,
        component: id,
        noticed: 'never',
      })),
  );
}

function eachString(
  value: JsonValue,
  path: string,
  key: string,
  depth: number,
  visit: Visit,
): void {
  if (depth > depthMax) return;
  if (typeof value === 'string') visit(value, path, key);
  else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      eachString(item, `${path}.${index}`, key, depth + 1, visit);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value as JsonObject)) {
      eachString(inner, `${path}.${name}`, name, depth + 1, visit);
    }
  }
}
