/** The guard in front of both servers, with clients that are not ours: grpc-js, Node's own, SDKs. */
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
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
import { systemClock } from '../../core/clock.ts';
import { type Authority, createAuthority, type Issued } from '../../test/support/certificates.ts';
import { RecordingCounters, RecordingLane, until } from '../../test/support/receiving.ts';
import { Admission } from '../receive/admission.ts';
import { startGrpc } from '../receive/grpc.ts';
import { startHttp } from '../receive/http.ts';
import type { Receiver } from '../receive/receiver.ts';
import { corsOf } from './cors.ts';
import { type Guard, type GuardOptions, SenderGuard } from './guard.ts';
import { createQuotaMemory } from './quotas.ts';
import { hashSecret, newSecret } from './secret.ts';
import { checkTls, type TlsMaterial } from './tls.ts';

const secret = newSecret();
const bearer = `Bearer checkout.${secret}`;
const credentials = [
  `checkout ${hashSecret(secret)} tenant=shop`,
  'node-17 certificate tenant=nodes',
].join('\n');
const exportPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

const authority = createAuthority('authority');
const strangers = createAuthority('strangers');
let lane: RecordingLane;
let counters: RecordingCounters;
let admission: Admission;
let open: Receiver[] = [];

beforeEach(() => {
  lane = new RecordingLane();
  counters = new RecordingCounters();
  admission = new Admission(10_000_000);
});

afterEach(async () => {
  await Promise.all(open.map((receiver) => receiver.close(0)));
  open = [];
  expect(admission.inFlightBytes).toBe(0);
});

type Options = {
  readonly guard?: Partial<GuardOptions>;
  readonly tls?: Issued;
  readonly clients?: Authority;
  readonly origins?: readonly string[];
};

function guardOf(options: Partial<GuardOptions> = {}): Guard {
  return new SenderGuard({
    allowFrom: [],
    tenants: {},
    material: { tls: undefined, credentials, tenants: ['shop', 'nodes'] },
    quotaMemory: createQuotaMemory(),
    nowMs: systemClock.nowMs,
    nowNs: () => process.hrtime.bigint(),
    ...options,
  });
}

function materialOf(issued: Issued, clients?: Authority): TlsMaterial {
  const files = { ...issued, clientAuthorities: clients?.certificate };
  return checkTls(files, { certificate: 'crt', key: 'key', clients: 'ca' }, Date.now());
}

async function start(options: Options = {}): Promise<{ grpc: Receiver; http: Receiver }> {
  const common = {
    host: '127.0.0.1',
    port: 0,
    acceptor: lane,
    admission,
    counters,
    clock: systemClock,
    guard: guardOf(options.guard),
    tls: options.tls && materialOf(options.tls, options.clients),
  };
  const started = {
    grpc: await startGrpc(common),
    http: await startHttp({ ...common, cors: corsOf(options.origins ?? []) }),
  };
  open.push(started.grpc, started.http);
  return started;
}

type Reply = {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
};

