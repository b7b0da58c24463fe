/**
 * The archive of a gateway over a real lane: its budget, its manifests, what is forgotten, and how
 * it is told to close its files.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { openTestLane, type TestLane } from '../../test/support/lane.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { ArchiveCounters, archivePrefix } from '../telemetry/archive-counters.ts';
import { counterLayout, createCounterMemory } from '../telemetry/counters.ts';
import { Archive, type ArchiveOptions, flushFile } from './archive.ts';
import { BatchBook } from './batch-book.ts';
import { FollowedLog } from './followed-log.ts';
import { hourMs } from './layout.ts';
import type { Manifest } from './manifests.ts';

const minuteMs = 60_000;

let engine: TestEngine;
let dir: string;
let root: string;
let lane: TestLane;
let clock: ReturnType<typeof simulatedClock>;
let memory: SharedArrayBuffer;
let said: string[];

beforeAll(async () => {
  engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(clickhouse);
  await clickhouse.close();
});
afterAll(async () => await engine?.stop());
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'obsctl-archive-'));
  root = join(dir, 'archive');
  // The lane's receipts of an item come from the platform's clock.
  clock = simulatedClock(Date.now());
  memory = createCounterMemory();
  said = [];
  lane = await openTestLane({
    ...{ dir, clickhouseUrl: engine.url, database: 'otel' },
    moreDestinations: ['archive'],
  });
});
afterEach(async () => {
  await lane.close();
  rmSync(dir, { recursive: true, force: true });
});

function open(over: Partial<ArchiveOptions> = {}, position = 0): Archive {
  const log = new FollowedLog({
    dir: join(dir, 'lane'),
    durablePosition: () => lane.wal.durablePosition(),
    decoder: { createBlocks: (shards = 1) => createOpenBlocks({ shards }), decode: decodeInto },
    log: () => {},
  });
  return new Archive({
    ...{ root, gateway: 'test', clock, bytesMax: 1024 ** 3 },
    ...{ fileBytesMax: 1024 ** 3, fileAgeMsMax: 10 * minuteMs },
    parquet: { codec: 'zstd', rowGroupRows: 10, metadata: {} },
    counters: new ArchiveCounters(memory),
    lanes: [async () => ({ lane: lane.logId, log, position, onArchived: () => {} })],
    log: (level, message) => said.push(`${level}: ${message}`),
    ...over,
  });
}

async function send(first: number, count: number): Promise<void> {
  expect(await lane.sendSpans(first, count)).toMatchObject({ outcome: 'stored' });
  await lane.lane.drain(AbortSignal.timeout(20_000));
}

function filesOf(end: string): readonly string[] {
  const names = existsSync(root) ? readdirSync(root, { recursive: true, encoding: 'utf8' }) : [];
  return names.filter((name) => name.endsWith(end) && !name.startsWith('batches')).sort();
}

function counter(name: string): number {
  const values = new Float64Array(memory);
  const series = counterLayout().series.filter(
    ({ metric }) => metric.name === `${archivePrefix}${name}`,
  );
  return series.reduce((sum, { slot }) => sum + (values[slot] ?? 0), 0);
}

function manifests(): readonly Manifest[] {
  return filesOf('.json').map((name) => JSON.parse(readFileSync(join(root, name), 'utf8')));
}

const batches = async () => await new BatchBook(join(root, 'batches', lane.logId)).batches();

describe('the budget of the archive', () => {
  it('takes nothing more when it is used up, and goes on when files were removed', async () => {
    const archive = open({ bytesMax: 2_000 });
    await send(0, 300);
    await archive.round();
    await archive.flush();
    await send(300, 10);
    clock.advance(minuteMs);
    await archive.round();
    await archive.flush();
    const [first] = filesOf('.parquet');
    expect(filesOf('.parquet')).toEqual([first]);
    expect(said).toEqual([expect.stringMatching(/^error: its files take the 2000 bytes/)]);
    clock.advance(minuteMs);
    await archive.round();
    expect(counter('lag')).toBe(60);
    expect([counter('size') > 2_000, counter('limit')]).toEqual([true, 2_000]);

    rmSync(join(root, first ?? ''));
    await archive.round();
    clock.advance(10_000);
    await archive.round();
    await archive.flush();
    const [second] = filesOf('.parquet');
    expect(second).not.toBe(first);
    expect(counter('rows')).toBe(310);
    expect(said.at(-1)).toMatch(/^info: there is room/);
    expect(counter('lag')).toBe(0);
  });
});

describe('the manifest of an hour', () => {
  it('comes last, when the hour is over, and lists what is there', async () => {
    const archive = open();
    await send(0, 30);
    await archive.round();
    await archive.flush();
    expect(filesOf('.json')).toEqual([]);
    clock.advance(hourMs + minuteMs);
    await archive.round();
    const [manifest] = manifests();
    const [name] = filesOf('.parquet');
    const bytes = readFileSync(join(root, name ?? ''));
    expect(manifest).toMatchObject({ version: 1, gateway: 'test', rows: 30 });
    expect(manifest?.files).toEqual([
      expect.objectContaining({
        ...{ name, table: 'otel_traces', rows: 30, bytes: bytes.byteLength },
        sha256: createHash('sha256').update(bytes).digest('hex'),
      }),
    ]);
    const hour = new Date(manifest?.hour ?? '');
    expect(hour.getTime() % hourMs).toBe(0);
    const [date = '', time = ''] = hour.toISOString().split('T');
    expect(filesOf('.json')).toEqual([
      `v1/manifest/date=${date}/hour=${time.slice(0, 2)}/test.json`,
    ]);
  });

  it('waits for a batch of its hour that is open', async () => {
    const archive = open({ fileAgeMsMax: 3 * hourMs });
    await send(0, 10);
    await archive.round();
    clock.advance(2 * hourMs);
    await archive.round();
    expect(manifests()).toEqual([]);
    clock.advance(2 * hourMs);
    await archive.round();
    expect(manifests()).toHaveLength(1);
  });

  it('is made anew by whoever starts next, with what it lacked', async () => {
    const first = open();
    await send(0, 10);
    await first.round();
    await first.flush();
    const [{ last: position } = { last: 0 }] = await batches();
    await send(10, 10);
    const second = open({}, position);
    await second.round();
    await second.flush();
    clock.advance(hourMs + minuteMs);
    await second.round();
    expect(manifests().map(({ rows, files }) => [rows, files.length])).toEqual([[20, 2]]);
    await send(20, 5);
    await second.round();
    await second.flush();
    await second.round();
    // All came in the same hour, unless it ended meanwhile.
    expect(manifests().reduce((sum, { rows }) => sum + rows, 0)).toBe(25);
  });
});

describe('what the archive keeps in mind', () => {
  it('is forgotten when its files are gone and its hour is written', async () => {
    const archive = open();
    await send(0, 10);
    await archive.round();
    await archive.flush();
    clock.advance(hourMs + minuteMs);
    await archive.round();
    expect(await batches()).toHaveLength(1);
    clock.advance(10 * minuteMs);
    await archive.round();
    expect(await batches()).toHaveLength(1);
    for (const name of filesOf('.parquet')) rmSync(join(root, name));
    clock.advance(10 * minuteMs);
    await archive.round();
    expect(await batches()).toEqual([]);
    await send(10, 10);
    await archive.round();
    await archive.flush();
    expect(counter('rows')).toBe(20);
  });
});

describe('an archive that is told to', () => {
  it('closes its files, and says when it has', async () => {
    const archive = open();
    await send(0, 10);
    await archive.round();
    expect(filesOf('.parquet')).toEqual([]);
    writeFileSync(join(root, flushFile), '');
    await archive.round();
    expect(filesOf('.parquet')).toHaveLength(1);
    expect(existsSync(join(root, flushFile))).toBe(false);
  });
});

describe('an archive whose directory fails', () => {
  it('says so once, counts each try, and goes on', async () => {
    mkdirSync(root);
    writeFileSync(join(root, 'tmp'), 'in the way');
    const archive = open();
    await send(0, 10);
    await archive.round();
    await archive.round();
    expect(said).toEqual([expect.stringMatching(/^error: not written, the log keeps everything/)]);
    expect(counter('failures')).toBe(2);
    rmSync(join(root, 'tmp'));
    await archive.round();
    await archive.flush();
    expect(said.at(-1)).toBe('info: files are written again');
    expect(counter('rows')).toBe(10);
  });
});
