/**
 * The gateway without code of ours: the stock contrib Collector, OTLP in, ClickHouse out.
 *
 *     otlp ─▶ memory_limiter ─▶ queue on the volume (fsync) ─▶ clickhouse exporter ─▶ our tables
 *
 * A request is answered once it is in the queue and the queue's file is synced; a full queue makes
 * the sender try again. One exporter for each signal, because a batch that one table refuses must
 * not hold up the others. Not as good as our own gateway: a batch whose insert was cut off is sent
 * again without a token, so its rows can be there twice.
 */
import { escapeDollars } from '../../collector/escape.ts';
import type { Component, Piece, PipelineId, Signal } from '../../collector/types.ts';
import { assert } from '../../core/assert.ts';
import type { JsonObject } from '../../core/json.ts';
import { parseBytes } from '../../core/units.ts';
import { fromEnv } from '../from-env.ts';
import type { Preset, PresetContext } from '../preset.ts';
import { type AgentInput, type BuiltAgent, buildAgent, choose } from './agent.ts';
import { basePiece } from './base.ts';
import type { CollectorGatewayOptions } from './collector-gateway/config.ts';

const grpcPort = 4317;
const httpPort = 4318;
const queueDir = '/var/lib/otelcol/queue';
const signals: readonly Signal[] = ['traces', 'metrics', 'logs'];

/** Times the agents' usual batch, so that one flush is one insert of a useful size. */
const batchRowsMaxFactor = 4;

/** Where the rows go; the tables are made by our migrations, never by the exporter. */
type ClickHouseTarget = {
  /** `http://host:8123` or `https://host:8443`, without user and password. */
  readonly url: string;
  readonly database: string;
  readonly secret: string;
  readonly userKey: string;
  readonly passwordKey: string;
};

export type CollectorGatewayInput = AgentInput<CollectorGatewayOptions> & {
  readonly clickhouse: ClickHouseTarget;
};

export function buildCollectorGateway(input: CollectorGatewayInput): BuiltAgent {
  const { options } = input;
  return buildAgent({
    agent: 'gateway',
    context: input.context,
    presets: choose(delivery(options, input.clickhouse), options),
    base: (pipelines, context) =>
      withoutCluster(
        basePiece(
          { memoryLimit: options.resources.memory_limit, toGateway: false },
          pipelines,
          context,
        ),
      ),
    extraExporters: input.extraExporters,
    shape: { kind: 'StatefulSet', replicas: options.replicas, volume: options.volume },
    resources: options.resources,
  });
}

/** Agents of several clusters may send here; the gateway does not rename what they said. */
function withoutCluster(base: ReturnType<typeof basePiece>): ReturnType<typeof basePiece> {
  const own = 'resource/cluster';
  return {
    ...base,
    piece: {
      ...base.piece,
      components: base.piece.components.filter(({ id }) => id !== own),
      attachments: base.piece.attachments.filter(({ id }) => id !== own),
    },
  };
}

function delivery(
  options: CollectorGatewayOptions,
  target: ClickHouseTarget,
): Preset<CollectorGatewayOptions> {
  return {
    name: 'gateway',
    summary: 'Takes OTLP, keeps it on disk and inserts it into ClickHouse.',
    agents: ['gateway'],
    build: (_options, context) => ({
      piece: deliveryPiece(options, target, context),
      needs: {
        ports: [
          { name: 'otlp-grpc', port: grpcPort, protocol: 'TCP' },
          { name: 'otlp-http', port: httpPort, protocol: 'TCP' },
        ],
        env: [
          { name: 'CLICKHOUSE_USER', secret: { name: target.secret, key: target.userKey } },
          { name: 'CLICKHOUSE_PASSWORD', secret: { name: target.secret, key: target.passwordKey } },
        ],
        stateDirs: [{ name: 'queue', mountPath: queueDir }],
      },
    }),
  };
}

function deliveryPiece(
  options: CollectorGatewayOptions,
  target: ClickHouseTarget,
  context: PresetContext,
): Piece {
  const address = context.target === 'host' ? '127.0.0.1' : fromEnv('MY_POD_IP');
  const components: Component[] = [
    {
      kind: 'receiver',
      id: 'otlp',
      config: {
        protocols: {
          grpc: {
            endpoint: `${address}:${grpcPort}`,
            // A connection is ended now and then, so that senders find new replicas.
            keepalive: {
              server_parameters: { max_connection_age: '2m', max_connection_age_grace: '30s' },
            },
          },
          http: { endpoint: `${address}:${httpPort}` },
        },
      },
    },
    {
      kind: 'extension',
      id: 'file_storage/queue',
      config: { directory: queueDir, fsync: true, create_directory: true, timeout: '10s' },
    },
    ...signals.map((signal) => exporter(signal, options, target)),
  ];
  return {
    preset: 'gateway',
    components,
    attachments: signals.flatMap((signal) => {
      const pipeline: PipelineId = signal;
      return [
        { pipeline, as: 'receiver' as const, id: 'otlp' },
        { pipeline, as: 'exporter' as const, id: `clickhouse/${signal}` },
      ];
    }),
  };
}

function exporter(
  signal: Signal,
  options: CollectorGatewayOptions,
  target: ClickHouseTarget,
): Component {
  const queueBytes = parseBytes(options.queue_size);
  assert(queueBytes !== undefined, 'the schema lets only sizes through');
  const config: JsonObject = {
    endpoint: escapeDollars(target.url),
    database: escapeDollars(target.database),
    username: fromEnv('CLICKHOUSE_USER'),
    password: fromEnv('CLICKHOUSE_PASSWORD'),
    // Tables come from the migrations; rights to create them are not given to the gateway.
    create_schema: false,
    // A batch is answered when its rows are stored, not when the server has taken note of it.
    async_insert: false,
    compress: 'lz4',
    timeout: '60s',
    ...tables[signal],
    sending_queue: {
      enabled: true,
      storage: 'file_storage/queue',
      sizer: 'bytes',
      queue_size: Math.floor(queueBytes / signals.length),
      block_on_overflow: false,
      num_consumers: 2,
      batch: {
        flush_timeout: options.flush_interval,
        sizer: 'items',
        min_size: options.batch_rows,
        max_size: options.batch_rows * batchRowsMaxFactor,
      },
    },
    retry_on_failure: { enabled: true, max_elapsed_time: '0s' },
  };
  return { kind: 'exporter', id: `clickhouse/${signal}`, config };
}

/** The exporter's own default for exponential histograms differed between versions. */
const tables: Readonly<Record<Signal, JsonObject>> = {
  traces: { traces_table_name: 'otel_traces' },
  logs: { logs_table_name: 'otel_logs' },
  metrics: {
    metrics_tables: {
      gauge: { name: 'otel_metrics_gauge' },
      sum: { name: 'otel_metrics_sum' },
      summary: { name: 'otel_metrics_summary' },
      histogram: { name: 'otel_metrics_histogram' },
      exponential_histogram: { name: 'otel_metrics_exponential_histogram' },
    },
  },
};
