/** The guard in front of both servers, with clients not ours: grpc-js, Node's own, SDKs. */
import { connect as connectPlain } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OTLPTraceExporter as TraceGrpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as TraceProto } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import {
  authority,
  basic,
  bearer,
  call,
  GuardedServers,
  plain,
  post,
  secure,
} from '../../test/support/guarded.ts';

let servers: GuardedServers;

beforeEach(() => {
  servers = new GuardedServers();
});

afterEach(async () => {
  await servers.close();
  expect(servers.admission.inFlightBytes).toBe(0);
});

describe.each(['plain', 'TLS'] as const)('over %s, credentials', (kind) => {
  const tls =
    kind === 'TLS'
      ? authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] })
      : undefined;
  const ca = tls === undefined ? {} : { ca: authority.certificate };
  const channel = () => (tls === undefined ? plain : secure());

  it('let in who has them, and give the tenant', async () => {
    const { grpc: grpcServer, http } = await servers.start({ ...(tls && { tls }) });
    expect(await post(http, { authorization: bearer }, ca)).toMatchObject({ status: 200 });
    expect(await post(http, { authorization: basic }, ca)).toMatchObject({ status: 200 });
    expect(await call(grpcServer, channel(), bearer)).toMatchObject({ code: 0, details: '' });
    expect(servers.lane.submissions.map(({ tenant }) => tenant)).toEqual(['shop', 'shop', 'shop']);
  });

  it.each([
    ['none', undefined, 'no_credentials'],
    ['wrong ones', 'Bearer checkout.guessed', 'bad_credentials'],
  ])('turn away who has %s, with a hint and nothing else', async (_name, given, reason) => {
    const { grpc: grpcServer, http } = await servers.start({ ...(tls && { tls }) });
    const reply = await post(http, given === undefined ? {} : { authorization: given }, ca);
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer .*Basic /);
    expect(JSON.parse(reply.text)).toMatchObject({ code: 16 });
    const refused = await call(grpcServer, channel(), given);
    expect(refused.code).toBe(grpc.status.UNAUTHENTICATED);
    expect(refused.details).toMatch(/credentials/);
    expect(refused.details + reply.text).not.toMatch(/checkout|shop|guessed|sha256/);
    expect(servers.counters.events).toEqual([`refused http ${reason}`, `refused grpc ${reason}`]);
    expect(servers.lane.submissions).toEqual([]);
  });
});

describe('a body without credentials', () => {
  it('is answered before it has come', async () => {
    const { http } = await servers.start();
    const socket = connectPlain(http.address.port, '127.0.0.1');
    const head = 'POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    socket.write(`${head}content-length: 9000000\r\n\r\n`);
    const [answer] = (await Promise.race([
      new Promise((resolve) => socket.once('data', (chunk) => resolve([String(chunk)]))),
    ])) as [string];
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    expect(servers.admission.inFlightBytes).toBe(0);
    socket.destroy();
  });
});

describe('stock exporters', () => {
  it('send through TLS with a bearer token', async () => {
    const tls = authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] });
    const { grpc: grpcServer, http } = await servers.start({ tls });
    const metadata = new grpc.Metadata();
    metadata.set('authorization', bearer);
    const overGrpc = new TraceGrpc({
      url: `https://localhost:${grpcServer.address.port}`,
      credentials: secure(),
      metadata,
    });
    const overHttp = new TraceProto({
      url: `https://localhost:${http.address.port}/v1/traces`,
      headers: { authorization: bearer },
      httpAgentOptions: { ca: authority.certificate },
    });
    for (const exporter of [overGrpc, overHttp]) {
      const result = await new Promise<{ code: number }>((resolve) => {
        exporter.export(spans(), resolve);
      });
      expect(result.code).toBe(0);
      await exporter.shutdown();
    }
    expect(servers.lane.submissions.map(({ tenant, transport }) => [tenant, transport])).toEqual([
      ['shop', 'grpc'],
      ['shop', 'http'],
    ]);
  });
});

function spans(): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  provider.getTracer('test').startSpan('span').end();
  return exporter.getFinishedSpans();
}

describe('networks', () => {
  it.each(['plain', 'TLS'])('are asked before anything is read (%s)', async (kind) => {
    const tls =
      kind === 'TLS'
        ? authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] })
        : undefined;
    const guard = { allowFrom: ['10.0.0.0/8'] };
    const { grpc: grpcServer, http } = await servers.start({ guard, ...(tls && { tls }) });
    for (const { address } of [grpcServer, http]) {
      const socket = connectPlain(address.port, '127.0.0.1');
      let heard = 0;
      socket.on('data', (chunk) => {
        heard += chunk.length;
      });
      socket.on('error', () => {});
      await new Promise((resolve) => socket.on('close', resolve));
      expect(heard).toBe(0);
    }
    expect(servers.counters.events).toEqual(['refused grpc network', 'refused http network']);
  });
});

describe('a tenant over its quota', () => {
  it('is told when to come back, in the words that exporters retry on', async () => {
    const guard = { tenants: { shop: { bytesPerSecond: 0.01 } } };
    const { grpc: grpcServer, http } = await servers.start({ guard });
    const headers = { authorization: bearer };
    expect((await post(http, headers)).status).toBe(200);
    const reply = await post(http, headers);
    expect(reply.status).toBe(429);
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(100);
    expect(JSON.parse(reply.text)).toMatchObject({
      code: 8,
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo' }],
    });
    const refused = await call(grpcServer, plain, bearer);
    expect(refused.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    expect(String(refused.retryInfo)).toContain('google.rpc.RetryInfo');
    expect(servers.counters.events.slice(-2)).toEqual([
      'refused http over_quota',
      'refused grpc over_quota',
    ]);
    expect(servers.lane.submissions).toHaveLength(1);
  });
});

describe('a browser', () => {
  const origins = ['https://shop.example'];
  const asks = { 'access-control-request-method': 'POST' };
  const ask = { method: 'OPTIONS' };

  it('is told that pages of an allowed origin may send, without credentials', async () => {
    const { http } = await servers.start({ origins });
    const reply = await post(http, { ...asks, origin: 'https://shop.example' }, ask);
    expect(reply).toMatchObject({ status: 204, text: '' });
    expect(reply.headers['access-control-allow-origin']).toBe('https://shop.example');
    const sent = await post(http, { origin: 'https://shop.example', authorization: bearer });
    expect(sent.status).toBe(200);
    expect(sent.headers['access-control-allow-origin']).toBe('https://shop.example');
    // A page must be able to read why it was turned away, too.
    const refused = await post(http, { origin: 'https://shop.example' });
    expect(refused.status).toBe(401);
    expect(refused.headers['access-control-allow-origin']).toBe('https://shop.example');
  });

  it('of another origin is turned away with its request', async () => {
    const { http } = await servers.start({ origins });
    const asked = await post(http, { ...asks, origin: 'https://evil.example' }, ask);
    const sent = await post(http, { origin: 'https://evil.example', authorization: bearer });
    for (const reply of [asked, sent]) {
      expect(reply.status).toBe(403);
      expect(reply.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(servers.counters.events).toEqual(['refused http origin', 'refused http origin']);
    expect(servers.lane.submissions).toEqual([]);
  });

  it('hears nothing of origins where none are set', async () => {
    const { http } = await servers.start();
    const asked = await post(http, { ...asks, origin: 'https://shop.example' }, ask);
    expect(asked.status).toBe(405);
    const names = Object.keys(asked.headers);
    expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});
