/**
 * The tier that decides about whole traces. Every replica takes spans of any trace and hands them
 * to the one replica that the trace id names, where all spans of a trace meet:
 *
 *     senders ─▶ traces/in ─▶ load_balancing ─▶ traces (of the replica of that trace) ─▶ gateway
 *
 * A sender therefore needs to know nothing of the tier but its Service.
 */
import { escapeDollars } from '../../collector/escape.ts';
import type { Piece } from '../../collector/types.ts';
import type { Contribution } from '../../collector/workload.ts';
import { fromEnv } from '../from-env.ts';
import { gatewayExporterId } from '../gateway-exporter.ts';
import type { Preset, PresetContext } from '../preset.ts';
import { spanMetrics, unsampledPipeline } from '../span-metrics/preset.ts';
import { tailSampling } from '../tail-sampling/preset.ts';
import { type AgentInput, type BuiltAgent, buildAgent, choose } from './agent.ts';
import { basePiece } from './base.ts';
import type { SamplerOptions } from './sampler/config.ts';

const grpcPort = 4317;
const httpPort = 4318;
const balancedPort = 4319;

/** Spans that wait for one another replica; more are refused, and the sender tries again. */
const balanceQueueItems = 20_000;

export function buildSampler(input: AgentInput<SamplerOptions>): BuiltAgent {
  const { presets, replicas, resources } = input.options;
  return buildAgent({
    agent: 'sampler',
    context: input.context,
    presets: [
      ...choose(balancing, {}),
      ...choose(spanMetrics, presets.span_metrics),
      ...choose(tailSampling, presets.tail_sampling),
    ],
    base: (pipelines, context) =>
      withoutShortcut(
        basePiece({ memoryLimit: resources.memory_limit, toGateway: true }, pipelines, context),
      ),
    extraExporters: input.extraExporters,
    shape: { kind: 'StatefulSet', replicas },
    resources,
  });
}

/** What is not yet sampled does not leave the tier. */
function withoutShortcut(base: Contribution): Contribution {
  const attachments = base.piece.attachments.filter(
    ({ pipeline, id }) => pipeline !== unsampledPipeline || id !== gatewayExporterId,
  );
  return { ...base, piece: { ...base.piece, attachments } };
}

const balancing: Preset<object> = {
  name: 'sampler',
  summary: 'Brings all spans of a trace to one replica.',
  agents: ['sampler'],
  build: (_options, context) => ({
    piece: balancingPiece(context),
    needs: {
      ports: [
        { name: 'otlp-grpc', port: grpcPort, protocol: 'TCP' },
        { name: 'otlp-http', port: httpPort, protocol: 'TCP' },
        { name: 'balanced', port: balancedPort, protocol: 'TCP' },
      ],
    },
  }),
};

function balancingPiece(context: PresetContext): Piece {
  const address = context.target === 'host' ? '127.0.0.1' : fromEnv('MY_POD_IP');
  const replicas = `${context.stack}-sampler-headless.${context.agentsNamespace}.svc`;
  return {
    preset: 'sampler',
    components: [
      {
        kind: 'receiver',
        id: 'otlp',
        config: {
          protocols: {
            grpc: { endpoint: `${address}:${grpcPort}` },
            http: { endpoint: `${address}:${httpPort}` },
          },
        },
      },
      {
        kind: 'receiver',
        id: 'otlp/balanced',
        config: { protocols: { grpc: { endpoint: `${address}:${balancedPort}` } } },
      },
      {
        kind: 'exporter',
        id: 'load_balancing',
        config: {
          routing_key: 'traceID',
          protocol: {
            otlp: {
              tls: { insecure: true },
              // The queue stands before the choice of a replica, so that a lost one is chosen anew.
              sending_queue: { enabled: false },
              retry_on_failure: { enabled: false },
            },
          },
          resolver: {
            dns: { hostname: escapeDollars(replicas), port: `${balancedPort}`, interval: '5s' },
          },
          sending_queue: { enabled: true, sizer: 'items', queue_size: balanceQueueItems },
          retry_on_failure: { enabled: true, max_elapsed_time: '5m' },
        },
      },
    ],
    attachments: [
      { pipeline: unsampledPipeline, as: 'receiver', id: 'otlp' },
      { pipeline: unsampledPipeline, as: 'exporter', id: 'load_balancing' },
      { pipeline: 'traces', as: 'receiver', id: 'otlp/balanced' },
    ],
  };
}
