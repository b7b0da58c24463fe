/**
 * One real gateway against whatever a socket can bring. Each answer is one that the contract
 * (section 5) has for the case, the process lives on within its memory, and in the end ClickHouse
 * holds exactly the items that were answered as stored, as `oracle.ts` counts them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import type { OtlpContentType, Signal } from '../../gateway/answer.ts';
import { attribute, join, len, request, span } from '../../gateway/decode/testdata/wire-writer.ts';
import { startEngine } from '../support/engine.ts';
import { startGateway } from '../support/gateway.ts';
import { seededRandom } from '../support/random.ts';
import { goldenBody, goldenJson, signals } from './golden.ts';
import * as hostile from './hostile.ts';
import { type Case, Ledger } from './ledger.ts';
import { mutate } from './mutate.ts';
import { connectSender, type HttpOptions, type Reply, type Sender } from './senders.ts';

const seed = Number(process.env['SEED'] ?? 20_261_121);
/** Above the 600 MB of full load: bodies of 64 MB are received, inflated and decoded here. */
const memoryBytesMax = 1200 * 1024 ** 2;
/** Of the gateway's processor, to find out that a bomb is one. */
const bombCpuSecondsMax = 2;
const heavyMsMax = 180_000;

// Seconds on a quiet machine; the bound is for a busy one.
jest.setTimeout(heavyMsMax);

let engine: Awaited<ReturnType<typeof startEngine>>;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let sender: Sender;
let ledger: Ledger;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url, workers: 1 });
  sender = connectSender(gateway.http, gateway.grpc);
  ledger = new Ledger(sender);
});

afterAll(async () => {
  sender?.close();
  await gateway?.stop();
  await engine?.stop();
});

const malformed = { 200: expect.any(Number), 400: expect.any(Number) };
const overBoth = { ...malformed, OK: expect.any(Number), INVALID_ARGUMENT: expect.any(Number) };

function* truncated(signal: Signal): Generator<Case> {
  for (const transport of ['http', 'grpc'] as const) {
    const body = goldenBody(signal, transport === 'http' ? 1 : 2);
    for (let size = 0; size <= body.length; size += 1) {
      yield { signal, contentType: 'protobuf', transport, body: body.subarray(0, size) };
    }
  }
}

function* truncatedJson(signal: Signal): Generator<Case> {
  const body = goldenJson(signal, 3);
  for (let size = 0; size < body.length; size += 3) {
    yield { signal, contentType: 'json', transport: 'http', body: body.subarray(0, size) };
  }
}

function* mutated(signal: Signal, contentType: OtlpContentType, count: number): Generator<Case> {
  const random = seededRandom(seed + signals.indexOf(signal));
  const golden = contentType === 'json' ? goldenJson(signal, 4) : goldenBody(signal, 5);
  for (let index = 0; index < count; index += 1) {
    const transport = contentType === 'json' || index % 2 === 0 ? 'http' : 'grpc';
    yield { signal, contentType, transport, body: mutate(golden, random) };
  }
}

describe(`damaged requests (SEED=${seed})`, () => {
  it.each(signals)('%s cut at every byte are malformed or what is left of them', async (signal) => {
    expect(await ledger.sendAll(truncated(signal))).toEqual(overBoth);
  });

  it.each(signals)('JSON %s cut short are malformed', async (signal) => {
    expect(await ledger.sendAll(truncatedJson(signal))).toEqual({ 400: expect.any(Number) });
  });

  it.each(signals)('mutated %s are malformed or what can be read of them', async (signal) => {
    expect(await ledger.sendAll(mutated(signal, 'protobuf', 1000))).toEqual(overBoth);
  });

  it.each(signals)('mutated JSON %s are malformed or what can be read', async (signal) => {
    expect(await ledger.sendAll(mutated(signal, 'json', 300))).toEqual(malformed);
  });
});

