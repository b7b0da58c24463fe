/** Checks of `service.pipelines`: ends, signals, order, connectors. */
import { findComponent, splitId } from './catalog.ts';
import type { ConfigFault } from './fault.ts';
import type { CollectorConfig, ComponentId, Pipeline, PipelineId, Signal } from './types.ts';

type End = 'receiver' | 'processor' | 'exporter';

const ends: readonly End[] = ['receiver', 'processor', 'exporter'];
const signals: readonly string[] = ['traces', 'metrics', 'logs'];

export function checkPipelines(config: CollectorConfig): readonly ConfigFault[] {
  const pipelines = Object.entries(config.service.pipelines) as [PipelineId, Pipeline][];
  if (pipelines.length === 0) {
    return [{ path: 'service.pipelines', message: 'there is no pipeline', noticed: 'validate' }];
  }
  const faults = pipelines.flatMap(([id, pipeline]) => {
    const path = `service.pipelines.${id}`;
    if (!signals.includes(splitId(id).type)) {
      const message = `“${splitId(id).type}” is not a signal: ${signals.join(', ')}`;
      return [{ path, message, noticed: 'validate' as const }];
    }
    return [
      ...checkEnds(path, pipeline),
      ...ends.flatMap((end) => checkMembers(config, path, signalOf(id), pipeline, end)),
      ...checkOrder(path, pipeline),
    ];
  });
  return [...faults, ...checkConnectors(config, pipelines), ...checkCycles(config, pipelines)];
}

function checkEnds(path: string, pipeline: Pipeline): readonly ConfigFault[] {
  return (['receiver', 'exporter'] as const)
    .filter((end) => pipeline[`${end}s`].length === 0)
    .map((end) => ({
      path: `${path}.${end}s`,
      message: `the pipeline has no ${end}`,
      noticed: 'validate',
    }));
}

/** Each is defined, stands there once, and knows the signal. */
function checkMembers(
  config: CollectorConfig,
  path: string,
  signal: Signal,
  pipeline: Pipeline,
  end: End,
): readonly ConfigFault[] {
  return pipeline[`${end}s`].flatMap((id, index, all): ConfigFault[] => {
    const place = { path: `${path}.${end}s.${id}`, component: id, noticed: 'validate' as const };
    if (all.indexOf(id) !== index) {
      // Ends are a set to the Collector, processors a sequence.
      const noticed = end === 'processor' ? 'validate' : 'never';
      return [{ ...place, message: `the ${end} “${id}” stands in the pipeline twice`, noticed }];
    }
    const isConnector = end !== 'processor' && id in config.connectors;
    if (isConnector) return [];
    if (!(id in config[`${end}s`])) {
      return [{ ...place, message: `there is no ${end} “${id}” in \`${end}s\`` }];
    }
    const info = findComponent(end, splitId(id).type);
    if (info === undefined || info.signals[signal] !== undefined) return [];
    const known = Object.keys(info.signals).join(', ');
    return [{ ...place, message: `the ${end} “${id}” does not know ${signal}, only ${known}` }];
  });
}

function checkOrder(path: string, pipeline: Pipeline): readonly ConfigFault[] {
  return pipeline.processors.flatMap((id, index): ConfigFault[] =>
    splitId(id).type === 'memory_limiter' && index > 0
      ? [
          {
            path: `${path}.processors.${id}`,
            message:
              `“${id}” comes after “${pipeline.processors[0]}”: what stands before it cannot be ` +
              'refused in time, so it must be first',
            component: id,
            noticed: 'never',
          },
        ]
      : [],
  );
}

/** Both sides are used, and some way leads from each pipeline it ends to one that it begins. */
function checkConnectors(
  config: CollectorConfig,
  pipelines: readonly [PipelineId, Pipeline][],
): readonly ConfigFault[] {
  return Object.keys(config.connectors).flatMap((id): ConfigFault[] => {
    const routes = findComponent('connector', splitId(id).type)?.routes;
    const entries = pipelines.filter(([, pipeline]) => pipeline.exporters.includes(id));
    const exits = pipelines.filter(([, pipeline]) => pipeline.receivers.includes(id));
    const leads = (from: PipelineId, to: PipelineId): boolean =>
      routes === undefined ||
      routes.some((route) => route.from === signalOf(from) && route.to === signalOf(to));
    const lost = entries.filter(([from]) => !exits.some(([to]) => leads(from, to)));
    const dry = exits.filter(([to]) => !entries.some(([from]) => leads(from, to)));
    return [
      ...lost.map(([pipeline]) => oneSided(pipeline, id, 'exporter')),
      ...dry.map(([pipeline]) => oneSided(pipeline, id, 'receiver')),
    ];
  });
}

function oneSided(
  pipeline: PipelineId,
  id: ComponentId,
  end: 'receiver' | 'exporter',
): ConfigFault {
  const other = end === 'receiver' ? 'exporter' : 'receiver';
  const article = end === 'receiver' ? 'a' : 'an';
  const otherArticle = other === 'receiver' ? 'a' : 'an';
  return {
    path: `service.pipelines.${pipeline}.${end}s.${id}`,
    message:
      `the connector “${id}” is ${article} ${end} here, but ${otherArticle} ${other} in no ` +
      `pipeline whose signal it can join with ${signalOf(pipeline)}`,
    component: id,
    noticed: 'validate',
  };
}

/** Data that comes round to where it was never leaves. */
function checkCycles(
  config: CollectorConfig,
  pipelines: readonly [PipelineId, Pipeline][],
): readonly ConfigFault[] {
  const next = new Map<PipelineId, readonly { via: ComponentId; to: PipelineId }[]>();
  for (const [from, { exporters }] of pipelines) {
    const steps = exporters
      .filter((id) => id in config.connectors)
      .flatMap((via) =>
        pipelines
          .filter(([, pipeline]) => pipeline.receivers.includes(via))
          .map(([to]) => ({ via, to })),
      );
    next.set(from, steps);
  }
  const done = new Set<PipelineId>();
  const open: { pipeline: PipelineId; via: ComponentId | undefined }[] = [];
  // Recursion is bounded by the number of pipelines: none is entered twice.
  const visit = (pipeline: PipelineId, via: ComponentId | undefined): ConfigFault | undefined => {
    const start = open.findIndex((step) => step.pipeline === pipeline);
    if (start >= 0) return cycle([...open.slice(start + 1).map((step) => step.via), via], pipeline);
    if (done.has(pipeline)) return undefined;
    open.push({ pipeline, via });
    for (const step of next.get(pipeline) ?? []) {
      const found = visit(step.to, step.via);
      if (found !== undefined) return found;
    }
    open.pop();
    done.add(pipeline);
    return undefined;
  };
  for (const [pipeline] of pipelines) {
    const found = visit(pipeline, undefined);
    if (found !== undefined) return [found];
  }
  return [];
}

function cycle(ids: readonly (ComponentId | undefined)[], pipeline: PipelineId): ConfigFault {
  const [first = ''] = ids;
  return {
    path: `service.pipelines.${pipeline}`,
    message: `connectors lead in a circle: ${[...ids, first].join(' → ')}`,
    component: first,
    noticed: 'validate',
  };
}

function signalOf(pipeline: PipelineId): Signal {
  return splitId(pipeline).type as Signal;
}
