/**
 * What obsctl takes: bytes of the package, and memory of a gateway from it, idle and after a fixed
 * load. Package sizes are exact. Memory is the least of several samples of several starts: what
 * disturbs a measurement (a machine under load, a collection that is late) only ever adds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '../support/engine.ts';
import {
  createNullTables,
  loadSignals,
  Messages,
  sendBurst,
  settleGateway,
  statusBytes,
} from '../support/gateway-load.ts';
import { startProgram } from '../support/program.ts';
import type { Installed } from './installed.ts';

export type Footprint = {
  /** The tarball. */
  readonly packageBytes: number;
  /** What it unpacks to, source maps included. */
  readonly unpackedBytes: number;
  readonly gatewayIdleBytes: number;
  readonly gatewayLoadedBytes: number;
};

/** Where the accepted figures are kept; `npm run bench -- footprint` writes them. */
export const keptFile = 'docs/performance-footprint.json';

/** How much a figure may grow before it counts. */
const growthMax = 1.15;
const startsMax = 3;
const samples = 20;
const sampleEveryMs = 100;
const requests = 200;
const requestsAtOnce = 2;
const itemsARequest = 999;
const distinctBodies = 8;
const database = 'footprint';

/** What grew beyond the kept figures, as sentences; empty when all is well. */
export function grown(kept: Footprint, now: Partial<Footprint>): string[] {
  return Object.entries(now).flatMap(([name, value]) => {
    const before = kept[name as keyof Footprint];
    const isWithin = value <= before * growthMax;
    return isWithin ? [] : [`${name} is ${value}, kept is ${before}`];
  });
}

type Memory = Pick<Footprint, 'gatewayIdleBytes' | 'gatewayLoadedBytes'>;

/** Starts again, up to a bound, while `isEnough` says that the figures may still get better. */
export async function measureMemory(
  installed: Installed,
  isEnough: (memory: Memory) => boolean,
): Promise<Memory> {
  const engine = await startEngine();
  try {
    await createNullTables(engine.url, database);
    let least = await measureStart(installed, engine.url);
    for (let start = 1; start < startsMax && !isEnough(least); start += 1) {
      const next = await measureStart(installed, engine.url);
      least = {
        gatewayIdleBytes: Math.min(least.gatewayIdleBytes, next.gatewayIdleBytes),
        gatewayLoadedBytes: Math.min(least.gatewayLoadedBytes, next.gatewayLoadedBytes),
      };
    }
    return least;
  } finally {
    await engine.stop();
  }
}

async function measureStart(installed: Installed, clickhouseUrl: string): Promise<Memory> {
  const dataDir = mkdtempSync(join(tmpdir(), 'obsctl-footprint-'));
  const loopback = '127.0.0.1:0';
  const gateway = startProgram(process.execPath, [
    ...[installed.program, 'gateway', '--json', '--no-migrate', '--workers', '1'],
    ...['--clickhouse', clickhouseUrl, '--database', database, '--data-dir', dataDir],
    ...['--otlp-grpc', loopback, '--otlp-http', loopback, '--admin', loopback],
    ...['--telemetry-interval', '0s'],
  ]);
  try {
    const places = JSON.parse(await gateway.line(/^\{/));
    const gatewayIdleBytes = await leastMemory(places.pid);
    for (const { path, make } of loadSignals) {
      const bodies = Array.from({ length: distinctBodies }, (_, seed) => make(itemsARequest, seed));
      await sendBurst({
        address: places.otlp_grpc,
        path,
        messages: new Messages(bodies, 'identity'),
        encoding: 'identity',
        count: requests,
        atOnce: requestsAtOnce,
      });
    }
    await settleGateway(`http://${places.admin}`);
    return { gatewayIdleBytes, gatewayLoadedBytes: await leastMemory(places.pid) };
  } finally {
    gateway.kill('SIGTERM');
    await gateway.ended;
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function leastMemory(pid: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < samples; sample += 1) {
    least = Math.min(least, statusBytes(pid, 'VmRSS'));
    await new Promise((resolve) => setTimeout(resolve, sampleEveryMs));
  }
  return least;
}
