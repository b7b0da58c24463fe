/**
 * The archive of a real lane: what its files hold is what ClickHouse's tables hold, each row once,
 * wherever the archive ended in between.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { openTestLane, type TestLane } from '../../test/support/lane.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { BatchBook } from './batch-book.ts';
import { FollowedLog } from './followed-log.ts';
import { LaneArchive, type LaneArchiveOptions } from './lane-archive.ts';

const tables = ['otel_traces', 'otel_logs'] as const;
const minuteMs = 60_000;

let engine: TestEngine;
let clickhouse: ClickHouse;
let dir: string;
let lane: TestLane;
let archived = 0;

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
});
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'obsctl-archive-'));
  archived = 0;
  await clickhouse.run('DROP DATABASE IF EXISTS otel SYNC');
  await migrate(clickhouse);
  lane = await openTestLane({
    ...{ dir, clickhouseUrl: engine.url, database: 'otel' },
    moreDestinations: ['archive'],
  });
});
afterEach(async () => {
  await lane.close();
  rmSync(dir, { recursive: true, force: true });
});

function options(over: Partial<LaneArchiveOptions> = {}): LaneArchiveOptions {
  const log = new FollowedLog({
    dir: join(dir, 'lane'),
    durablePosition: () => lane.wal.durablePosition(),
    decoder: { createBlocks: (shards = 1) => createOpenBlocks({ shards }), decode: decodeInto },
    log: (level, message) => {
      throw new Error(`${level}: ${message}`);
    },
  });
  return {
    ...{ root: join(dir, 'archive'), gateway: 'test', lane: lane.logId, log },
    clock: simulatedClock(),
    ...{ fileBytesMax: 1024 ** 3, fileAgeMsMax: 10 * minuteMs },
    parquet: { codec: 'zstd', rowGroupRows: 1000, metadata: {} },
    onArchived: (position) => {
      archived = position;
    },
    ...over,
  };
}

async function send(first: number, count: number): Promise<void> {
  expect(await lane.sendSpans(first, count)).toMatchObject({ outcome: 'stored' });
  expect(await lane.sendLogs(first, count)).toMatchObject({ outcome: 'stored' });
  await lane.lane.drain(AbortSignal.timeout(20_000));
}

function parquetFiles(): readonly string[] {
  return readdirSync(join(dir, 'archive'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .sort();
}

/** Rows and a hash over all columns of every row. */
async function sumOf(table: string): Promise<unknown> {
  const [row] = await clickhouse.rows(
    `SELECT count() AS rows, sum(cityHash64(*)) AS hash FROM ${table}`,
  );
  return row;
}

/** Every file of `table` into a table of its own, and its sum. */
async function archivedSum(table: string): Promise<unknown> {
  const copy = `${table}_archived`;
  await clickhouse.run(`CREATE OR REPLACE TABLE otel.${copy} AS otel.${table} ENGINE = Memory`);
  for (const name of parquetFiles().filter((one) => one.includes(`table=${table}/`))) {
    const query = encodeURIComponent(`INSERT INTO otel.${copy} FORMAT Parquet`);
    const body = readFileSync(join(dir, 'archive', name));
    const answer = await fetch(`${engine.url}/?query=${query}`, { method: 'POST', body });
    expect([name, answer.status, await answer.text()]).toEqual([name, 200, '']);
  }
  return await sumOf(`otel.${copy}`);
}

async function expectEverythingOnce(): Promise<void> {
  for (const table of tables) {
    expect({ table, sum: await archivedSum(table) }).toEqual({
      table,
      sum: await sumOf(`otel.${table}`),
    });
  }
}

describe('the archive of a lane', () => {
  it('holds the rows of the tables, in files named by signal, hour and positions', async () => {
    const archive = new LaneArchive(options(), 0);
    for (let at = 0; at < 4; at += 1) {
      await send(at * 100, 100);
      await archive.run();
    }
    expect([parquetFiles(), archived]).toEqual([[], 0]);
    await archive.flush();
    expect(archived).toBe(archive.position);
    const names = parquetFiles();
    expect(names).toHaveLength(2);
    const hour = /date=[\d-]{10}\/hour=\d\d/.source;
    const place = new RegExp(
      `^v1/signal=(traces|logs)/table=otel_\\1/${hour}/test-\\S+-0{16}-\\d{16}\\.parquet$`,
    );
    for (const name of names) expect(name).toMatch(place);
    await expectEverythingOnce();
  });

  it('closes its files by age', async () => {
    const clock = simulatedClock();
    const archive = new LaneArchive(options({ clock }), 0);
    await send(0, 10);
    await archive.run();
    clock.advance(10 * minuteMs - 1);
    await archive.run();
    expect(parquetFiles()).toHaveLength(0);
    clock.advance(1);
    await archive.run();
    expect(parquetFiles()).toHaveLength(2);
  });

  it('closes its files by size', async () => {
    const parquet = { codec: 'zstd', rowGroupRows: 10, metadata: {} } as const;
    const archive = new LaneArchive(options({ fileBytesMax: 1_000, parquet }), 0);
    await send(0, 100);
    await archive.run();
    expect(parquetFiles()).toHaveLength(2);
  });

  it.each(['begun', 'written', 'complete'] as const)(
    'holds each row once when it ended after its batch was %s, and more came meanwhile',
    async (point) => {
      const at = (reached: string): void => {
        if (reached === point) throw new Error('ended');
      };
      const first = new LaneArchive(options({ at }), 0);
      await send(0, 100);
      await first.run();
      await expect(first.flush()).rejects.toThrow('ended');
      const before = parquetFiles();
      await send(100, 50);
      const second = new LaneArchive(options(), 0);
      await second.run();
      for (const name of before) expect(parquetFiles()).toContain(name);
      await second.flush();
      expect(parquetFiles()).toHaveLength(4);
      await expectEverythingOnce();
      const states = (await new BatchBook(join(dir, 'archive/batches', lane.logId)).batches()).map(
        ({ state }) => state,
      );
      expect(states).toEqual(['complete', 'complete']);
    },
  );

  it('goes on by itself where the disk failed once', async () => {
    let faults = 1;
    const at = (reached: string): void => {
      if (reached === 'begun' && faults-- > 0) throw new Error('no space left');
    };
    const archive = new LaneArchive(options({ at }), 0);
    await send(0, 100);
    await archive.run();
    await expect(archive.flush()).rejects.toThrow('no space left');
    expect(archived).toBe(0);
    await send(100, 10);
    await archive.run();
    await archive.flush();
    await expectEverythingOnce();
  });

  it('leaves nothing of a batch that was not closed', async () => {
    const archive = new LaneArchive(options(), 0);
    await send(0, 10);
    await archive.run();
    archive.abandon();
    const left = readdirSync(join(dir, 'archive'), { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => name.includes('parquet'))).toEqual([]);
  });
});
