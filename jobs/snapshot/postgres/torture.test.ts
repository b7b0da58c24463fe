import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { startEngine, type TestEngine } from '../../../test/support/engine.ts';
import { describeWithPeer } from '../../../test/support/peer.ts';
import { type PostgresServer, startPostgres } from '../../../test/support/postgres.ts';
import { floatText, postgresText } from '../../../test/support/postgres-text.ts';
import { throughEngine } from '../../../test/support/snapshot-engine.ts';
import { findTable, type Met, planTable } from '../../../test/support/snapshot-reading.ts';
import type { Source } from '../source.ts';
import { openPostgres } from './open.ts';
import { before, torture } from './testdata/torture.ts';

const rowCount = Math.max(...torture.map(({ values }) => values.length)) + 1;

describeWithPeer('postgres', 'every type of the type table', (programs) => {
  let server: PostgresServer;
  let engine: TestEngine;
  let source: Source;

  beforeAll(async () => {
    [server, engine] = await Promise.all([startPostgres(programs), startEngine()]);
    await server.psql(before);
    const columns = torture.map(({ name, type }) => `"${name}" ${type}`).join(', ');
    await server.psql(`CREATE TABLE torture (id int PRIMARY KEY, ${columns})`);
    // One value a statement, so that a faulty one is told by name.
    await server.psql(`INSERT INTO torture (id) SELECT generate_series(1, ${rowCount})`);
    const updates = torture.flatMap(({ name, values }) =>
      values.map((value, row) => `UPDATE torture SET "${name}" = ${value} WHERE id = ${row + 1};`),
    );
    await server.psql(updates.join('\n'));
    source = await openPostgres({ dsn: server.dsn() });
  }, 120_000);

  afterAll(async () => {
    await source?.close();
    await Promise.all([server?.stop(), engine?.stop()]);
  });

  /** By the text protocol of the server, without COPY, the values that psql would show. */
  async function textRows(table: string): Promise<readonly (readonly (string | null)[])[]> {
    const client = new Client({
      connectionString: server.dsn(),
      options: '-c TimeZone=UTC -c IntervalStyle=iso_8601 -c extra_float_digits=3',
    });
    await client.connect();
    const raw = { getTypeParser: () => (text: string) => text };
    const query = { text: `SELECT * FROM ${table} ORDER BY id`, rowMode: 'array' as const };
    const { rows } = await client.query({ ...query, types: raw as never });
    await client.end();
    return rows.map((row: (string | null)[]) =>
      row.map((text) => (text === null ? null : Buffer.from(text).toString('latin1'))),
    );
  }

  async function engineRows(
    types: Readonly<Record<string, string>>,
    met: Met[] = [],
  ): Promise<{ columns: readonly string[]; rows: readonly (readonly unknown[])[] }> {
    const planned = planTable(await findTable(source, 'public.torture'), { types });
    const snapshot = await source.begin(1);
    try {
      const rows = await throughEngine(engine, snapshot, planned, met);
      const sorted = rows.toSorted((left, right) => Number(left[0]) - Number(right[0]));
      return { columns: planned.columns.map(({ type }) => type), rows: sorted };
    } finally {
      await snapshot.end();
    }
  }

  it('becomes the type that the table says', async () => {
    const table = await findTable(source, 'public.torture');
    const mapped = table.columns.slice(1).map(({ name, mapped: { type } }) => [name, type]);
    expect(mapped).toEqual(torture.map(({ name, mapped: type }) => [name, type]));
  });

  it('reads in ClickHouse as the server prints it, value by value', async () => {
    const met: Met[] = [];
    const { columns, rows } = await engineRows({}, met);
    const expected = await textRows('torture');
    expect(rows.length).toBe(rowCount);
    for (const [index, { name, type }] of torture.entries()) {
      const place = index + 1;
      const printed = rows.map((row) =>
        comparable(postgresText(row[place], columns[place] ?? '', type), type),
      );
      const wanted = expected.map((row) =>
        absent(comparable(row[place] ?? null, type), columns[place]),
      );
      expect([name, ...printed]).toEqual([name, ...wanted]);
    }
    expect(met).toEqual([]);
  });

  it('reads as the same text when every column is asked for as String', async () => {
    const types = Object.fromEntries(torture.map(({ name }) => [name, 'String']));
    const { rows } = await engineRows(types);
    const expected = await textRows('torture');
    for (const [index, { name, type }] of torture.entries()) {
      const place = index + 1;
      const printed = rows.map((row) => postgresText(row[place], 'Nullable(String)', type));
      const wanted = expected.map((row) => row[place] ?? null);
      expect([name, ...printed]).toEqual([name, ...wanted.map((text) => comparable(text, type))]);
    }
  });
});

/** Money has the text of a country; we promise its number. Floats are compared as numbers. */
function comparable(text: string | null, type: string): string | null {
  if (text === null) return null;
  if (type === 'money') return text.replace(/[$,]/g, '');
  return text;
}

/** What stands for NULL where ClickHouse has none. */
function absent(text: string | null, type = ''): string | null {
  if (text !== null) return /^Nullable\(Float/.test(type) ? floatText(text) : text;
  if (type === 'Point') return '(nan,nan)';
  if (type === 'Array(Point)' || type === 'Array(Float32)') return '()';
  if (type.startsWith('Array(')) return '{}';
  if (type.startsWith('Map(')) return '';
  if (!type.startsWith('Tuple(')) return null;
  return type.includes('bounds') ? ',' : '(,,,,)';
}
