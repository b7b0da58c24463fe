/**
 * What every agent has around its presets: the memory limit in front of each pipeline, the name of
 * the cluster, the way to the gateway behind it, health and self telemetry.
 */

import { escapeDollars } from '../../collector/escape.ts';
import type { Component, PipelineId, Signal } from '../../collector/types.ts';
import type { Contribution, EnvVar } from '../../collector/workload.ts';
import type { JsonObject } from '../../core/json.ts';
import { parseBytes } from '../../core/units.ts';
import { fromEnv } from '../from-env.ts';
import {
  gatewayExporterId,
  queueStorageId,
  remoteWriteExporterId,
  samplerExporterId,
} from '../gateway-exporter.ts';
import type { PresetContext } from '../preset.ts';
import { guardConfig, guardNeeds } from './gateway-guard.ts';
import { opampExtension } from './opamp.ts';
import type { ExportProtocol } from './prometheus-agent/config.ts';
import { remoteWriteExporter } from './remote-write.ts';

const clusterId = 'resource/cluster';

/** Share of the container's memory that Go's heap may take; the rest is stacks and the kernel's. */
const heapShare = 0.8;
/** Room below the heap's limit in which the limiter refuses, so that a burst does not pass it. */
const spikeShare = 0.2;
const mebibyte = 1024 ** 2;

/** Bytes that wait in memory for the gateway, for each signal, where no disk queue stands. */
const memoryQueueBytes = 64 * mebibyte;
/** Bytes of spans that wait on disk for the sampler. */
const samplerQueueBytes = 256 * mebibyte;
/** gRPC refuses requests above 4 MiB by default; a batch stays well below. */
const batchBytesMin = 512 * 1024;
const batchBytesMax = 3 * mebibyte;

/** On a machine without Kubernetes a gateway may be a neighbour that has the usual ports. */
const ports = {
  kubernetes: { health: 13_133, telemetry: 8888 },
  host: { health: 14_133, telemetry: 18_888 },
};

export type BaseOptions = {
  /** The container's memory limit, for example `512Mi`. */
  readonly memoryLimit: string;
  /** False where the way out is another exporter (the sampler's tier, a gateway). */
  readonly toGateway: boolean;
  /** True where `persistent_queue` stands, which brings the queue's place and size. */
  readonly queueOnDisk?: boolean;
  /** How metrics go to the gateway; OTLP when absent. */
  readonly metricsBy?: ExportProtocol;
};

export function basePiece(
  options: BaseOptions,
  pipelines: readonly PipelineId[],
  context: PresetContext,
): Contribution {
  const address = context.target === 'host' ? '127.0.0.1' : fromEnv('MY_POD_IP');
  const { health, telemetry } = ports[context.target];
  const limitMib = Math.floor(((parseBytes(options.memoryLimit) ?? 0) * heapShare) / mebibyte);
  const components: Component[] = [
    {
      kind: 'processor',
      id: 'memory_limiter',
      config: {
        check_interval: '1s',
        limit_mib: limitMib,
        spike_limit_mib: Math.floor(limitMib * spikeShare),
      },
    },
    { kind: 'extension', id: 'health_check', config: { endpoint: `${address}:${health}` } },
  ];
  const opamp = opampExtension(context);
  components.push(...opamp);
  const inCluster = context.target === 'kubernetes';
  if (inCluster) components.push(clusterAttributes(context));
  const exit = (pipeline: PipelineId) => exitOf(pipeline, options, context);
  const exits = new Set(options.toGateway ? pipelines.map(exit) : []);
  for (const id of exits) components.push(exporterOf(id, options, context));
  const sends = exits.has(gatewayExporterId) || exits.has(remoteWriteExporterId);
  const guarded = guardNeeds(sends || opamp.length > 0 ? context.gatewayGuard : undefined);
  return {
    piece: {
      preset: 'base',
      components,
      attachments: pipelines.flatMap((pipeline) => [
        { pipeline, as: 'processor' as const, id: 'memory_limiter', stage: 'limit' as const },
        ...(inCluster
          ? [{ pipeline, as: 'processor' as const, id: clusterId, stage: 'detect' as const }]
          : []),
        ...(options.toGateway ? [{ pipeline, as: 'exporter' as const, id: exit(pipeline) }] : []),
      ]),
      telemetry: selfTelemetry(address, telemetry, context),
    },
    needs: {
      env: [...environment(limitMib, context), ...guarded.env],
      ...(guarded.secretMounts.length > 0 && { secretMounts: guarded.secretMounts }),
      ports: [
        { name: 'health', port: health, protocol: 'TCP' },
        { name: 'metrics', port: telemetry, protocol: 'TCP' },
      ],
    },
  };
}