/** One POST of JSON by Node's own client; `ca` makes it TLS. */
function post(
  { address }: Receiver,
  headers: Record<string, string> = {},
  options: RequestOptions = {},
): Promise<Reply> {
  const isTls = options.ca !== undefined;
  return new Promise((resolve, reject) => {
    const sent = (isTls ? tlsRequest : plainRequest)(
      {
        host: '127.0.0.1',
        port: address.port,
        path: '/v1/logs',
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', ...headers },
        ...options,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    sent.on('error', reject);
    sent.end(options.method === 'OPTIONS' ? undefined : '{}');
  });
}

type Call = { readonly code: number; readonly details: string; readonly retryInfo: Buffer };

function call(
  { address }: Receiver,
  channel: grpc.ChannelCredentials,
  authorization?: string,
): Promise<Call> {
  const client = new grpc.Client(`127.0.0.1:${address.port}`, channel, {
    'grpc.enable_retries': 0,
    // It may not be an address (RFC 6066), which grpc-js would otherwise give.
    'grpc.ssl_target_name_override': 'localhost',
  });
  const metadata = new grpc.Metadata();
  if (authorization !== undefined) metadata.set('authorization', authorization);
  const same = (bytes: Buffer): Buffer => bytes;
  const deadline = Date.now() + 10_000;
  return new Promise((resolve) => {
    const body = Buffer.alloc(0);
    client.makeUnaryRequest(exportPath, same, same, body, metadata, { deadline }, (error) => {
      client.close();
      const [bytes] = error?.metadata.get('grpc-status-details-bin') ?? [];
      const retryInfo = Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0);
      resolve({ code: error?.code ?? 0, details: error?.details ?? '', retryInfo });
    });
  });
}

const plain = grpc.credentials.createInsecure();
const secure = (client?: Issued): grpc.ChannelCredentials =>
  grpc.credentials.createSsl(
    Buffer.from(authority.certificate),
    client && Buffer.from(client.key),
    client && Buffer.from(client.certificate),
  );

describe.each(['plain', 'TLS'] as const)('over %s, credentials', (kind) => {
  const tls =
    kind === 'TLS'
      ? authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] })
      : undefined;
  const ca = tls === undefined ? {} : { ca: authority.certificate };
  const channel = () => (tls === undefined ? plain : secure());

  it('let in who has them, and give the tenant', async () => {
    const { grpc: grpcServer, http } = await start({ ...(tls && { tls }) });
    expect(await post(http, { authorization: bearer }, ca)).toMatchObject({ status: 200 });
    const basic = `Basic ${Buffer.from(`checkout:${secret}`).toString('base64')}`;
    expect(await post(http, { authorization: basic }, ca)).toMatchObject({ status: 200 });
    expect(await call(grpcServer, channel(), bearer)).toMatchObject({ code: 0, details: '' });
    expect(lane.submissions.map(({ tenant }) => tenant)).toEqual(['shop', 'shop', 'shop']);
  });

  it.each([
    ['none', undefined, 'no_credentials'],
    ['wrong ones', 'Bearer checkout.guessed', 'bad_credentials'],
  ])('turn away who has %s, with a hint and nothing else', async (_name, given, reason) => {
    const { grpc: grpcServer, http } = await start({ ...(tls && { tls }) });
    const reply = await post(http, given === undefined ? {} : { authorization: given }, ca);
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer .*Basic /);
    expect(JSON.parse(reply.text)).toMatchObject({ code: 16 });
    const refused = await call(grpcServer, channel(), given);
    expect(refused.code).toBe(grpc.status.UNAUTHENTICATED);
    expect(refused.details).toMatch(/credentials/);
    expect(refused.details + reply.text).not.toMatch(/checkout|shop|guessed|sha256/);
    expect(counters.events).toEqual([`refused http ${reason}`, `refused grpc ${reason}`]);
    expect(lane.submissions).toEqual([]);
  });
});

describe('a body without credentials', () => {
  it('is answered before it has come', async () => {
    const { http } = await start();
    const socket = connectPlain(http.address.port, '127.0.0.1');
    const head = 'POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    socket.write(`${head}content-length: 9000000\r\n\r\n`);
    const [answer] = (await Promise.race([
      new Promise((resolve) => socket.once('data', (chunk) => resolve([String(chunk)]))),
    ])) as [string];
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    expect(admission.inFlightBytes).toBe(0);
    socket.destroy();
  });
});

describe('stock exporters', () => {
  it('send through TLS with a bearer token', async () => {
    const tls = authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] });
    const { grpc: grpcServer, http } = await start({ tls });
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
    expect(lane.submissions.map(({ tenant, transport }) => [tenant, transport])).toEqual([
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

describe('TLS', () => {
  const tls = authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] });

  it.each(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const)('%s', async (version) => {
    const { grpc: grpcServer, http } = await start({ tls });
    const isOld = version === 'TLSv1' || version === 'TLSv1.1';
    for (const { address } of [grpcServer, http]) {
      const options = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
      const protocol = await handshake(address.port, options).catch(() => 'refused');
      expect(protocol).toBe(isOld ? 'refused' : version);
    }
  });

  it('counts a plain request as a failed handshake, once', async () => {
    const { http } = await start({ tls });
    await expect(post(http)).rejects.toThrow();
    await until(() => counters.events.length > 0);
    expect(counters.events).toEqual(['refused http tls']);
  });

  it('exchanges its certificate while requests are under way; new connections see it', async () => {
    const { grpc: grpcServer, http } = await start({ tls });
    const agentless = { ca: authority.certificate };
    const kept = await openSession(http.address.port);
    const before = kept.getPeerX509Certificate()?.serialNumber;
    let answered = 0;
    let isDone = false;
    const traffic = Promise.all(
      [http, http, http].map(async (receiver) => {
        while (!isDone) {
          expect((await post(receiver, { authorization: bearer }, agentless)).status).toBe(200);
          answered += 1;
        }
      }),
    );
    await until(() => answered > 5);
    const next = authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] });
    for (const receiver of [grpcServer, http]) receiver.setTls(materialOf(next));
    const at = answered;
    await until(() => answered > at + 10);
    isDone = true;
    await traffic;
    for (const { address } of [grpcServer, http]) {
      const fresh = await openSession(address.port);
      expect(fresh.getPeerX509Certificate()?.serialNumber).not.toBe(before);
      fresh.destroy();
    }
    kept.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    const text = await new Promise<string>((resolve) => {
      kept.once('data', (chunk) => resolve(String(chunk)));
    });
    expect(text).toMatch(/^HTTP\/1.1 404 /);
    kept.destroy();
  });
});

