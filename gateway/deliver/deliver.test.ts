import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { dedupSettings } from './destination.ts';
import { classifyException, isPushingToView } from './exceptions.ts';
import { createInsertClient, type StatementResult } from './insert-client.ts';

let close: (() => Promise<void>) | undefined;

afterEach(async () => {
  await close?.();
  close = undefined;
});

/** Runs one statement against a peer that answers so; what was sent comes back too. */
async function exchange(
  status: number,
  headers: Record<string, string>,
  text: string,
): Promise<{ result: StatementResult; url: URL; body: Buffer; sent: NodeJS.Dict<unknown> }> {
  const seen = { url: new URL('http://none'), body: Buffer.alloc(0), sent: {} };
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    seen.url = new URL(request.url ?? '/', 'http://peer');
    seen.body = Buffer.concat(parts);
    seen.sent = request.headers;
    response.writeHead(status, headers).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const client = createInsertClient({
    url: `http://ann:secret@127.0.0.1:${port}`,
    database: 'otel',
    connectionsMax: 1,
  });
  close = async () => {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  const result = await client.run({
    sql: 'INSERT INTO t FORMAT Native',
    settings: { insert_deduplication_token: 'a b' },
    chunks: [Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')],
    timeoutMs: 5_000,
  });
  return { result, ...seen };
}

describe('a statement', () => {
  it('sends its chunks as one body, settings in the URL, and credentials in headers', async () => {
    const { result, url, body, sent } = await exchange(200, {}, '');
    expect(result.ok).toBe(true);
    expect(body.toString()).toBe('onetwo');
    expect(sent['content-length']).toBe('6');
    expect(sent['x-clickhouse-user']).toBe('ann');
    expect(sent['x-clickhouse-key']).toBe('secret');
    expect(url.searchParams.get('insert_deduplication_token')).toBe('a b');
    expect(url.searchParams.get('query')).toBe('INSERT INTO t FORMAT Native');
    expect(url.href).not.toContain('secret');
  });

  it.each([
    [500, { 'X-ClickHouse-Exception-Code': '117' }, '', 'permanent', 117],
    [500, { 'X-ClickHouse-Exception-Code': '252' }, '', 'retryable', 252],
    [500, {}, 'Code: 469. DB::Exception: Constraint', 'permanent', 469],
    [404, {}, 'Code: 60. DB::Exception: Unknown table', 'retryable', 60],
    // Too few replicas have an insert, or are there to have it: later they may.
    [500, { 'X-ClickHouse-Exception-Code': '285' }, '', 'retryable', 285],
    [500, { 'X-ClickHouse-Exception-Code': '286' }, '', 'retryable', 286],
    [500, { 'X-ClickHouse-Exception-Code': '319' }, '', 'retryable', 319],
    [500, { 'X-ClickHouse-Exception-Code': '159' }, '', 'retryable', 159],
    [502, {}, '<html>bad gateway</html>', 'retryable', 0],
    [413, {}, '<html>too large</html>', 'permanent', 0],
    // A failure after the first byte of the answer comes with status 200.
    [200, {}, 'Code: 241. DB::Exception: Memory limit', 'retryable', 241],
    // The raw rows are stored: only the repair of the view may heal it.
    [500, {}, 'Code: 53. DB::Exception: while pushing to view x', 'retryable', 53],
  ])(
    'is classified by status %s, headers %j and text %s',
    async (status, headers, text, kind, code) => {
      const { result } = await exchange(status, headers as Record<string, string>, text);
      expect(result).toMatchObject({ ok: false, kind, code });
    },
  );

  it('is not in doubt when no connection came about', async () => {
    const client = createInsertClient({
      url: 'http://127.0.0.1:9',
      database: 'otel',
      connectionsMax: 1,
    });
    const result = await client.run({ sql: 'SELECT 1', settings: {}, timeoutMs: 1_000 });
    expect(result).toMatchObject({ ok: false, kind: 'retryable', ambiguous: false });
    client.destroy();
  });
});

describe('exceptions', () => {
  it('are permanent only when they speak of the data', () => {
    for (const code of [117, 53, 33, 469]) expect(classifyException(500, code)).toBe('permanent');
    // Overload, time, network, keeper, read-only, rights, a missing table or codec: all repairable.
    const repairable = [
      ...[3, 16, 47, 60, 81, 159, 164, 202, 209, 210, 225, 236, 241, 242, 243, 252, 285],
      ...[290, 319, 394, 432, 439, 497, 516, 720, 999, 1000, 1002],
    ];
    for (const code of repairable) {
      expect(classifyException(500, code)).toBe('retryable');
    }
  });

  it('from a view are told apart from those of the table', () => {
    expect(isPushingToView('Code: 53: while pushing to view otel.v')).toBe(true);
    expect(isPushingToView('Code: 53: type mismatch')).toBe(false);
  });
});

describe('settings by version', () => {
  it('ask for deduplication in the words that the version obeys', () => {
    expect(dedupSettings('25.8.1.1')).not.toHaveProperty('deduplicate_insert');
    expect(dedupSettings('26.1.3.9')).not.toHaveProperty('deduplicate_insert');
    for (const version of ['26.2.1.1', '26.7.2.1', '27.1.1.1']) {
      expect(dedupSettings(version)).toMatchObject({ deduplicate_insert: 'enable' });
    }
  });
});