/** Spans of agents pass the sampler where there is one; what it keeps goes on to the gateway. */
function exitOf(pipeline: PipelineId, options: BaseOptions, context: PresetContext): string {
  const { agent, samplerEndpoint } = context;
  if (options.metricsBy === 'remote_write' && isOf('metrics', pipeline)) {
    return remoteWriteExporterId;
  }
  const sampled = isOf('traces', pipeline) && agent !== 'sampler';
  return sampled && samplerEndpoint !== undefined ? samplerExporterId : gatewayExporterId;
}

function isOf(signal: Signal, pipeline: PipelineId): boolean {
  return pipeline === signal || pipeline.startsWith(`${signal}/`);
}

function exporterOf(id: string, options: BaseOptions, context: PresetContext): Component {
  const queueOnDisk = options.queueOnDisk === true;
  if (id === remoteWriteExporterId) return remoteWriteExporter(context);
  if (id === samplerExporterId) return samplerExporter(context, queueOnDisk);
  return gatewayExporter(context, queueOnDisk);
}

function gatewayExporter(context: PresetContext, queueOnDisk: boolean): Component {
  // The preset of the queue on disk brings its size.
  const queue = queueOnDisk ? {} : { queue_size: memoryQueueBytes };
  const exporter = otlpExporter(gatewayExporterId, context.gatewayEndpoint, queue);
  return { ...exporter, config: { ...exporter.config, ...guardConfig(context.gatewayGuard) } };
}

function samplerExporter(context: PresetContext, queueOnDisk: boolean): Component {
  const queue = queueOnDisk
    ? { queue_size: samplerQueueBytes, storage: queueStorageId }
    : { queue_size: memoryQueueBytes };
  return otlpExporter(samplerExporterId, context.samplerEndpoint ?? '', queue);
}

function otlpExporter(id: string, endpoint: string, queue: JsonObject): Component {
  return {
    kind: 'exporter',
    id,
    config: {
      endpoint: escapeDollars(endpoint),
      // An address with https:// is asked for its certificate.
      ...(endpoint.startsWith('https://') ? {} : { tls: { insecure: true } }),
      compression: 'gzip',
      sending_queue: {
        enabled: true,
        sizer: 'bytes',
        ...queue,
        batch: {
          flush_timeout: '200ms',
          sizer: 'bytes',
          min_size: batchBytesMin,
          max_size: batchBytesMax,
        },
      },
      // Zero means for ever: only a full queue may make an agent refuse. After an outage the first
      // try comes within the interval.
      retry_on_failure: { enabled: true, max_interval: '10s', max_elapsed_time: '0s' },
    },
  };
}

/** Said by us and not by the sender: what passes this agent belongs to this cluster. */
function clusterAttributes(context: PresetContext): Component {
  const cluster = {
    key: 'k8s.cluster.name',
    value: escapeDollars(context.cluster),
    action: 'upsert',
  };
  return { kind: 'processor', id: clusterId, config: { attributes: [cluster] } };
}

function selfTelemetry(address: string, port: number, context: PresetContext): JsonObject {
  return {
    logs: { level: 'info', encoding: 'json' },
    metrics: {
      level: 'normal',
      readers: [{ pull: { exporter: { prometheus: { host: address, port } } } }],
    },
    resource: {
      'service.name': `${escapeDollars(context.stack)}-${context.agent}`,
      ...(context.target === 'kubernetes' && {
        'k8s.cluster.name': escapeDollars(context.cluster),
      }),
    },
  };
}

function environment(limitMib: number, context: PresetContext): readonly EnvVar[] {
  const memory = { name: 'GOMEMLIMIT', value: `${limitMib}MiB` };
  if (context.target === 'host') return [memory];
  return [
    memory,
    { name: 'MY_POD_IP', fieldPath: 'status.podIP' },
    { name: 'MY_POD_NAME', fieldPath: 'metadata.name' },
    { name: 'K8S_NODE_NAME', fieldPath: 'spec.nodeName' },
    { name: 'K8S_NODE_IP', fieldPath: 'status.hostIP' },
  ];
}
