/**
 * The real Collector between a sender and the gateway: it writes what it received to a file in
 * OTLP's JSON form (its own decoder: the oracle) and passes it on by one of its exporters.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-ports.ts';
import type { Request } from './otlp-json.ts';

export type Passing = {
  readonly exporter: 'otlp_grpc' | 'otlp_http';
  readonly compression:
    | 'none'
    | 'gzip'
    | 'zstd'
    | 'zlib'
    | 'deflate'
    | 'snappy'
    | 'x-snappy-framed';
  readonly encoding: 'proto' | 'json';
};

export type RunningCollector = {
  readonly grpc: string;
  /** Ends it, which flushes its queues, and gives what it received. */
  readonly stop: () => Promise<Request>;
};

const readyPollMs = 50;
const readyPollsMax = 400;

export async function startCollector(
  program: string,
  passing: Passing,
  endpoint: string,
): Promise<RunningCollector> {
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-collector-'));
  const port = await freePort();
  const file = join(folder, 'received.json');
  const config = join(folder, 'config.yaml');
  writeFileSync(config, JSON.stringify(configuration(port, file, passing, endpoint)));
  const child = spawn(program, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let poll = 0; !said.includes('Everything is ready'); poll += 1) {
    if (poll === readyPollsMax || child.exitCode !== null) throw new Error(`not ready:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
  return {
    grpc: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
      const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      rmSync(folder, { recursive: true });
      if (/Exporting failed|Dropping data/.test(said)) throw new Error(said);
      const parts: Request[] = lines.map((line) => JSON.parse(line));
      return {
        resourceSpans: parts.flatMap((part) => part.resourceSpans ?? []),
        resourceLogs: parts.flatMap((part) => part.resourceLogs ?? []),
        resourceMetrics: parts.flatMap((part) => part.resourceMetrics ?? []),
      };
    },
  };
}

/** JSON is YAML, so the Collector reads it as it is. */
function configuration(port: number, file: string, passing: Passing, endpoint: string): unknown {
  const { exporter, compression, encoding } = passing;
  const target = {
    endpoint: exporter === 'otlp_grpc' ? endpoint.replace('http://', '') : endpoint,
    compression,
    ...(exporter === 'otlp_grpc' && { tls: { insecure: true } }),
    ...(exporter === 'otlp_http' && { encoding }),
  };
  const pipeline = { receivers: ['otlp'], exporters: ['file', exporter] };
  return {
    receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { file: { path: file }, [exporter]: target },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline },
    },
  };
}