describe('requests that ask for something else', () => {
  const cases: readonly (readonly [string, HttpOptions, string])[] = [
    ['text', { headers: { 'content-type': 'text/plain' } }, '415'],
    ['no type', { headers: { 'content-type': '' } }, '415'],
    ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }, '415'],
    ['protobuf called JSON', { contentType: 'json' }, '400'],
    ['an unknown encoding', { headers: { 'content-encoding': 'br' } }, '415'],
    ['two encodings', { headers: { 'content-encoding': 'gzip, gzip' } }, '415'],
    ['plain bytes called gzip', { headers: { 'content-encoding': 'gzip' } }, '400'],
    ['plain bytes called zstd', { headers: { 'content-encoding': 'zstd' } }, '400'],
    ['an unknown path', { path: '/v1/profiles' }, '404'],
    ['a path of the prototype', { path: '/constructor' }, '404'],
    ['the root', { path: '/' }, '404'],
    ['PUT', { method: 'PUT' }, '405'],
    ['GET', { method: 'GET' }, '405'],
    ['DELETE', { method: 'DELETE' }, '405'],
  ];
  it.each(cases)('over HTTP: %s', async (_, options, status) => {
    const reply = await sender.http('traces', goldenBody('traces', 6), options);
    expect(reply).toMatchObject({ status, rejected: 0, retry: false });
    expect(reply.message).not.toBe('');
  });

  it('JSON called protobuf is malformed', async () => {
    const reply = await sender.http('logs', goldenJson('logs', 6), { contentType: 'protobuf' });
    expect(reply).toMatchObject({ status: '400', retry: false });
  });

  it('one signal at the address of another never fails on our side', async () => {
    for (const signal of signals) {
      for (const other of signals.filter((name) => name !== signal)) {
        const answered = [];
        for (const transport of ['http', 'grpc'] as const) {
          const variant = 20 + 4 * signals.indexOf(other) + (transport === 'http' ? 0 : 1);
          const body = goldenBody(signal, variant);
          const one = { signal: other, contentType: 'protobuf', transport, body } as const;
          answered.push(await ledger.send(one));
        }
        for (const reply of answered) {
          expect(['200', '400', 'OK', 'INVALID_ARGUMENT']).toContain(reply?.status);
        }
      }
    }
  });
});

describe('compressed bodies', () => {
  const zip = { gzip: gzipSync, zstd: zstdCompressSync } as const;
  const encodings = ['gzip', 'zstd'] as const;

  it.each(encodings)('a %s bomb is too large, and quickly so', async (encoding) => {
    const bomb = zip[encoding](Buffer.alloc(300 * 1024 ** 2));
    expect(bomb.length * 1000).toBeLessThan(300 * 1024 ** 2);
    const before = cpuSeconds();
    const headers = { 'content-encoding': encoding };
    const reply = await sender.http('logs', bomb, { headers });
    expect(reply).toMatchObject({ status: '413', retry: false });
    expect(cpuSeconds() - before).toBeLessThan(bombCpuSecondsMax);
  });

  it('a gzip bomb over gRPC is too large', async () => {
    const reply = await sender.grpc('logs', Buffer.alloc(100 * 1024 ** 2), true);
    expect(reply).toMatchObject({ status: 'RESOURCE_EXHAUSTED', retry: false });
  });

  it('a bomb in a bomb is no request', async () => {
    const inner = gzipSync(Buffer.alloc(50 * 1024 ** 2));
    const headers = { 'content-encoding': 'gzip' };
    const reply = await sender.http('logs', gzipSync(inner), { headers });
    expect(reply).toMatchObject({ status: '400', retry: false });
  });

  it.each(encodings)('a %s body cut at every byte is malformed', async (encoding) => {
    const body = zip[encoding](goldenBody('traces', 7));
    const headers = { 'content-encoding': encoding };
    for (let size = 1; size < body.length; size += 1) {
      const reply = await sender.http('traces', body.subarray(0, size), { headers });
      expect([size, reply.status, reply.retry]).toEqual([size, '400', false]);
    }
  });
});

