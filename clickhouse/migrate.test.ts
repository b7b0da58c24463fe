/** Migrations against the real engine, each test in a database of its own. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { defaultTableOptions, showCreate } from './ddl.ts';
import { goldenClusterDdl, goldenDdl, goldenFolder } from './golden.ts';
import { type MigrateOptions, migrate } from './migrate.ts';
import { widensEnum } from './migrate-compare.ts';
import { clausesOf } from './migrate-read.ts';
import { schemaReference } from './schema/reference.ts';
import { schemaVersion, tables } from './schema/tables.ts';

let engine: TestEngine;
let sql: ClickHouse;
let databases = 0;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

/** A name no other test uses. */
function freshDatabase(): string {
  databases += 1;
  return `migrate_${databases}`;
}

async function createOf(database: string, table: string): Promise<string> {
  const [row] = await sql.rows<{ statement: string }>(`SHOW CREATE TABLE ${database}.${table}`);
  return row?.statement ?? '';
}

async function schemaOf(database: string): Promise<string> {
  const rows = await sql.rows<{ create_table_query: string }>(
    `SELECT create_table_query FROM system.tables WHERE database = '${database}' ORDER BY name`,
  );
  return rows.map((row) => row.create_table_query).join('\n');
}

async function migrated(options: MigrateOptions = {}): Promise<string> {
  const database = options.database ?? freshDatabase();
  await migrate(sql, { ...options, database });
  return database;
}

describe('golden DDL', () => {
  const golden = goldenDdl().map((one) => [one.file, one] as const);

  it.each(golden)('%s is what the declaration says', async (file, one) => {
    expect(await readFile(join(goldenFolder, file), 'utf8')).toBe(one.text);
  });

  it.each(golden)('%s is what the engine answers to SHOW CREATE TABLE', async (file, one) => {
    const text = await readFile(join(goldenFolder, file), 'utf8');
    const database = freshDatabase();
    const statement = text.replace('CREATE TABLE otel.', `CREATE TABLE ${database}.`);
    await sql.run(`CREATE DATABASE ${database} ENGINE = Atomic`);
    await sql.run(statement);
    expect(`${await createOf(database, one.table)}\n`).toBe(statement);
  });

  it('has a reference page that is up to date', async () => {
    expect(await readFile('docs/reference/schema.md', 'utf8')).toBe(schemaReference());
  });

  it('has no file without a table', async () => {
    const files = await readdir(goldenFolder, { recursive: true });
    const found = files.filter((file) => file.endsWith('.sql')).sort();
    const wanted = [...goldenDdl(), ...goldenClusterDdl()];
    expect(found).toEqual(wanted.map(({ file }) => file).sort());
  });
});

describe('migrate on an empty server', () => {
  it('creates an Atomic database with every table as declared', async () => {
    const database = await migrated();
    const [row] = await sql.rows<{ engine: string }>(
      `SELECT engine FROM system.databases WHERE name = '${database}'`,
    );
    expect(row?.engine).toBe('Atomic');
    const options = { ...defaultTableOptions, database, flavour: 'embedded' } as const;
    for (const table of tables) {
      expect(await createOf(database, table.name)).toBe(showCreate(table, options));
    }
  });

  it('runs nothing the second time', async () => {
    const database = await migrated();
    const before = await schemaOf(database);
    const again = await migrate(sql, { database });
    expect(again).toMatchObject({ statements: [], offers: [], refusals: [], notes: [] });
    expect(await schemaOf(database)).toBe(before);
  });

  it('records the version and every statement', async () => {
    const database = freshDatabase();
    const { statements } = await migrate(sql, { database, obsctl: '9.9.9' });
    const rows = await sql.rows<{ Version: string; Obsctl: string; Statement: string }>(
      `SELECT toString(Version) AS Version, Obsctl, Statement FROM ${database}.obsctl_migrations`,
    );
    expect(rows.map((row) => row.Statement).sort()).toEqual([...statements].sort());
    expect(new Set(rows.map((row) => `${row.Version} ${row.Obsctl}`))).toEqual(
      new Set([`${schemaVersion} 9.9.9`]),
    );
  });

  it('with a plan says every statement and changes nothing', async () => {
    const database = freshDatabase();
    const planned = await migrate(sql, { database, plan: true });
    expect(planned.statements).toHaveLength(tables.length + 1);
    const rows = await sql.rows(`SELECT 1 FROM system.databases WHERE name = '${database}'`);
    expect(rows).toEqual([]);
    const { statements } = await migrate(sql, { database });
    expect(statements).toEqual(planned.statements);
  });

  it('survives two runs at once, first when creating and then when altering', async () => {
    const database = freshDatabase();
    const other = connectClickHouse({ url: engine.url });
    try {
      await Promise.all([migrate(sql, { database }), migrate(other, { database })]);
      await sql.run(`ALTER TABLE ${database}.otel_logs DROP COLUMN LogFlags, DROP INDEX idx_body`);
      await sql.run(`ALTER TABLE ${database}.otel_traces DROP COLUMN SpanFlags`);
      const both = { database, retentionDays: { traces: 3 } };
      await Promise.all([migrate(sql, both), migrate(other, both)]);
    } finally {
      await other.close();
    }
    const again = await migrate(sql, { database, retentionDays: { traces: 3 } });
    expect(again).toMatchObject({ statements: [], refusals: [] });
  });
});

