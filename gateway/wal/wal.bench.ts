/**
 * What the log costs: commits a second and CPU per MiB, with 560 KB and 8 KB records, into new
 * files (that grow) and into recycled ones; and how fast a backlog is opened and read. Thirty-two
 * writers wait for their sync before the next append, as requests do. The figures are of this
 * machine's disk: compare runs taken in turn, never across machines.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { median } from '../../test/support/figures.ts';
import { openWal, SEGMENT_BYTES_DEFAULT } from './wal.ts';
import type { RecordMeta, Wal } from './wal-types.ts';

const MIB = 1024 * 1024;
const WRITERS = 32;
const RUNS = 3;

type Case = { readonly name: string; readonly recordBytes: number; readonly totalBytes: number };

const cases: readonly Case[] = [
  { name: '560 KB', recordBytes: 560_000, totalBytes: 384 * MIB },
  { name: '8 KB', recordBytes: 8_000, totalBytes: 128 * MIB },
];

const meta: RecordMeta = {
  kind: 1,
  receivedAtNs: 1n,
  contentType: 0,
  contentEncoding: 0,
  decoderVersion: 1,
  settingsFingerprint: 1,
  samplingThreshold: 0n,
  flags: 0,
  rejectedItems: 0,
  tenant: '',
};

type Figures = { readonly recordsPerSecond: number; readonly cpuMsPerMib: number };

/** Runs all cases and prints one line each. */
export async function run(options: { readonly json: boolean }): Promise<void> {
  for (const one of cases) {
    const grown: Figures[] = [];
    const recycled: Figures[] = [];
    for (let turn = 0; turn < RUNS; turn += 1) {
      const dir = mkdtempSync(join(tmpdir(), 'obsctl-wal-bench-'));
      try {
        const wal = await openLog(dir);
        grown.push(await write(wal, one));
        // The log's own timers keep no process alive; a sleep does.
        await Promise.all([wal.acknowledge('sink', wal.durablePosition()), systemClock.sleep(300)]);
        // Twice round, so that every file written below has been written before.
        await write(wal, one);
        recycled.push(await write(wal, one));
        await wal.close();
        if (turn === RUNS - 1) await reportReplay(dir, one, options.json);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    }
    report(one, 'new files', grown, options.json);
    report(one, 'recycled files', recycled, options.json);
  }
}

async function openLog(dir: string): Promise<Wal> {
  const { wal } = await openWal({
    dir,
    clock: systemClock,
    segmentBytes: SEGMENT_BYTES_DEFAULT,
    sizeBytesMax: 4096 * MIB,
    recordBytesMax: 16 * MIB,
    destinations: ['sink'],
  });
  return wal;
}

async function write(wal: Wal, one: Case): Promise<Figures> {
  const body = Buffer.alloc(one.recordBytes, 'telemetry');
  const count = Math.floor(one.totalBytes / one.recordBytes);
  let started = 0;
  const writer = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      await wal.durable(wal.append(meta, body));
      if (started % 64 === 0) void wal.acknowledge('sink', wal.durablePosition());
    }
  };
  const cpu = process.cpuUsage();
  const beginMs = performance.now();
  await Promise.all(Array.from({ length: WRITERS }, writer));
  const seconds = (performance.now() - beginMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const mib = (count * one.recordBytes) / MIB;
  return { recordsPerSecond: count / seconds, cpuMsPerMib: (user + system) / 1000 / mib };
}

/** A backlog that nobody acknowledged, opened and read from its beginning. */
async function reportReplay(dir: string, one: Case, json: boolean): Promise<void> {
  const backlog = join(dir, 'backlog');
  const first = await openLog(backlog);
  const body = Buffer.alloc(one.recordBytes, 'telemetry');
  const count = Math.floor(one.totalBytes / one.recordBytes);
  for (let index = 0; index < count; index += 1) {
    const end = first.append(meta, body);
    if (index % 16 === 0 || index === count - 1) await first.durable(end);
  }
  await first.close();
  const beginMs = performance.now();
  const wal = await openLog(backlog);
  const openedMs = performance.now();
  let bytes = 0;
  for await (const record of wal.read(0, wal.durablePosition())) bytes += record.body.byteLength;
  const readMs = performance.now();
  await wal.close();
  const mib = bytes / MIB;
  print(one, 'open', (openedMs - beginMs) / mib, 'ms_per_mib', json);
  print(one, 'read', (readMs - openedMs) / mib, 'ms_per_mib', json);
}

function report(one: Case, files: string, runs: readonly Figures[], json: boolean): void {
  const rates = runs.map(({ recordsPerSecond }) => recordsPerSecond);
  const costs = runs.map(({ cpuMsPerMib }) => cpuMsPerMib);
  print(one, `${files}, durable records`, median(rates), 'records_per_second', json, rates);
  print(one, `${files}, CPU`, median(costs), 'cpu_ms_per_mib', json, costs);
}

function print(
  one: Case,
  what: string,
  value: number,
  unit: string,
  json: boolean,
  runs: readonly number[] = [value],
): void {
  const rounded = (figure: number): number => Number(figure.toPrecision(3));
  const bench = `wal, ${one.name} records, ${what}`;
  if (json) {
    console.log(JSON.stringify({ bench, value: rounded(value), unit, runs: runs.map(rounded) }));
  } else console.log(`${bench}: ${rounded(value)} ${unit} (${runs.map(rounded).join(', ')})`);
}
