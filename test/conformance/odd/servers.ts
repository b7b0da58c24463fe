/** The two that are asked: the gateway, and the real Collector's OTLP receiver. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, freePorts } from '../../support/free-ports.ts';
import { startGateway } from '../../support/gateway.ts';
import type { Target } from './clients.ts';

export type Server = Target & { readonly stop: () => Promise<void> };

const readyPollMs = 50;
const readyPollsMax = 400;

/** Without a ClickHouse: what is answered depends on the log alone. */
export async function startOurs(): Promise<Server> {
  const clickhouseUrl = `http://127.0.0.1:${await freePort()}`;
  const gateway = await startGateway({ clickhouseUrl, workers: 1 });
  return {
    http: { port: Number(new URL(gateway.http).port) },
    grpc: { port: Number(gateway.grpc.split(':')[1]) },
    stop: async () => void (await gateway.stop()),
  };
}

/** As it comes: every setting of its receiver is the default. */
export async function startTheirs(program: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-odd-'));
  const [http = 0, grpc = 0] = await freePorts(2);
  const file = join(folder, 'config.yaml');
  const protocols = {
    http: { endpoint: `127.0.0.1:${http}` },
    grpc: { endpoint: `127.0.0.1:${grpc}` },
  };
  const pipeline = { receivers: ['otlp'], exporters: ['nop'] };
  const config = {
    receivers: { otlp: { protocols } },
    exporters: { nop: {} },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline },
    },
  };
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(program, ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 1_000_000) said += chunk.toString();
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let poll = 0; !said.includes('Everything is ready'); poll += 1) {
    if (poll === readyPollsMax || child.exitCode !== null) throw new Error(`not ready:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
  return {
    http: { port: http },
    grpc: { port: grpc },
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}