describe('migrate on tables of ours', () => {
  it('gives a database of schema 7 the tables that came since, and keeps every row', async () => {
    const database = freshDatabase();
    const since = [
      'otel_log_patterns_1m',
      'otel_log_patterns',
      'otel_attributes_15m',
      'otel_series_15m',
      'otel_metrics_1m',
      'otel_metrics_1h',
    ];
    const options = { ...defaultTableOptions, database, flavour: 'embedded' } as const;
    await sql.run(`CREATE DATABASE ${database} ENGINE = Atomic`);
    for (const table of tables.filter(({ name }) => !since.includes(name))) {
      await sql.run(showCreate(table, options));
    }
    await sql.run(`INSERT INTO ${database}.obsctl_migrations (Version) VALUES (7)`);
    await sql.run(`INSERT INTO ${database}.otel_logs (Timestamp, Body) VALUES (now64(), 'kept')`);
    const { statements } = await migrate(sql, { database });
    expect(statements.map((text) => /EXISTS \w+\.(\w+)/.exec(text)?.[1])).toEqual(since);
    for (const name of since) {
      const table = tables.find((one) => one.name === name);
      expect(await createOf(database, name)).toBe(table && showCreate(table, options));
    }
    expect(await sql.rows(`SELECT Body FROM ${database}.otel_logs`)).toEqual([{ Body: 'kept' }]);
  });

  it('gives the points by minute and hour of schema 8 the columns for growth', async () => {
    const database = await migrated();
    const growth = ['Ranged', 'First', 'FirstSeen', 'FirstStart', 'Grown', 'Elapsed'];
    const names = ['otel_metrics_1m', 'otel_metrics_1h'];
    const before = await Promise.all(names.map((name) => createOf(database, name)));
    for (const name of names) {
      const columns = growth.map((column) => `DROP COLUMN ${column}`).join(', ');
      await sql.run(`ALTER TABLE ${database}.${name} ${columns}`);
    }
    const { statements } = await migrate(sql, { database });
    expect(statements.length).toBeGreaterThan(0);
    expect(await Promise.all(names.map((name) => createOf(database, name)))).toEqual(before);
  });

  it('adds a missing column in its place and a missing index', async () => {
    const database = await migrated();
    const before = await createOf(database, 'otel_logs');
    await sql.run(`ALTER TABLE ${database}.otel_logs DROP INDEX idx_body, DROP COLUMN LogFlags`);
    expect(await createOf(database, 'otel_logs')).not.toBe(before);
    const { statements, notes } = await migrate(sql, { database });
    expect(statements).toHaveLength(2);
    expect(notes.join('\n')).toContain('MATERIALIZE INDEX idx_body');
    expect(await createOf(database, 'otel_logs')).toBe(before);
  });

  it('changes a TTL when a retention is asked for, and only then', async () => {
    const database = await migrated({ retentionDays: { logs: 30 } });
    expect(await createOf(database, 'otel_logs')).toContain('toIntervalDay(30)');
    const unasked = await migrate(sql, { database });
    expect(unasked.statements).toEqual([]);
    expect(unasked.notes.join('\n')).toContain('toIntervalDay(30)');
    const asked = await migrate(sql, { database, retentionDays: { logs: 7 } });
    expect(asked.statements.filter((one) => one.includes('otel_logs'))).toEqual([
      `ALTER TABLE ${database}.otel_logs MODIFY TTL toDateTime(Timestamp) + toIntervalDay(7)`,
    ]);
    expect(await createOf(database, 'otel_logs')).toContain('toIntervalDay(7)');
  });

  it('leaves a TTL that does more than delete to its owner', async () => {
    const database = await migrated();
    const ttl =
      'toDateTime(Timestamp) + toIntervalDay(1) RECOMPRESS CODEC(ZSTD(9)), ' +
      'toDateTime(Timestamp) + toIntervalDay(9)';
    await sql.run(`ALTER TABLE ${database}.otel_logs MODIFY TTL ${ttl}`);
    const result = await migrate(sql, { database, retentionDays: { logs: 3 } });
    expect(result.statements.filter((one) => one.includes('otel_logs'))).toEqual([]);
    expect(result.notes.join('\n')).toContain(
      'MODIFY TTL toDateTime(Timestamp) + toIntervalDay(3)',
    );
  });

  it('moves to another profile and back', async () => {
    const database = await migrated();
    const before = await schemaOf(database);
    await migrate(sql, { database, profile: 'cheap_ingest' });
    const cheap = await createOf(database, 'otel_traces');
    expect(cheap).not.toContain('INDEX');
    expect(cheap).toContain('max_bytes_to_merge_at_max_space_in_pool = 4294967296');
    await migrate(sql, { database, profile: 'fast_search' });
    expect(await createOf(database, 'otel_traces')).toContain("text(tokenizer = 'array')");
    await migrate(sql, { database });
    const again = await migrate(sql, { database });
    expect(again.statements).toEqual([]);
    const sorted = (text: string): string =>
      text
        .split(/, (?=[a-z_]+ = |INDEX)/)
        .sort()
        .join();
    expect(sorted(await schemaOf(database))).toBe(sorted(before));
  });

  it("leaves other people's columns and indexes alone", async () => {
    const database = await migrated();
    await sql.run(
      `ALTER TABLE ${database}.otel_logs ADD COLUMN Team String, ADD INDEX mine Team TYPE set(9)`,
    );
    const result = await migrate(sql, { database });
    expect(result.statements).toEqual([]);
    expect(result.notes).toEqual(['otel_logs: other columns left alone: Team']);
  });

  it('refuses a changed type and a changed key, and its statements work by hand', async () => {
    const database = await migrated();
    const logs = await createOf(database, 'otel_logs');
    await sql.run(`DROP TABLE ${database}.otel_logs SYNC`);
    const changed = logs
      .replace('`Body` String', '`Body` LowCardinality(String)')
      .replace(/ORDER BY .*/, 'ORDER BY (SpanId, Timestamp)');
    await sql.run(changed);
    await sql.run(
      `INSERT INTO ${database}.otel_logs (Timestamp, Body, SpanId) VALUES (now64(9), 'kept', 'a')`,
    );
    const before = await createOf(database, 'otel_logs');
    const { refusals, statements } = await migrate(sql, { database });
    expect(statements).toEqual([]);
    expect(await createOf(database, 'otel_logs')).toBe(before);
    expect(refusals).toHaveLength(1);
    const key = '(toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)';
    expect(refusals[0]?.differences).toEqual([
      `sort key is SpanId, Timestamp, not ${key}`,
      `primary key is SpanId, Timestamp, not ${key}`,
      'column Body has type LowCardinality(String), not String',
    ]);
    for (const statement of refusals[0]?.byHand ?? []) await sql.run(statement);
    expect(await createOf(database, 'otel_logs')).toBe(logs);
    const rows = await sql.rows(`SELECT Body FROM ${database}.otel_logs`);
    expect(rows).toEqual([{ Body: 'kept' }]);
    expect((await migrate(sql, { database })).refusals).toEqual([]);
  });

  it('says that a view of the Collector writes where the gateway does', async () => {
    const database = await migrated();
    await sql.run(
      `CREATE MATERIALIZED VIEW ${database}.otel_traces_trace_id_ts_mv
        TO ${database}.otel_traces_trace_id_ts AS SELECT TraceId, min(Timestamp) AS Start,
        max(Timestamp) AS End FROM ${database}.otel_traces WHERE TraceId != '' GROUP BY TraceId`,
    );
    const { notes, statements } = await migrate(sql, { database });
    expect(statements).toEqual([]);
    expect(notes.join('\n')).toContain(`DROP VIEW ${database}.otel_traces_trace_id_ts_mv`);
  });

  it('refuses a database that a newer obsctl has migrated', async () => {
    const database = await migrated();
    await sql.run(
      `INSERT INTO ${database}.obsctl_migrations (Version, AppliedAt) VALUES (1000000, now64(3))`,
    );
    await expect(migrate(sql, { database })).rejects.toMatchObject({ code: 'OBS-3007' });
  });
});

