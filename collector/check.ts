/**
 * The checks that the Collector would make at its start, made before: so that a fault is seen where
 * it is written and not in the log of a pod. Beside them stand a few that it does not make (unused
 * components, `memory_limiter` not first, the `batch` processor). Names in messages are those of
 * the version, as the Collector would print them.
 */
import { nearestWord } from '../core/nearest.ts';
import { catalog, findComponent, nameFor, splitId } from './catalog.ts';
import { checkKeys } from './check-keys.ts';
import { checkPipelines } from './check-pipelines.ts';
import { checkReferences } from './check-references.ts';
import type { ConfigFault } from './fault.ts';
import { configFor } from './naming.ts';
import type { CollectorConfig, ComponentId, ComponentKind } from './types.ts';

export type { ConfigFault } from './fault.ts';

const kinds: readonly ComponentKind[] = [
  'receiver',
  'processor',
  'exporter',
  'connector',
  'extension',
];

export function checkConfig(config: CollectorConfig, version: string): readonly ConfigFault[] {
  const named = configFor(config, version);
  return [
    ...kinds.flatMap((kind) => checkTypes(named, kind, version)),
    ...checkSharedIds(named),
    ...checkKeys(named, version),
    ...checkPipelines(named),
    ...checkReferences(named),
  ];
}

function checkTypes(
  config: CollectorConfig,
  kind: ComponentKind,
  version: string,
): readonly ConfigFault[] {
  return Object.keys(config[`${kind}s`]).flatMap((id): ConfigFault[] => {
    const path = `${kind}s.${id}`;
    const { type, suffix } = splitId(id);
    if (suffix === '/') {
      const message = `the part after the slash of ${kind} “${id}” is empty`;
      return [{ path, message, component: id, noticed: 'validate' }];
    }
    if (findComponent(kind, type) === undefined) {
      const message = `there is no ${kind} of the type “${type}”${hint(kind, type, version)}`;
      return [{ path, message, component: id, noticed: 'validate' }];
    }
    if (kind === 'processor' && type === 'batch' && !standsApart(id, config)) {
      const message =
        'the batch processor loses what it holds when the process ends and hides a full queue: ' +
        "batch in the exporter's sending_queue.batch instead";
      return [{ path, message, component: id, noticed: 'never' }];
    }
    return [];
  });
}

/** Behind connectors alone it hides a full queue on purpose: from who sends to the others too. */
function standsApart(id: ComponentId, { connectors, service }: CollectorConfig): boolean {
  const using = Object.values(service.pipelines).filter((one) => one?.processors.includes(id));
  return (
    using.length > 0 && using.every((one) => one?.receivers.every((from) => from in connectors))
  );
}

function hint(kind: ComponentKind, type: string, version: string): string {
  const elsewhere = kinds.find((other) => findComponent(other, type) !== undefined);
  if (elsewhere !== undefined) return `: it is ${withArticle(elsewhere)}`;
  const names = [...catalog.values()]
    .filter((info) => info.kind === kind)
    .map((info) => nameFor(kind, info.type, version));
  const nearest = nearestWord(type, names);
  return nearest === undefined ? '' : `; did you mean “${nearest}”?`;
}

/** A pipeline names both with one word, so a connector may not share the id of either. */
function checkSharedIds(config: CollectorConfig): readonly ConfigFault[] {
  const shared = (id: ComponentId, kind: 'receiver' | 'exporter'): ConfigFault[] =>
    id in config[`${kind}s`]
      ? [
          {
            path: `connectors.${id}`,
            message: `“${id}” is the id of a connector and of ${withArticle(kind)}`,
            component: id,
            noticed: 'validate',
          },
        ]
      : [];
  return Object.keys(config.connectors).flatMap((id) => [
    ...shared(id, 'receiver'),
    ...shared(id, 'exporter'),
  ]);
}

function withArticle(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}
