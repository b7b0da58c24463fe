/**
 * What knowing resends costs: CPU-seconds per million spans to fingerprint a request, to claim it
 * in the shared table and to settle it, with nothing stored. A CRC of the same bytes stands beside
 * it, as the measure of a pass over them. `npm run bench resends`.
 */
import { crc32 } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import type { Submission } from '../answer.ts';
import { traceBody } from '../decode/testdata/load.ts';
import { createResendMemory, ResendTable } from './resend-table.ts';
import { Resends } from './resends.ts';

const runsMax = 7;
const spansARun = 400_000;
const distinctBodies = 16;
const windowMs = 600_000;

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  for (const spans of [999, 99, 9]) {
    const bodies = Array.from({ length: distinctBodies }, (_, seed) => traceBody(spans, seed));
    const known: number[] = [];
    const crc: number[] = [];
    await guarded(bodies, spans);
    for (let index = 0; index < runsMax; index += 1) {
      known.push(await guarded(bodies, spans));
      crc.push(checked(bodies, spans));
    }
    print(json, `resends-${spans}`, known);
    print(json, `resends-${spans}-crc-for-comparison`, crc);
  }
}

/** Every request is new: its first bytes are changed before it comes again. */
async function guarded(bodies: readonly Uint8Array[], spans: number): Promise<number> {
  const table = new ResendTable(createResendMemory(1), windowMs);
  const resends = new Resends(table, systemClock, () => {
    throw new Error('a request was taken for another one');
  });
  const stored = {
    answer: { outcome: 'stored', rejected: 0, message: '' },
    isRepeatable: true,
  } as const;
  const store = async (): Promise<typeof stored> => stored;
  const started = process.cpuUsage();
  let items = 0;
  for (let request = 0; items < spansARun; request += 1) {
    const wire = bodies[request % bodies.length] ?? new Uint8Array();
    new DataView(wire.buffer, wire.byteOffset).setUint32(0, request);
    const common = { signal: 'traces', transport: 'grpc', contentType: 'protobuf' } as const;
    const sent = { contentEncoding: 'identity', tenant: '', wire, body: wire } as const;
    const submission: Submission = { ...common, ...sent };
    await resends.guard(submission, store);
    items += spans;
  }
  return secondsPerMillion(started, items);
}

function checked(bodies: readonly Uint8Array[], spans: number): number {
  const started = process.cpuUsage();
  let items = 0;
  for (let request = 0; items < spansARun; request += 1) {
    crc32(bodies[request % bodies.length] ?? new Uint8Array());
    items += spans;
  }
  return secondsPerMillion(started, items);
}

function secondsPerMillion(started: NodeJS.CpuUsage, items: number): number {
  const { user, system } = process.cpuUsage(started);
  return Math.round(((user + system) / items) * 10_000) / 10_000;
}

function print(json: boolean, bench: string, runs: readonly number[]): void {
  const value = runs.toSorted((left, right) => left - right)[runs.length >> 1] ?? 0;
  const unit = 'cpu_s_per_million_spans';
  const line = { bench, value, unit, runs };
  process.stdout.write(`${json ? JSON.stringify(line) : `${bench}: ${value} ${unit}`}\n`);
}