describe.each(['collector-0.149', 'collector-0.161'])('migrate on tables of %s', (layout) => {
  const folder = join('clickhouse/testdata', layout);

  async function collectorTables(): Promise<string> {
    const database = freshDatabase();
    await sql.run(`CREATE DATABASE ${database} ENGINE = Atomic`);
    for (const file of await readdir(folder)) {
      const text = await readFile(join(folder, file), 'utf8');
      await sql.run(text.replace('CREATE TABLE otel.', `CREATE TABLE ${database}.`));
    }
    return database;
  }

  it('accepts them as they are and only offers what may be added', async () => {
    const database = await collectorTables();
    const before = await createOf(database, 'otel_logs');
    const result = await migrate(sql, { database });
    expect(result.refusals.flatMap((one) => one.differences)).toEqual([]);
    expect(result.offers.join('\n')).toContain('ADD COLUMN IF NOT EXISTS `Seal`');
    expect(await createOf(database, 'otel_logs')).toBe(before);
    expect((await migrate(sql, { database })).statements).toEqual([]);
  });

  it('adds our columns when asked to, keeps the rows, and then rests', async () => {
    const database = await collectorTables();
    const insert = `INSERT INTO ${database}.otel_logs (Timestamp, Body) VALUES (now64(9), 'x')`;
    await sql.run(insert);
    const adopted = await migrate(sql, { database, adopt: true });
    expect(adopted.refusals.flatMap((one) => one.differences)).toEqual([]);
    expect(adopted.statements.length).toBeGreaterThan(0);
    for (const run of [{ database, adopt: true }, { database }]) {
      expect(await migrate(sql, run)).toMatchObject({ statements: [], offers: [], refusals: [] });
    }
    await sql.run(insert);
    const rows = await sql.rows(`SELECT Body, toString(Seal) AS Seal FROM ${database}.otel_logs`);
    expect(rows).toEqual([
      { Body: 'x', Seal: '0' },
      { Body: 'x', Seal: '0' },
    ]);
  });
});

