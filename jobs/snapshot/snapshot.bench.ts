/**
 * Rows a second of a whole snapshot run, reading and writing, against ClickHouse's own table
 * functions `postgresql()` and `mysql()` over the same rows into an engine of the same build, in
 * turns; ours refuses those functions, so theirs runs in one without our guard.
 * Verification is timed apart. CPU is that of whoever reads and of the engine; the database's own
 * is not counted. `npm run peers postgres mariadb-10.11`, `npm run bench -- snapshot`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { startAsUser } from '../../test/support/as-user.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { cpuUsSince, median, printLine, rounded } from '../../test/support/figures.ts';
import { cpuSeconds } from '../../test/support/gateway-load.ts';
import { startMariaDb } from '../../test/support/mariadb.ts';
import { postgresPassword, startPostgres } from '../../test/support/postgres.ts';
import { connectTarget, runOnce, snapshotConfig } from '../../test/support/snapshot.ts';
import { peers } from '../../tools/peers/list.ts';
import { openMysql } from './mysql/source.ts';
import { openPostgres } from './postgres/open.ts';
import type { Source } from './source.ts';

const rows = Number(process.env['OBSCTL_BENCH_ROWS'] ?? 3_000_000);
const wideColumns = 60;
const wideRows = Math.round(rows / 20);
const rounds = 3;

type Round = {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly verifySeconds: number;
};

type Side = {
  readonly name: string;
  readonly table: string;
  readonly rows: number;
  readonly source: Source;
  readonly home?: string;
  /** The same rows by ClickHouse alone, as a table expression. */
  readonly theirs: string;
};

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const engine = await startEngine();
  const folder = await mkdtemp(join(tmpdir(), 'obsctl-bench-'));
  const peer = await startAsUser(folder, 'admin');
  const server = connectTarget(engine.url);
  const postgres = await startPostgres(programOf('postgres'));
  const mariadb = await startMariaDb(programOf('mariadb-10.11'));
  try {
    await postgres.psql(postgresTables);
    mariadb.run(mariadbTables);
    const fromPostgres = await openPostgres({ dsn: postgres.dsn() });
    const fromMariaDb = await openMysql({ dsn: mariadb.dsn('bench') });
    for (const [table, count] of [
      ['bench', rows],
      ['wide', wideRows],
    ] as const) {
      const theirs =
        `postgresql('127.0.0.1:${postgres.port}', 'postgres', '${table}', 'postgres', ` +
        `'${postgresPassword}')`;
      const side = { name: 'postgres', table: `public.${table}`, rows: count, theirs };
      await compare({ ...side, source: fromPostgres }, { engine, peer, server, json });
    }
    const { port } = mariadb;
    const theirs = `mysql('127.0.0.1:${port}', 'bench', 'bench', 'root', '')`;
    const side = { name: 'mysql', table: 'bench.bench', rows, theirs, home: 'bench' };
    await compare({ ...side, source: fromMariaDb }, { engine, peer, server, json });
  } finally {
    await Promise.all([server.close(), peer.close()]);
    await rm(folder, { recursive: true, force: true });
    await Promise.all([postgres.stop(), mariadb.stop(), engine.stop()]);
  }
}

type Peer = Awaited<ReturnType<typeof startAsUser>>;
type Where = {
  readonly engine: TestEngine;
  readonly peer: Peer;
  readonly server: ClickHouse;
  readonly json: boolean;
};

