/** What `@clickhouse/client` needs of the HTTP interface, against the real engine. */
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';

let engine: TestEngine;
let client: ClickHouseClient;

beforeAll(async () => {
  engine = await startEngine();
  client = createClient({
    url: engine.url,
    compression: { request: true, response: true },
    log: { level: ClickHouseLogLevel.OFF },
  });
});

afterAll(async () => {
  await client.close();
  await engine.stop();
});

async function makeTable(name: string): Promise<void> {
  await client.command({
    query:
      `CREATE TABLE ${name} (n UInt64, s String) ENGINE MergeTree ORDER BY n ` +
      'SETTINGS non_replicated_deduplication_window = 100',
  });
}

async function count(table: string): Promise<number> {
  const result = await client.query({ query: `SELECT count() AS c FROM ${table}` });
  const { data } = await result.json<{ c: string | number }>();
  return Number(data[0]?.c);
}

/** Two rows as a Native block, built by hand: UInt64 and String. */
function nativeBlock(first: number): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64LE(BigInt(first), 0);
  numbers.writeBigUInt64LE(BigInt(first + 1), 8);
  return Buffer.concat([
    Buffer.from([2, 2, 1]),
    Buffer.from('n'),
    Buffer.from([6]),
    Buffer.from('UInt64'),
    numbers,
    Buffer.from([1]),
    Buffer.from('s'),
    Buffer.from([6]),
    Buffer.from('String'),
    // Bytes that are not UTF-8 show whether the data ever were a JavaScript string.
    Buffer.from([3, 0xff, 0x00, 0x0a, 2, 0xc3, 0x28]),
  ]);
}

async function insertNative(table: string, block: Buffer, token: string): Promise<unknown> {
  const result = await client.exec({
    query: `INSERT INTO ${table} (n, s) FORMAT Native`,
    values: Readable.from([block]),
    clickhouse_settings: {
      insert_deduplication_token: token,
      async_insert: 0,
      wait_end_of_query: 1,
    },
  });
  for await (const _ of result.stream) {
    // Drained, as the client's documentation demands.
  }
  return result.summary;
}

describe('@clickhouse/client', () => {
  it('selects as JSON with bound parameters that keep quotes, backslashes and tabs', async () => {
    const text = `it's a \\ and a\ttab, a "quote", ünïcode`;
    const result = await client.query({
      query: 'SELECT {p:String} AS p, {n:UInt8} + 1 AS n, {a:Array(String)} AS a',
      query_params: { p: text, n: 41, a: ["x'y", 'z'] },
    });
    const { data } = await result.json<{ p: string; n: number; a: string[] }>();
    expect(data).toEqual([{ p: text, n: 42, a: ["x'y", 'z'] }]);
  });

  it('inserts JSONEachRow and reads the rows back', async () => {
    await makeTable('rows');
    const rows = Array.from({ length: 1_000 }, (_, n) => ({ n, s: `row ${n}` }));
    await client.insert({ table: 'rows', values: rows, format: 'JSONEachRow' });
    const result = await client.query({
      query: 'SELECT n, s FROM rows ORDER BY n',
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    expect(await result.json()).toEqual(rows);
  });

  it('stores a Native stream byte for byte and reports the rows written', async () => {
    await makeTable('native_rows');
    const summary = await insertNative('native_rows', nativeBlock(1), 'first');
    expect(summary).toMatchObject({ written_rows: '2' });
    const result = await client.query({ query: 'SELECT hex(s) AS h FROM native_rows ORDER BY n' });
    const { data } = await result.json<{ h: string }>();
    expect(data.map((row) => row.h)).toEqual(['FF000A', 'C328']);
  });

  it('stores a repeated token once', async () => {
    await makeTable('tokens');
    for (const token of ['a', 'a', 'b']) await insertNative('tokens', nativeBlock(1), token);
    expect(await count('tokens')).toBe(4);
  });

  it('accepts a trailing empty block, as clickhouse-go sends it', async () => {
    await makeTable('trailing');
    const body = Buffer.concat([nativeBlock(1), Buffer.from([0, 0])]);
    await insertNative('trailing', body, 't');
    expect(await count('trailing')).toBe(2);
  });

  it('rejects with the code and the type of the engine error', async () => {
    const query = client.query({ query: 'SELECT * FROM nowhere' });
    await expect(query).rejects.toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' });
  });

  it('does not keep settings of one request for the next', async () => {
    await client.command({ query: 'SELECT 1', clickhouse_settings: { max_threads: 1 } });
    const query = "SELECT changed FROM system.settings WHERE name = 'max_threads'";
    const { data } = await (await client.query({ query })).json<{ changed: number }>();
    expect(data).toEqual([{ changed: 0 }]);
  });

  it('answers ping', async () => {
    expect(await client.ping()).toEqual({ success: true });
  });
});