async function openSession(port: number): Promise<TLSSocket> {
  const ca = authority.certificate;
  const socket = connectTls({ port, host: '127.0.0.1', ca, ALPNProtocols: ['h2', 'http/1.1'] });
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject);
  });
  socket.on('error', () => {});
  return socket;
}

async function handshake(port: number, options: ConnectionOptions): Promise<string> {
  const ca = authority.certificate;
  const names = ['h2', 'http/1.1'];
  const socket = connectTls({ port, host: '127.0.0.1', ca, ALPNProtocols: names, ...options });
  return await new Promise((resolve, reject) => {
    socket.once('secureConnect', () => {
      resolve(socket.getProtocol() ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('mutual TLS', () => {
  const tls = authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] });
  const node = authority.issue({ commonName: 'pod', dnsNames: ['node-17'] });
  const other = authority.issue({ commonName: 'other' });
  const ended = authority.issue({ commonName: 'node-17', daysLeft: -1 });
  const foreign = strangers.issue({ commonName: 'node-17' });
  const of = ({ certificate, key }: Issued) => ({
    ca: authority.certificate,
    cert: certificate,
    key,
  });

  it('takes the tenant from the certificate', async () => {
    const { grpc: grpcServer, http } = await start({ tls, clients: authority });
    expect((await post(http, {}, of(node))).status).toBe(200);
    expect(await call(grpcServer, secure(node))).toMatchObject({ code: 0 });
    expect(lane.submissions.map(({ tenant }) => tenant)).toEqual(['nodes', 'nodes']);
  });

  it('lets a header decide where there is one', async () => {
    const { http } = await start({ tls, clients: authority });
    await post(http, { authorization: bearer }, of(other));
    expect(lane.submissions.map(({ tenant }) => tenant)).toEqual(['shop']);
    expect((await post(http, { authorization: 'Bearer a.b' }, of(node))).status).toBe(401);
  });

  it('tells a known certificate from an unknown one', async () => {
    const { grpc: grpcServer, http } = await start({ tls, clients: authority });
    expect((await post(http, {}, of(other))).status).toBe(403);
    expect(await call(grpcServer, secure(other))).toMatchObject({
      code: grpc.status.PERMISSION_DENIED,
    });
  });

  it.each([
    ['no certificate', undefined],
    ['one that has ended', ended],
    ['one of another authority', foreign],
  ])('ends the handshake of who has %s', async (_name, client) => {
    const { grpc: grpcServer, http } = await start({ tls, clients: authority });
    const options = client === undefined ? { ca: authority.certificate } : of(client);
    await expect(post(http, { authorization: bearer }, options)).rejects.toThrow();
    const refused = await call(grpcServer, secure(client), bearer);
    expect(refused.code).toBe(grpc.status.UNAVAILABLE);
    expect(lane.submissions).toEqual([]);
    await until(() => counters.events.includes('refused grpc tls'));
    expect(new Set(counters.events)).toEqual(new Set(['refused http tls', 'refused grpc tls']));
  });
});

describe('networks', () => {
  it.each(['plain', 'TLS'])('are asked before anything is read (%s)', async (kind) => {
    const tls =
      kind === 'TLS'
        ? authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] })
        : undefined;
    const guard = { allowFrom: ['10.0.0.0/8'] };
    const { grpc: grpcServer, http } = await start({ guard, ...(tls && { tls }) });
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
    expect(counters.events).toEqual(['refused grpc network', 'refused http network']);
  });
});

describe('a tenant over its quota', () => {
  it('is told when to come back, in the words that exporters retry on', async () => {
    const guard = { tenants: { shop: { bytesPerSecond: 0.01 } } };
    const { grpc: grpcServer, http } = await start({ guard });
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
    expect(counters.events.slice(-2)).toEqual([
      'refused http over_quota',
      'refused grpc over_quota',
    ]);
    expect(lane.submissions).toHaveLength(1);
  });
});

describe('a browser', () => {
  const origins = ['https://shop.example'];
  const asks = { 'access-control-request-method': 'POST' };
  const ask = { method: 'OPTIONS' };

  it('is told that pages of an allowed origin may send, without credentials', async () => {
    const { http } = await start({ origins });
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
    const { http } = await start({ origins });
    const asked = await post(http, { ...asks, origin: 'https://evil.example' }, ask);
    const sent = await post(http, { origin: 'https://evil.example', authorization: bearer });
    for (const reply of [asked, sent]) {
      expect(reply.status).toBe(403);
      expect(reply.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(counters.events).toEqual(['refused http origin', 'refused http origin']);
    expect(lane.submissions).toEqual([]);
  });

  it('hears nothing of origins where none are set', async () => {
    const { http } = await start();
    const asked = await post(http, { ...asks, origin: 'https://shop.example' }, ask);
    expect(asked.status).toBe(405);
    const names = Object.keys(asked.headers);
    expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});
