/** TLS and mutual TLS of both servers, with OpenSSL on the other side. */
import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority, type Issued } from '../../test/support/certificates.ts';
import {
  authority,
  bearer,
  call,
  GuardedServers,
  materialOf,
  post,
  secure,
} from '../../test/support/guarded.ts';
import { until } from '../../test/support/receiving.ts';

const strangers = createAuthority('strangers');

let servers: GuardedServers;

beforeEach(() => {
  servers = new GuardedServers();
});

afterEach(async () => {
  await servers.close();
  expect(servers.admission.inFlightBytes).toBe(0);
});

describe('TLS', () => {
  const tls = authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] });

  it.each(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const)('%s', async (version) => {
    const { grpc: grpcServer, http } = await servers.start({ tls });
    const isOld = version === 'TLSv1' || version === 'TLSv1.1';
    for (const { address } of [grpcServer, http]) {
      const options = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
      const protocol = await handshake(address.port, options).catch(() => 'refused');
      expect(protocol).toBe(isOld ? 'refused' : version);
    }
  });

  it('ends a connection that does not shake hands', async () => {
    const { grpc: grpcServer, http } = await servers.start({
      tls,
      limits: { headersTimeoutMs: 200 },
    });
    for (const { address } of [grpcServer, http]) {
      for (const bytes of [Buffer.alloc(0), Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00])]) {
        const socket = connectPlain(address.port, '127.0.0.1');
        socket.on('error', () => {}).resume();
        socket.write(bytes);
        await new Promise((resolve) => socket.on('close', resolve));
      }
    }
    await until(() => grpcServer.connectionCount() + http.connectionCount() === 0);
    expect(servers.counters.events).toContain('refused grpc tls');
  });

  it('counts a plain request as a failed handshake, once', async () => {
    const { http } = await servers.start({ tls });
    await expect(post(http)).rejects.toThrow();
    await until(() => servers.counters.events.length > 0);
    expect(servers.counters.events).toEqual(['refused http tls']);
  });

  it('exchanges its certificate while requests are under way; new connections see it', async () => {
    const { grpc: grpcServer, http } = await servers.start({ tls });
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
    const { grpc: grpcServer, http } = await servers.start({ tls, clients: authority });
    expect((await post(http, {}, of(node))).status).toBe(200);
    expect(await call(grpcServer, secure(node))).toMatchObject({ code: 0 });
    expect(servers.lane.submissions.map(({ tenant }) => tenant)).toEqual(['nodes', 'nodes']);
  });

  it('lets a header decide where there is one', async () => {
    const { http } = await servers.start({ tls, clients: authority });
    await post(http, { authorization: bearer }, of(other));
    expect(servers.lane.submissions.map(({ tenant }) => tenant)).toEqual(['shop']);
    expect((await post(http, { authorization: 'Bearer a.b' }, of(node))).status).toBe(401);
  });

  it('tells a known certificate from an unknown one', async () => {
    const { grpc: grpcServer, http } = await servers.start({ tls, clients: authority });
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
    const { grpc: grpcServer, http } = await servers.start({ tls, clients: authority });
    const options = client === undefined ? { ca: authority.certificate } : of(client);
    await expect(post(http, { authorization: bearer }, options)).rejects.toThrow();
    const refused = await call(grpcServer, secure(client), bearer);
    expect(refused.code).toBe(grpc.status.UNAVAILABLE);
    expect(servers.lane.submissions).toEqual([]);
    await until(() => servers.counters.events.includes('refused grpc tls'));
    expect(new Set(servers.counters.events)).toEqual(
      new Set(['refused http tls', 'refused grpc tls']),
    );
  });
});