async function compare(side: Side, { engine, peer, server, json }: Where): Promise<void> {
  const ours: Round[] = [];
  const theirs: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await runOurs(side, engine, server));
    theirs.push(await runTheirs(side, peer));
  }
  const of = (all: readonly Round[], key: keyof Round): number =>
    median(all.map((one) => one[key]));
  const [own, other] = [of(ours, 'seconds'), of(theirs, 'seconds')];
  const perMillion = (all: readonly Round[]): number =>
    rounded((of(all, 'cpuSeconds') / side.rows) * 1e6);
  printLine(json, {
    bench: `snapshot-${side.name}-${side.table.split('.')[1]}`,
    value: Math.round(side.rows / own),
    unit: 'rows_per_s',
    peer: Math.round(side.rows / other),
    ratio: rounded(other / own),
    cpu_s_per_million: perMillion(ours),
    peer_cpu_s_per_million: perMillion(theirs),
    verify_s: rounded(of(ours, 'verifySeconds')),
    runs: ours.map(({ seconds }) => rounded(seconds)),
    rss_mib_max: Math.round(process.resourceUsage().maxRSS / 1024),
  });
}

async function runOurs(side: Side, engine: TestEngine, server: ClickHouse): Promise<Round> {
  const config = snapshotConfig({ tables: [side.table], readers: 2 });
  const { source, home } = side;
  const before = cpuSeconds(engine.pid);
  const start = process.cpuUsage();
  const report = await runOnce({ config, source, server, ...(home !== undefined && { home }) });
  const used = cpuUsSince(start) / 1e6 + cpuSeconds(engine.pid) - before;
  const [table] = report.tables;
  if (table === undefined || table.sent.rows !== side.rows) throw new Error('rows are missing');
  const verifySeconds = table.verifyMs / 1000;
  return { seconds: table.readMs / 1000, cpuSeconds: used, verifySeconds };
}

async function runTheirs(side: Side, peer: Peer): Promise<Round> {
  await peer.run('DROP TABLE IF EXISTS default.theirs SYNC');
  const before = cpuSeconds(peer.pid);
  const startMs = performance.now();
  await peer.run(
    `CREATE TABLE default.theirs ENGINE = MergeTree ORDER BY id AS SELECT * FROM ${side.theirs}`,
  );
  const seconds = (performance.now() - startMs) / 1000;
  return { seconds, cpuSeconds: cpuSeconds(peer.pid) - before, verifySeconds: 0 };
}

const wideList = Array.from({ length: wideColumns }, (_, at) => `c${at} int NOT NULL`).join(', ');
const wideValues = Array.from({ length: wideColumns }, (_, at) => `i * ${at + 1} % 100000`);

const postgresTables = `
  CREATE TABLE bench (id bigint PRIMARY KEY, email text NOT NULL, plan text NOT NULL,
    total numeric(12,2) NOT NULL, created timestamptz NOT NULL, note text);
  INSERT INTO bench SELECT i, 'customer' || i || '@example.com', 'plan' || i % 7, i / 100.0,
    timestamptz '2026-01-01' + i * interval '1 second', repeat(chr(97 + i % 26), 30 + i % 20)
    FROM generate_series(1, ${rows}) i;
  CREATE TABLE wide (id bigint PRIMARY KEY, ${wideList});
  INSERT INTO wide SELECT i, ${wideValues.join(', ')} FROM generate_series(1, ${wideRows}) i;
  ANALYZE`;

const mariadbTables = `
  CREATE DATABASE bench; USE bench;
  CREATE TABLE bench (id bigint PRIMARY KEY, email varchar(100) NOT NULL,
    plan varchar(20) NOT NULL, total decimal(12,2) NOT NULL, created datetime NOT NULL,
    note varchar(100));
  INSERT INTO bench SELECT seq, concat('customer', seq, '@example.com'), concat('plan', seq % 7),
    seq / 100, timestamp '2026-01-01 00:00:00' + INTERVAL seq SECOND,
    repeat(char(97 + seq % 26), 30 + seq % 20) FROM seq_1_to_${rows};
  ANALYZE TABLE bench`;

function programOf(name: (typeof peers)[number]['name']): string {
  const program = peers.find((peer) => peer.name === name)?.find();
  if (program === undefined) throw new Error(`needs ${name}: npm run peers ${name}`);
  return program;
}
