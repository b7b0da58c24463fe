/** The real Collector 0.161 with its ClickHouse exporter, as the other side of a bench. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peers } from '../../tools/peers/list.ts';
import { freePort } from './free-ports.ts';
import { readMetric } from './gateway-load.ts';
import { startProgram } from './program.ts';

export type CollectorQueue = 'fsync' | 'memory';

export type CollectorSide = {
  readonly pid: number;
  /** One metric of its own; 0 while it does not have it. */
  readonly metric: (name: string) => Promise<number>;
  /** Everything it has logged. */
  readonly talk: () => string;
  readonly stop: () => Promise<void>;
};

export type CollectorParts = {
  readonly url: string;
  readonly database: string;
  readonly queue: CollectorQueue;
  /** As in its configuration; all signals that `signals` names come from all of them. */
  readonly receivers: Readonly<Record<string, unknown>>;
  readonly signals: readonly ('traces' | 'logs' | 'metrics')[];
};

export async function startCollectorSide(parts: CollectorParts): Promise<CollectorSide> {
  const program = peers.find((peer) => peer.name === 'collector')?.find();
  if (program === undefined) throw new Error('needs the Collector: npm run peers collector');
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-bench-collector-'));
  const telemetry = await freePort();
  const file = join(folder, 'config.yaml');
  writeFileSync(file, JSON.stringify(configOf(parts, folder, telemetry)));
  const running = startProgram(program, ['--config', file]);
  await running.said('Everything is ready');
  return {
    pid: running.pid,
    metric: async (name) => {
      const text = await (await fetch(`http://127.0.0.1:${telemetry}/metrics`)).text();
      return readMetric(text, name) || 0;
    },
    talk: running.talk,
    stop: async () => {
      running.killGroup('SIGKILL');
      await running.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * What the exporter's own README recommends, but one second of waiting for a batch where it has
 * five; nothing compressed, as between us and ClickHouse.
 */
function configOf(parts: CollectorParts, folder: string, telemetry: number): unknown {
  const storage = { directory: join(folder, 'queue'), create_directory: true, fsync: true };
  const isSynced = parts.queue === 'fsync';
  const pipeline = { receivers: Object.keys(parts.receivers), exporters: ['clickhouse'] };
  const prometheus = { host: '127.0.0.1', port: telemetry };
  return {
    receivers: parts.receivers,
    exporters: {
      clickhouse: {
        endpoint: parts.url,
        database: parts.database,
        create_schema: false,
        compress: 'none',
        async_insert: false,
        timeout: '60s',
        sending_queue: {
          ...(isSynced && { storage: 'file_storage' }),
          queue_size: 10_000,
          num_consumers: 10,
          batch: { min_size: 5_000, flush_timeout: '1s' },
        },
      },
    },
    ...(isSynced && { extensions: { file_storage: storage } }),
    service: {
      ...(isSynced && { extensions: ['file_storage'] }),
      telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus } } }] } },
      pipelines: Object.fromEntries(parts.signals.map((signal) => [signal, pipeline])),
    },
  };
}