describe('requests made to exhaust', () => {
  const protobuf = (
    signal: Signal,
    body: Uint8Array,
    transport: 'http' | 'grpc' = 'grpc',
  ): Promise<Reply | undefined> =>
    ledger.send({ signal, contentType: 'protobuf', transport, body });

  it.each(['http', 'grpc'] as const)('nesting 10 000 deep is malformed over %s', async (by) => {
    const depth = by === 'http' ? 10_000 : 10_001;
    const bodies = [
      ['traces', hostile.deepAttribute(depth, 'array')],
      ['traces', hostile.deepAttribute(depth, 'map')],
      ['traces', hostile.deepResource(depth)],
      ['traces', hostile.deepGroups(depth)],
      ['logs', hostile.deepBody(depth)],
    ] as const;
    for (const [signal, body] of bodies) {
      const reply = await protobuf(signal, body, by);
      expect(reply).toMatchObject({ status: by === 'http' ? '400' : 'INVALID_ARGUMENT' });
    }
  });

  it.each([
    ['arrays', hostile.jsonDeep(100_000, '[', ']')],
    ['objects', hostile.jsonDeep(100_000, '{"a":', '}')],
    ['arrays of an unknown field', hostile.jsonDeep(100_000, '{"a":[', ']}')],
    ['brackets that never close', hostile.jsonDeep(100_000, '[', '')],
    ['values', hostile.jsonDeepBody(100_000)],
  ])('JSON 100 000 deep is malformed: %s', async (_, body) => {
    const reply = await sender.http('logs', body, { contentType: 'json' });
    expect(reply).toMatchObject({ status: '400', retry: false });
  });

  it.each([0x7fff_fff0n, 0x8000_0000n, 0xffff_ffffn, 2n ** 40n, 2n ** 63n, 2n ** 64n - 1n])(
    'a length of %s that is not there is malformed',
    async (length) => {
      for (const body of hostile.lyingLengths(length)) {
        expect(await protobuf('traces', body)).toMatchObject({ status: 'INVALID_ARGUMENT' });
      }
    },
  );

  it('a million spans without ids are a million rejected', async () => {
    const reply = await protobuf('traces', hostile.emptySpans(1_000_000));
    expect(reply).toMatchObject({ status: 'OK', rejected: 1_000_000 });
    expect(reply?.message).toMatch(/trace_id/);
  });

  it('a million tiny spans are stored or too large', async () => {
    const reply = await protobuf('traces', hostile.tinySpans(1_000_000), 'http');
    expect(['200', '413']).toContain(reply?.status);
  });

  it('a span with a million attributes is stored, malformed or too large', async () => {
    const reply = await protobuf('traces', hostile.manyAttributes(1_000_000), 'http');
    expect(['200', '400', '413']).toContain(reply?.status);
  });

  it('a name of 60 MB is stored or too large, one of 70 MB is too large', async () => {
    const long = await protobuf('traces', hostile.longName(60_000_000), 'http');
    expect(['200', '413']).toContain(long?.status);
    const longer = await protobuf('traces', hostile.longName(70_000_000), 'http');
    expect(longer).toMatchObject({ status: '413', retry: false });
    const overGrpc = await protobuf('traces', hostile.longName(70_000_001), 'grpc');
    expect(overGrpc).toMatchObject({ status: 'RESOURCE_EXHAUSTED', retry: false });
  });

  it('JSON that grows beyond all bounds as protobuf is too large', async () => {
    const body = hostile.jsonNumbers(32_000_000);
    const reply = await sender.http('metrics', body, { contentType: 'json' });
    expect(reply).toMatchObject({ status: '413', retry: false });
  });
});

