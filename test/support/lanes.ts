/** What tests of lanes stand on: one real engine a file; a directory and a database a test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { startEngine, type TestEngine } from './engine.ts';
import { runSql } from './engine-http.ts';
import { openTestLane, type TestLane, type TestLaneOptions } from './lane.ts';

/** Nothing listens there: ClickHouse is away. */
export const nowhere = 'http://127.0.0.1:9';
export const drainMs = 20_000;

export type Lanes = {
  readonly url: () => string;
  readonly clickhouse: () => ClickHouse;
  readonly dir: () => string;
  readonly database: () => string;
  /** Closed after the test. */
  readonly open: (options?: Partial<TestLaneOptions>) => Promise<TestLane>;
  /** Delivers what the lanes hold; fails when that takes long. */
  readonly drain: (...opened: readonly TestLane[]) => Promise<void>;
  /** One figure of a table of the test's database. */
  readonly count: (table: string, what?: string) => Promise<number>;
};

/** Engine, databases and directories of the file that calls this; `name` tells them apart. */
export function useLanes(name: string): Lanes {
  let engine: TestEngine;
  let clickhouse: ClickHouse;
  let dir = '';
  let databases = 0;
  let lanes: TestLane[] = [];
  const database = (): string => `${name}_${databases}`;

  beforeAll(async () => {
    engine = await startEngine();
    clickhouse = connectClickHouse({ url: engine.url });
  });
  afterAll(async () => {
    await clickhouse?.close();
    await engine?.stop();
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), `obsctl-${name}-`));
    databases += 1;
    await migrate(clickhouse, { database: database() });
  });
  afterEach(async () => {
    for (const lane of lanes) await lane.close();
    lanes = [];
    await rm(dir, { recursive: true, force: true });
  });

  return {
    url: () => engine.url,
    clickhouse: () => clickhouse,
    dir: () => dir,
    database,
    open: async (options = {}) => {
      const given = { dir, clickhouseUrl: engine.url, database: database(), ...options };
      const lane = await openTestLane(given);
      lanes.push(lane);
      return lane;
    },
    drain: async (...opened) => {
      const signal = AbortSignal.timeout(drainMs);
      for (const { lane } of opened) await lane.drain(signal);
      expect(signal.aborted).toBe(false);
    },
    count: async (table, what = 'count()') =>
      Number(await runSql(engine.url, `SELECT ${what} FROM ${database()}.${table}`)),
  };
}
