/** The HTTP interface as raw requests: headers, encodings, frames, errors, who may ask. */
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { ask, runSql } from '../../test/support/engine-http.ts';
import { methodLz4, methodNone, methodZstd, packFrame, readFrames } from '../frames/frames.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  await runSql(engine.url, 'CREATE DATABASE other');
  await runSql(engine.url, 'CREATE TABLE t (n UInt32, s String) ENGINE MergeTree ORDER BY n');
});

afterAll(() => engine.stop());

async function rowsOf(table: string): Promise<number> {
  return Number(await runSql(engine.url, `SELECT count() FROM ${table}`));
}

describe('a statement over HTTP', () => {
  it('is read from the URL, from the body, or from both', async () => {
    const inUrl = await ask(engine.url, { method: 'GET', query: { query: 'SELECT 1' } });
    const inBody = await ask(engine.url, { body: 'SELECT 2' });
    const inBoth = await ask(engine.url, { query: { query: 'SELECT' }, body: '3' });
    expect([inUrl.text, inBody.text, inBoth.text]).toEqual(['1\n', '2\n', '3\n']);
  });

  it('answers with the headers that clients read', async () => {
    const answer = await ask(engine.url, {
      query: { query_id: 'mine', default_format: 'JSONEachRow' },
      body: 'SELECT number FROM numbers(3)',
    });
    expect(answer.text).toBe('{"number":0}\n{"number":1}\n{"number":2}\n');
    expect(answer.headers['x-clickhouse-query-id']).toBe('mine');
    expect(answer.headers['x-clickhouse-format']).toBe('JSONEachRow');
    expect(answer.headers['x-clickhouse-server-display-name']).toBe('obsctl embedded');
    expect(JSON.parse(String(answer.headers['x-clickhouse-summary']))).toMatchObject({
      read_rows: '3',
    });
  });

  it('names the format that the statement itself asks for', async () => {
    const answer = await ask(engine.url, { body: 'SELECT 1 AS x FORMAT CSVWithNames' });
    expect(answer.text).toBe('"x"\n1\n');
    expect(answer.headers['x-clickhouse-format']).toBe('CSVWithNames');
  });

  it('uses the database, settings and parameters of the URL', async () => {
    const answer = await ask(engine.url, {
      query: { database: 'other', max_block_size: '7', param_x: "a'b\\\\c" },
      body:
        "SELECT currentDatabase(), getSetting('max_block_size'), {x:String} " +
        'FORMAT JSONCompactEachRow',
    });
    expect(JSON.parse(answer.text).map(String)).toEqual(['other', '7', "a'b\\c"]);
  });

  it('inserts inline VALUES and data that follow in the body', async () => {
    await runSql(engine.url, "INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    const query = 'INSERT INTO t FORMAT JSONEachRow';
    await ask(engine.url, { query: { query }, body: '{"n":3,"s":"c"}\n' });
    await ask(engine.url, { body: 'INSERT INTO t (n, s) FORMAT CSV\n4,"d"\n5,"e"\n' });
    expect(await rowsOf('t')).toBe(5);
  });

  it('stores bytes with empty lines, semicolons and quotes as they are', async () => {
    await runSql(engine.url, 'CREATE TABLE raw (s String) ENGINE MergeTree ORDER BY s');
    const values = ['\n\n', "a\n\n;'b\r\n\r\n", '\n\n{"s":1}\n', 'x'].map((text) =>
      Buffer.from(text),
    );
    const rows = values.map((value) => Buffer.concat([Buffer.from([value.length]), value]));
    const answer = await ask(engine.url, {
      query: { query: 'INSERT INTO raw SETTINGS max_threads = 1 FORMAT RowBinary' },
      body: Buffer.concat(rows),
    });
    expect(answer.text).toBe('');
    expect(JSON.parse(String(answer.headers['x-clickhouse-summary'])).written_rows).toBe('4');
    const back = await runSql(engine.url, 'SELECT arraySort(groupArray(hex(s))) FROM raw');
    const wanted = values.map((value) => value.toString('hex').toUpperCase()).sort();
    expect(back).toBe(`['${wanted.join("','")}']`);
  });

  it('names the row of bad data, and none of our files', async () => {
    const query = 'INSERT INTO t FORMAT JSONEachRow';
    const answer = await ask(engine.url, { query: { query }, body: '{"n":1}\n{"n":"x"}' });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/^Code: 27\. DB::Exception: Cannot parse input.*\(at row 2\)/s);
    expect(answer.text).not.toMatch(/inserts|infile|DB::Exception.*DB::Exception/i);
  });

  it('takes an INSERT without a row as done', async () => {
    const query = 'INSERT INTO t FORMAT JSONEachRow';
    expect((await ask(engine.url, { query: { query } })).status).toBe(200);
  });

  it('reads only with GET and with readonly=1', async () => {
    const drop = { query: 'DROP TABLE t' };
    const byGet = await ask(engine.url, { method: 'GET', query: drop });
    const byFlag = await ask(engine.url, { query: { ...drop, readonly: '1' } });
    expect(byGet.headers['x-clickhouse-exception-code']).toBe('164');
    expect(byFlag.headers['x-clickhouse-exception-code']).toBe('164');
  });

  it('refuses two statements in one request', async () => {
    const answer = await ask(engine.url, { body: 'SELECT 1; SELECT 2' });
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([400, '62']);
  });

  it('answers an error in the form of ClickHouse, with its status', async () => {
    const answer = await ask(engine.url, { body: 'SELECT * FROM nowhere' });
    expect(answer.status).toBe(404);
    expect(answer.headers['x-clickhouse-exception-code']).toBe('60');
    expect(answer.text).toMatch(
      /^Code: 60\. DB::Exception: .*\(UNKNOWN_TABLE\) \(version .*\)\n$/s,
    );
  });

  it('says which of its features are missing in the same form', async () => {
    const session = await ask(engine.url, { query: { session_id: 's' }, body: 'SELECT 1' });
    expect(session.text).toContain('(SUPPORT_IS_DISABLED)');
    const log = await ask(engine.url, { body: 'SELECT * FROM system.query_log' });
    expect(log.text).toContain('(UNKNOWN_TABLE)');
  });

  it('keeps its own log of queries, newest first', async () => {
    await ask(engine.url, { query: { query_id: 'logged' }, body: 'SELECT 42' });
    const answer = await ask(engine.url, { method: 'GET', path: '/queries' });
    expect(JSON.parse(answer.text).data[0]).toMatchObject({
      query_id: 'logged',
      query: 'SELECT 42',
      verb: 'SELECT',
      exception_code: 0,
    });
  });

  it('answers health checks', async () => {
    for (const path of ['/ping', '/', '/replicas_status']) {
      expect((await ask(engine.url, { method: 'GET', path })).text).toBe('Ok.\n');
    }
  });
});