describe('skip indexes', () => {
  async function indexesUsed(database: string, where: string): Promise<string[]> {
    const rows = await sql.rows<{ explain: string }>(
      `EXPLAIN indexes = 1 SELECT count() FROM ${database}.${where}`,
    );
    return rows.flatMap(({ explain }) => explain.match(/(?<=Name: )idx_\w+/) ?? []);
  }

  const balanced = [
    ["otel_traces WHERE TraceId = 'a'", 'idx_trace_id'],
    ["otel_traces WHERE SpanAttributes['http.route'] = 'a'", 'idx_span_attr_value'],
    ["otel_logs WHERE TraceId = 'a'", 'idx_trace_id'],
    ["otel_logs WHERE LogAttributes['request.id'] = 'a'", 'idx_log_attr_value'],
    ["otel_logs WHERE hasToken(lower(Body), 'a')", 'idx_body'],
    ["otel_metrics_gauge WHERE Attributes['host.name'] = 'a'", 'idx_attr_value'],
  ] as const;
  const fast = [
    ["otel_logs WHERE hasToken(lower(Body), 'a')", 'idx_text_body'],
    ["otel_logs WHERE lower(Body) LIKE '%a%'", 'idx_text_body'],
    ["otel_traces WHERE ResourceAttributes['k8s.pod.name'] = 'a'", 'idx_res_attr_value'],
  ] as const;

  it.each([
    ['balanced', balanced],
    ['fast_search', fast],
  ] as const)('of %s are used by the queries they are made for', async (profile, cases) => {
    const database = await migrated({ profile });
    for (const table of ['otel_traces', 'otel_logs', 'otel_metrics_gauge']) {
      const time = table === 'otel_metrics_gauge' ? 'TimeUnix' : 'Timestamp';
      await sql.run(`INSERT INTO ${database}.${table} (${time}) VALUES (now64(9))`);
    }
    for (const [where, index] of cases) {
      expect([where, await indexesUsed(database, where)]).toEqual([where, [index]]);
    }
  });
});

describe('what is read from the engine', () => {
  it('is cut at its clauses, not inside quotes or parentheses', () => {
    const text =
      "MergeTree PARTITION BY concat(' ORDER BY ', x) ORDER BY (a, (b)) " +
      "TTL t + toIntervalDay(1) SETTINGS a = 1, b = 'x, SETTINGS y'";
    expect([...clausesOf(text)]).toEqual([
      ['ENGINE', 'MergeTree'],
      ['PARTITION BY', "concat(' ORDER BY ', x)"],
      ['ORDER BY', '(a, (b))'],
      ['TTL', 't + toIntervalDay(1)'],
      ['SETTINGS', "a = 1, b = 'x, SETTINGS y'"],
    ]);
  });

  it('may grow an enum but never change or drop a value', () => {
    const [one, two] = ["Enum8('a' = 1)", "Enum8('a' = 1, 'b' = 2)"];
    expect(widensEnum(one, two)).toBe(true);
    expect(widensEnum(two, one)).toBe(false);
    expect(widensEnum("Enum8('a' = 3)", two)).toBe(false);
    expect(widensEnum('String', two)).toBe(false);
  });
});