describe('items that can never be stored', () => {
  const lengths = [0, 1, 7, 8, 9, 15, 16, 17, 32, 300];
  const spanWith = (traceId: number, spanId: number): Uint8Array =>
    join(len(1, new Uint8Array(traceId).fill(3)), len(2, new Uint8Array(spanId).fill(3)));
  const pairs = lengths.flatMap((traceId) => lengths.map((spanId) => [traceId, spanId] as const));
  const wrong = pairs.filter(([traceId, spanId]) => traceId !== 16 || spanId !== 8);

  it.each(['http', 'grpc'] as const)('are counted exactly over %s', async (transport) => {
    const good = span(hostile.nowNs());
    const bad = wrong.map(([traceId, spanId]) => spanWith(traceId, spanId));
    const items = bad.flatMap((item, index) => (index % 3 === 0 ? [good, item] : [item]));
    const body = request(items);
    const reply = await ledger.send({ signal: 'traces', contentType: 'protobuf', transport, body });
    expect(reply).toMatchObject({ status: transport === 'http' ? '200' : 'OK' });
    expect(reply).toMatchObject({ rejected: wrong.length, message: expect.stringMatching(/_id/) });
  });

  it('are counted exactly in JSON, ids that are no hexadecimal among them', async () => {
    const good = `{"traceId":"${'ab'.repeat(16)}","spanId":"${'CD'.repeat(8)}"}`;
    const bad = ['""', '"zz"', `"${'g'.repeat(32)}"`, '"abc"', `"${'ab'.repeat(15)}"`].map(
      (id) => `{"traceId":${id},"spanId":"${'cd'.repeat(8)}"}`,
    );
    const spans = [good, ...bad, good].join(',');
    const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans}]}]}]}`;
    const body = new Uint8Array(Buffer.from(text));
    const reply = await ledger.send({
      signal: 'traces',
      contentType: 'json',
      transport: 'http',
      body,
    });
    expect(reply).toMatchObject({ status: '200', rejected: bad.length });
  });
});

describe('text that is no UTF-8', () => {
  const broken = [
    [0xff],
    [0xc3],
    [0xe2, 0x82],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xc0, 0xaf],
    [0x61, 0x80, 0x62],
    [0xef, 0xbb, 0xbf, 0x61],
    [0x00],
  ].map((bytes) => Uint8Array.from(bytes));

  it('is stored with replacement characters, as every decoder of text does', async () => {
    const marked = (bytes: Uint8Array, index: number): Uint8Array =>
      span(
        hostile.nowNs(),
        attribute(9, 'bad.utf8', String(index)),
        len(9, join(len(1, 'text'), len(2, len(1, bytes)))),
      );
    const body = request(broken.map(marked));
    const reply = await ledger.send({
      signal: 'traces',
      contentType: 'protobuf',
      transport: 'grpc',
      body,
    });
    expect(reply).toMatchObject({ status: 'OK', rejected: 0 });
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const wanted = broken.map((bytes) => Buffer.from(decoder.decode(bytes)).toString('hex'));
    const rows = await until(
      () =>
        ask<{ text: string }>(
          `SELECT lower(hex(SpanAttributes['text'])) AS text FROM otel.otel_traces
           WHERE SpanAttributes['bad.utf8'] != '' ORDER BY toUInt32(SpanAttributes['bad.utf8'])`,
        ),
      (found) => found.length === broken.length,
    );
    expect(rows.map(({ text }) => text)).toEqual(wanted);
  });
});

describe('after all that', () => {
  it('the same process is alive, ready and within its memory', async () => {
    expect((await fetch(`${gateway.admin}/livez`)).status).toBe(200);
    expect((await fetch(`${gateway.admin}/readyz`)).status).toBe(200);
    process.kill(gateway.pid, 0);
    const status = `/proc/${gateway.pid}/status`;
    if (!existsSync(status)) return;
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1];
    expect(Number(peak) * 1024).toBeLessThan(memoryBytesMax);
  });

  it('a healthy request is stored, and rows are exactly what was answered as stored', async () => {
    for (const signal of signals) {
      const body = goldenBody(signal, 8);
      const reply = await ledger.send({ signal, contentType: 'protobuf', transport: 'grpc', body });
      expect(reply).toMatchObject({ status: 'OK', rejected: 0 });
    }
    expect(await gateway.stop()).toBe(0);
    for (const [table, rows] of Object.entries(ledger.expected)) {
      const [row] = await ask<{ rows: string }>(`SELECT count() AS rows FROM otel.${table}`);
      expect([table, Number(row?.rows)]).toEqual([table, rows]);
    }
    expect(Object.keys(ledger.expected).length).toBe(7);
    const [red] = await ask<{ spans: string }>('SELECT sum(Count) AS spans FROM otel.otel_red_1s');
    expect(Number(red?.spans)).toBe(ledger.expected['otel_traces'] ?? 0);
  });
});

/** What the gateway has used; 0 where there is no /proc. */
function cpuSeconds(): number {
  const file = `/proc/${gateway.pid}/stat`;
  if (!existsSync(file)) return 0;
  const [, , ...fields] = readFileSync(file, 'utf8')
    .replace(/\(.*\)/, '()')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function ask<Row>(query: string): Promise<readonly Row[]> {
  const clickhouse = connectClickHouse({ url: engine.url });
  try {
    const result = await clickhouse.client.query({ query, format: 'JSONEachRow' });
    return await result.json<Row>();
  } finally {
    await clickhouse.close();
  }
}

async function until<Value>(
  look: () => Promise<Value>,
  isGood: (value: Value) => boolean,
): Promise<Value> {
  const endMs = performance.now() + 20_000;
  let value = await look();
  while (!isGood(value) && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    value = await look();
  }
  return value;
}
