/**
 * The Collector with its own ClickHouse exporter as it comes: tables by its own schema, inserts
 * over HTTP without compression, an answer once the rows are stored.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loopbackAddress } from '../support/pod.ts';
import { startProgram } from '../support/program.ts';

export type RunningExporter = {
  /** `http://ADDRESS:PORT` of its OTLP receiver. */
  readonly http: string;
  readonly stop: () => Promise<void>;
};

const httpPort = 4318;

export async function startExporter(
  program: string,
  clickhouseUrl: string,
  database: string,
): Promise<RunningExporter> {
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-exporter-'));
  const address = `${loopbackAddress()}:${httpPort}`;
  const file = join(folder, 'config.yaml');
  writeFileSync(file, JSON.stringify(configuration(address, clickhouseUrl, database)));
  const collector = startProgram(program, ['--config', file]);
  const stop = async (): Promise<void> => {
    collector.kill('SIGTERM');
    await collector.ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await collector.said('Everything is ready');
  } catch (error) {
    await stop();
    throw error;
  }
  return { http: `http://${address}`, stop };
}

/** JSON is YAML, so the Collector reads it as it is. */
function configuration(address: string, endpoint: string, database: string): unknown {
  const pipeline = { receivers: ['otlp'], exporters: ['clickhouse'] };
  return {
    receivers: { otlp: { protocols: { http: { endpoint: address } } } },
    exporters: {
      clickhouse: {
        endpoint,
        database,
        create_schema: true,
        async_insert: false,
        compress: 'none',
        sending_queue: { enabled: false },
        retry_on_failure: { enabled: false },
      },
    },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline },
    },
  };
}
