import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { connectClickHouse, problemOf } from './client.ts';

type Seen = { readonly authorization: string | undefined; readonly url: string | undefined };

/** A server that answers every request the same way and keeps what it saw. */
async function answering(
  status: number,
  headers: Record<string, string>,
  body: string,
): Promise<{ url: string; seen: Seen[]; server: Server }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    seen.push({ authorization: request.headers.authorization, url: request.url });
    request.resume().on('end', () => response.writeHead(status, headers).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server };
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('connectClickHouse', () => {
  it.each([
    [
      'the URL',
      'http://ann:s%40crt@',
      { CLICKHOUSE_USER: 'env', CLICKHOUSE_PASSWORD: 'no' },
      'ann:s@crt',
    ],
    ['the environment', 'http://', { CLICKHOUSE_USER: 'bob', CLICKHOUSE_PASSWORD: 'pw' }, 'bob:pw'],
    ['the default', 'http://', {}, 'default:'],
  ])('takes credentials from %s', async (_, scheme, env, expected) => {
    const { url, seen, server } = await answering(200, {}, '');
    const connection = connectClickHouse({ url: `${scheme}${url}/shop`, env });
    try {
      await connection.run('SELECT 1');
      expect(seen[0]?.authorization).toBe(basic(expected));
      expect(connection.address).toBe(`http://${url}`);
      expect(connection.database).toBe('shop');
    } finally {
      await connection.close();
      server.close();
    }
  });

  it('asks a question once more whose connection ends, and a statement never', async () => {
    let cuts = 1;
    let requests = 0;
    const server = createServer((request, response) => {
      requests += 1;
      cuts -= 1;
      if (cuts >= 0) request.socket.destroy();
      else request.resume().on('end', () => response.end('{"one":1}\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const connection = connectClickHouse({ url });
    try {
      expect(await connection.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(requests).toBe(2);
      cuts = 2;
      await expect(connection.rows('SELECT 1 AS one')).rejects.toThrow('does not answer');
      cuts = 1;
      await expect(connection.run('INSERT INTO t VALUES (1)')).rejects.toThrow('does not answer');
      expect(requests).toBe(5);
    } finally {
      await connection.close();
      server.close();
    }
  });

  it('takes host:port without a scheme and the default database', async () => {
    const connection = connectClickHouse({ url: 'localhost:8123' });
    expect(connection).toMatchObject({
      address: 'http://localhost:8123',
      database: 'otel',
      databaseGiven: false,
    });
    await connection.close();
  });

  it.each(['', 'ftp://host', 'http://', 'tcp://ann:secret@host:9000'])(
    'refuses the URL %p without showing a password',
    (url) => {
      const made = (): unknown => connectClickHouse({ url });
      expect(made).toThrow(expect.objectContaining({ code: 'OBS-3001' }));
      expect(made).not.toThrow(/secret/);
    },
  );

  it('says which address does not answer, without the password', async () => {
    const connection = connectClickHouse({ url: 'http://ann:secret@127.0.0.1:1' });
    const failure = await connection.run('SELECT 1').catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'OBS-3002',
      reach: 'outside',
      where: 'http://127.0.0.1:1',
    });
    expect(JSON.stringify(failure)).not.toContain('secret');
    await connection.close();
  });

  it.each([
    ['516', 'OBS-3004'],
    ['62', 'OBS-3003'],
    ['159', 'OBS-3003'],
  ])('turns error %s of the server into %s', async (number, code) => {
    const text = `Code: ${number}. DB::Exception: Timeout or so. (SOME_NAME) (version 26.7)\n`;
    const { url, server } = await answering(500, { 'X-ClickHouse-Exception-Code': number }, text);
    const connection = connectClickHouse({ url });
    try {
      await expect(connection.rows('SELECT 1')).rejects.toMatchObject({ code });
    } finally {
      await connection.close();
      server.close();
    }
  });

  it('calls silence beyond the timeout unreachable', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const connection = connectClickHouse({ url, requestTimeoutMs: 50 });
    try {
      await expect(connection.run('SELECT 1')).rejects.toMatchObject({ code: 'OBS-3002' });
    } finally {
      await connection.close();
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('problemOf', () => {
  it('keeps a problem as it is and shortens a long statement', () => {
    const problem = problemOf(new Error('bad'), 'http://h', `SELECT ${'x'.repeat(900)}`);
    expect(problem.message.length).toBeLessThan(300);
    expect(problemOf(problem, 'http://other')).toBe(problem);
  });
});