describe('encodings', () => {
  const text = 'SELECT sum(number) FROM numbers(10)';

  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
  ])('reads a body in %s', async (encoding, body) => {
    const answer = await ask(engine.url, { headers: { 'content-encoding': encoding }, body });
    expect(answer.text).toBe('45\n');
  });

  it('compresses the answer only when asked by setting and header', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    const plain = await ask(engine.url, { headers, body: text });
    const packed = await ask(engine.url, {
      headers,
      query: { enable_http_compression: '1' },
      body: text,
    });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.body).toString()).toBe('45\n');
  });

  it('reads frames of each method and answers in frames', async () => {
    const content = Buffer.from(text);
    // An LZ4 block of literals only: a token with the length, then the bytes.
    const lz4 = Buffer.concat([Buffer.from([0xf0, content.length - 15]), content]);
    const frames = [
      packFrame(methodNone, content, content.length),
      packFrame(methodLz4, lz4, content.length),
      packFrame(methodZstd, zstdCompressSync(content), content.length),
    ];
    for (const body of frames) {
      const query = { decompress: '1', compress: '1' };
      const answer = await ask(engine.url, { query, body });
      expect(answer.status).toBe(200);
      const options = { verifyChecksums: true, contentBytesMax: 100 };
      expect((await readFrames(answer.body, options)).toString()).toBe('45\n');
    }
  });

  it('refuses a frame whose checksum is wrong, unless told not to look', async () => {
    const body = packFrame(methodNone, Buffer.from(text), text.length);
    body[0] = (body[0] ?? 0) ^ 1;
    const strict = await ask(engine.url, { query: { decompress: '1' }, body });
    expect(strict.text).toContain('(CHECKSUM_DOESNT_MATCH)');
    const lax = {
      decompress: '1',
      http_native_compression_disable_checksumming_on_decompress: '1',
    };
    expect((await ask(engine.url, { query: lax, body })).text).toBe('45\n');
  });

  it('answers the hello of clickhouse-go in its framing, with revision 0', async () => {
    const answer = await ask(engine.url, {
      query: { client_protocol_version: '54460', default_format: 'Native' },
      body: 'SELECT displayName(), version(), revision(), timezone()',
    });
    const { body } = answer;
    expect(body.subarray(0, 10)).toEqual(Buffer.from([1, 0, 2, 255, 255, 255, 255, 0, 4, 1]));
    const name = 'revision()';
    const at = body.indexOf(name) + name.length;
    expect(body.subarray(at, at + 12)).toEqual(
      Buffer.concat([Buffer.from([6]), Buffer.from('UInt32'), Buffer.alloc(5)]),
    );
    expect(answer.headers['x-clickhouse-format']).toBe('Native');
  });
});

describe('who may ask', () => {
  it('refuses another site, by Host, by Origin and by Sec-Fetch-Site', async () => {
    const foreign = [
      { host: 'rebound.example:8123' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of foreign) {
      const answer = await ask(engine.url, { headers, body: 'SELECT 1' });
      expect([headers, answer.status]).toEqual([headers, 403]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('takes the names of loopback and its own pages', async () => {
    const { port } = new URL(engine.url);
    const own = [
      { host: `localhost:${port}` },
      { host: `[::1]:${port}` },
      { host: `127.0.0.1:${port}`, origin: engine.url, 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of own) {
      const answer = await ask(engine.url, { headers, body: 'SELECT 1' });
      expect([headers, answer.text]).toEqual([headers, '1\n']);
    }
  });

  it('has one user, default, without a password', async () => {
    const other = await ask(engine.url, { query: { user: 'admin' }, body: 'SELECT 1' });
    expect([other.status, other.headers['x-clickhouse-exception-code']]).toEqual([403, '516']);
    const basic = `Basic ${Buffer.from('default:').toString('base64')}`;
    const known = await ask(engine.url, { headers: { authorization: basic }, body: 'SELECT 1' });
    expect(known.text).toBe('1\n');
  });
});
