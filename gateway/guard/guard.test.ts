import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority } from '../../test/support/certificates.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { isNetwork, isOriginPattern } from './config.ts';
import { corsOf, preflightHeaders } from './cors.ts';
import { parseCredentials } from './credentials.ts';
import { SenderGuard } from './guard.ts';
import { type GuardFiles, type GuardMaterial, keepMaterial } from './material.ts';
import { networksOf } from './networks.ts';
import { createQuotaMemory, Quotas } from './quotas.ts';
import { hashSecret, isSecretOf, newSecret, parseHash, secretFault } from './secret.ts';
import { parseTenantSpec, type TenantQuotas } from './tenants.ts';

const secret = newSecret();
const hashed = hashSecret(secret);
const never = Number.MAX_SAFE_INTEGER;
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('a secret', () => {
  it('is 256 random bits, kept as a salted hash that does not hold it', () => {
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(newSecret()).not.toBe(secret);
    expect(hashSecret(secret)).not.toBe(hashed);
    expect(hashed).not.toContain(secret);
    const parsed = parseHash(hashed);
    expect(parsed !== undefined && isSecretOf(parsed, secret)).toBe(true);
    expect(parsed !== undefined && isSecretOf(parsed, `${secret}x`)).toBe(false);
    expect(parsed !== undefined && isSecretOf(parsed, '')).toBe(false);
  });

  it('that somebody thought up is not taken', () => {
    expect(secretFault('hunter2')).toMatch(/fewer than 32/);
    expect(secretFault('secret'.repeat(10))).toMatch(/ten different/);
    expect(secretFault('pass word with spaces and some more text')).toMatch(/other characters/);
    expect(secretFault(newSecret())).toBeUndefined();
  });
});

describe('credentials', () => {
  const text = [
    '# senders',
    `checkout ${hashed} tenant=shop`,
    `old ${hashed} expires=2020-01-01`,
    'node-17 certificate tenant=nodes # by its certificate',
    '',
  ].join('\r\n');
  const book = parseCredentials(text, 'file');

  it('let in who knows the secret, as bearer token or as basic auth', () => {
    const shop = { ok: true, name: 'checkout', tenant: 'shop' };
    expect(book.findHeader(`Bearer checkout.${secret}`, never)).toEqual(shop);
    expect(book.findHeader(`bearer  checkout.${secret}`, never)).toEqual(shop);
    expect(book.findHeader(basic('checkout', secret), never)).toEqual(shop);
    expect(book.findCertificate(['nobody', 'node-17'], never)).toMatchObject({ tenant: 'nodes' });
  });

  it.each([
    ['no header', undefined, 'no_credentials'],
    ['another secret', `Bearer checkout.${newSecret()}`, 'bad_credentials'],
    ['another name', `Bearer payment.${secret}`, 'bad_credentials'],
    ['no name', `Bearer ${secret}`, 'bad_credentials'],
    ['an empty secret', 'Bearer checkout.', 'bad_credentials'],
    ['half a secret', `Bearer checkout.${secret.slice(0, 20)}`, 'bad_credentials'],
    ['the hash', `Bearer checkout.${hashed}`, 'bad_credentials'],
    ['another scheme', `Digest checkout.${secret}`, 'bad_credentials'],
    ['only a scheme', 'Bearer', 'bad_credentials'],
    ['broken base64', 'Basic %%%', 'bad_credentials'],
    ['a huge header', `Bearer checkout.${'x'.repeat(100_000)}`, 'bad_credentials'],
    ['a name of Object', `Bearer __proto__.${secret}`, 'bad_credentials'],
    ['an expired line', `Bearer old.${secret}`, 'expired'],
    ['a name that only a certificate proves', `Bearer node-17.${secret}`, 'bad_credentials'],
  ])('turn away %s', (_name, header, reason) => {
    expect(book.findHeader(header, never)).toEqual({ ok: false, reason });
  });

  it('may have two secrets for one name, so that one can be exchanged', () => {
    const next = newSecret();
    const both = parseCredentials(`a ${hashed}\na ${hashSecret(next)} tenant=b`, 'file');
    expect(both.findHeader(`Bearer a.${secret}`, 0)).toMatchObject({ ok: true, tenant: '' });
    expect(both.findHeader(`Bearer a.${next}`, 0)).toMatchObject({ ok: true, tenant: 'b' });
  });

  it('may have four secrets for one name', () => {
    const four = `a ${hashed}\n`.repeat(4);
    expect(() => parseCredentials(four, 'file')).not.toThrow();
  });

  it.each([
    ['an empty file', '# nothing\n', 'file', /no credential/],
    ['a plain secret, which is not shown', `a ${secret}`, 'file:1', /sha256:SALT:DIGEST/],
    ['an unknown option', `a ${hashed}\nb ${hashed} tennant=x`, 'file:2', /tennant/],
    ['a tenant with a capital', `a ${hashed} tenant=Shop`, 'file:1', /tenant/],
    ['a day that is none', `a ${hashed} expires=soon`, 'file:1', /expires/],
    ['a name with a dot', `a.b ${hashed}`, 'file:1', /name/],
    ['a fifth secret of one name', `a ${hashed}\n`.repeat(5), 'file:5', /more than 4 lines/],
    ['a second certificate of one name', 'a certificate\n'.repeat(2), 'file:2', /more than 1 /],
  ])('name the line of %s', (_name, wrong, where, message) => {
    let caught: unknown;
    try {
      parseCredentials(wrong, 'file');
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'OBS-2052', where });
    expect(String(caught)).toMatch(message);
    expect(String(caught)).not.toContain(secret);
  });
});

describe('networks', () => {
  const networks = networksOf(['10.1.0.0/16', '192.168.7.7', 'fd00::/8', '2001:db8::1/128']);

  it.each(['10.1.2.3', '192.168.7.7', 'fd12::1', '2001:db8::1', '::ffff:10.1.0.1'])(
    'let %s in',
    (address) => expect(networks.has(address)).toBe(true),
  );

  it.each(['10.2.0.1', '192.168.7.8', 'fe80::1%eth0', '2001:db8::2', '::ffff:8.8.8.8', '', 'x'])(
    'keep %j out',
    (address) => expect(networks.has(address)).toBe(false),
  );

  it('keep out who has no address, and without a list nobody', () => {
    expect(networks.has(undefined)).toBe(false);
    expect(networksOf([]).has('8.8.8.8')).toBe(true);
  });

  it('are told from what is none', () => {
    expect(['10.0.0.0/8', '::/0', '1.2.3.4'].every(isNetwork)).toBe(true);
    expect(['10.0.0.0/33', '10.0.0/8', 'fd00::/129', 'host', '', '1.2.3.4/'].some(isNetwork)).toBe(
      false,
    );
  });
});

describe('origins', () => {
  it('are exact, or subdomains where a star says so', () => {
    const cors = corsOf(['https://shop.example', 'https://*.pages.example:8443']);
    const admitted = ['https://shop.example', 'https://a.b.pages.example:8443'];
    expect(admitted.every((origin) => cors?.admits(origin))).toBe(true);
    const others = [
      'http://shop.example',
      'https://shop.example.evil.example',
      'https://evil-shop.example',
      'https://pages.example:8443',
      'https://.pages.example:8443',
      'https://a.pages.example',
      'https://evil.example/.pages.example:8443',
      'https://evil.example#.pages.example:8443',
      'null',
    ];
    expect(others.filter((origin) => cors?.admits(origin))).toEqual([]);
    expect(corsOf([])).toBeUndefined();
    expect(corsOf(['*'])?.admits('null')).toBe(true);
  });

  it('are told from what is none', () => {
    expect(['*', 'http://a:80', 'https://*.a.example'].every(isOriginPattern)).toBe(true);
    expect(['a.example', 'https://a/', 'https://a.*', 'https://'].some(isOriginPattern)).toBe(
      false,
    );
  });

  it('may send what exporters send', () => {
    const allowed = preflightHeaders('https://a')['access-control-allow-headers'];
    for (const name of ['authorization', 'content-type', 'content-encoding']) {
      expect(allowed).toContain(name);
    }
  });
});

describe('quotas', () => {
  let nowNs = 1_000_000_000_000n;
  const second = 1_000_000_000n;
  const make = (quotas: TenantQuotas, memory = createQuotaMemory()): Quotas => {
    const made = new Quotas(quotas, memory, () => nowNs);
    made.setTenants(['', 'shop', 'other']);
    return made;
  };

  it('keep to the rate over a minute, whatever the size of requests', () => {
    const quotas = make({ shop: { itemsPerSecond: 1000 } });
    let taken = 0;
    for (let step = 0; step < 60_000; step += 7) {
      if (quotas.overdrawn('shop') === undefined) {
        const items = (step * 7919) % 3000;
        quotas.takeItems('shop', items);
        taken += items;
      }
      nowNs += (second / 1000n) * 7n;
    }
    // The rate for a minute, what a full bucket holds, and at most one request beyond.
    expect(taken).toBeGreaterThanOrEqual(60_000);
    expect(taken).toBeLessThanOrEqual(60_000 + 5000 + 3000);
  });

  it('tell for how long, and let in after exactly that', () => {
    const quotas = make({ '*': { bytesPerSecond: 100 } });
    quotas.takeBytes('shop', 1500);
    expect(quotas.overdrawn('shop')).toEqual({
      what: 'bytes',
      ratePerSecond: 100,
      retryAfterSeconds: 10,
    });
    nowNs += 10n * second;
    expect(quotas.overdrawn('shop')).toBeUndefined();
  });

  it('limit what they name, and nothing else', () => {
    const quotas = make({ shop: { bytesPerSecond: 100 }, other: { itemsPerSecond: 1 } });
    for (const tenant of ['shop', 'other', '']) {
      quotas.takeBytes(tenant, tenant === 'shop' ? 0 : 1e6);
      quotas.takeItems(tenant, tenant === 'other' ? 0 : 1e6);
      expect(quotas.overdrawn(tenant)).toBeUndefined();
    }
  });

  it('are each tenant’s own, and of all threads together', () => {
    const memory = createQuotaMemory();
    const first = make({ '*': { itemsPerSecond: 1 } }, memory);
    const second_ = make({ '*': { itemsPerSecond: 1 } }, memory);
    first.takeItems('shop', 50);
    expect(second_.overdrawn('shop')).toBeDefined();
    expect(second_.overdrawn('other')).toBeUndefined();
  });

  it('are read from one word, or not at all', () => {
    const quota = { bytesPerSecond: 10 * 1024 ** 2, itemsPerSecond: 5, logShare: 0.5 };
    expect(parseTenantSpec('shop,bytes=10Mi,items=5,log=0.5')).toEqual(['shop', quota]);
    const series = { seriesMax: 500, seriesPerMetricMax: 10 };
    expect(parseTenantSpec('*,series=500,series_per_metric=10')).toEqual(['*', series]);
    for (const wrong of ['shop', 'Shop,items=1', 'a,items=0', 'a,log=2', 'a,x=1', 'a,bytes=']) {
      expect(parseTenantSpec(wrong)).toBeUndefined();
    }
    for (const wrong of ['series=1.5', 'series=0', 'series=10000001', 'series_per_metric=5']) {
      expect(parseTenantSpec(`a,${wrong}`)).toBeUndefined();
    }
  });
});

describe('the files of the guard', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'obsctl-guard-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function put(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    return path;
  }

  const authority = createAuthority('authority');
  function putPair(daysLeft = 30): GuardFiles {
    const { certificate, key } = authority.issue({ commonName: 'gateway', daysLeft });
    return {
      tlsCertFile: put('tls.crt', certificate),
      tlsKeyFile: put('tls.key', key),
      tlsClientCaFile: undefined,
      credentialsFile: put('credentials', `a ${hashed} tenant=x`),
    };
  }

  function keep(files: GuardFiles) {
    const clock = simulatedClock(Date.now());
    const log: string[] = [];
    const changes: GuardMaterial[] = [];
    const keeper = keepMaterial(files, {
      clock,
      log: (level, message) => log.push(`${level} ${message}`),
      onChange: (material) => changes.push(material),
    });
    return { clock, log, changes, keeper };
  }

  it('are followed when they change, and their new tenants stand behind the old ones', () => {
    const { clock, changes, keeper, log } = keep(putPair());
    clock.advance(10_000);
    expect(changes).toEqual([]);
    const before = keeper.material.tls?.certificate;
    putPair();
    put('credentials', `b ${hashed} tenant=y`);
    clock.advance(3_000);
    expect(changes).toHaveLength(2);
    expect(keeper.material.tls?.certificate).not.toBe(before);
    expect(keeper.material.tenants).toEqual(['x', 'y']);
    expect(keeper.state()).toMatchObject({ applied: { tls: 1, credentials: 1 } });
    expect(log.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('that are faulty leave what was there in force, say so once, and are tried again', () => {
    const { clock, changes, keeper, log } = keep(putPair());
    const before = keeper.material;
    put('tls.crt', 'no certificate');
    put('credentials', `a ${secret}`);
    clock.advance(10_000);
    expect(keeper.material).toEqual(before);
    expect(keeper.state()).toMatchObject({
      refused: { tls: 1, credentials: 1 },
      isStale: { tls: true, credentials: true },
    });
    expect(log).toHaveLength(2);
    expect(log[0]).toMatch(/^error OBS-2051: .*tls\.crt.*stays in force$/);
    expect(log[1]).toMatch(/^error OBS-2052: .*credentials:1.*stay in force$/);
    expect(log.join()).not.toContain(secret);
    putPair();
    clock.advance(3_000);
    expect(changes).toHaveLength(2);
    expect(keeper.state().isStale).toEqual({ tls: false, credentials: false });
  });

  it.each([
    [
      'a key of another certificate',
      () => put('tls.key', authority.issue({ commonName: 'x' }).key),
    ],
    ['an ended certificate', () => putPair(-1)],
    ['a missing key', () => rmSync(join(folder, 'tls.key'))],
  ])('keep %s out', (_name, spoil) => {
    const files = putPair();
    const { clock, keeper } = keep(files);
    spoil();
    clock.advance(3_000);
    expect(keeper.state()).toMatchObject({ applied: { tls: 0 }, refused: { tls: 1 } });
    expect(() => keep(files)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^OBS-205[01]$/) }),
    );
  });

  it('wait until certificate and key have both been exchanged', () => {
    const { clock, keeper } = keep(putPair());
    const { certificate, key } = authority.issue({ commonName: 'gateway' });
    clock.advance(900);
    put('tls.crt', certificate);
    clock.advance(200);
    put('tls.key', key);
    clock.advance(3_000);
    expect(keeper.state()).toMatchObject({ applied: { tls: 1 }, refused: { tls: 0 } });
  });
});

describe('the guard', () => {
  const peer = { address: '127.0.0.1', certificateNames: [] };
  const material = (credentials: string | undefined): GuardMaterial => ({
    tls: undefined,
    credentials,
    tenants: ['shop'],
  });
  const make = (credentials: string | undefined, tenants: TenantQuotas = {}): SenderGuard =>
    new SenderGuard({
      allowFrom: [],
      tenants,
      material: material(credentials),
      quotaMemory: createQuotaMemory(),
      nowMs: () => 0,
      nowNs: () => 1n,
    });

  it('gives everybody the empty tenant when there are no credentials', () => {
    expect(make(undefined).check({}, peer)).toEqual({ ok: true, tenant: '' });
  });

  it('takes the tenant from the credentials, and forgets credentials that are gone', () => {
    const guard = make(`checkout ${hashed} tenant=shop`);
    const headers = { authorization: `Bearer checkout.${secret}` };
    expect(guard.check(headers, peer)).toEqual({ ok: true, tenant: 'shop' });
    guard.update(material(`other ${hashed} tenant=shop`));
    expect(guard.check(headers, peer)).toMatchObject({ ok: false, httpStatus: 401 });
  });

  it('says what helps and nothing that was sent', () => {
    const guard = make(`checkout ${hashed} tenant=shop`);
    const wrong = guard.check({ authorization: 'Bearer checkout.guessed-secret' }, peer);
    const none = guard.check({}, peer);
    expect(none).toMatchObject({ reason: 'no_credentials', status: { code: 16 } });
    expect(JSON.stringify([wrong, none])).not.toMatch(/checkout|guessed|shop|sha256/);
    expect(JSON.stringify(none)).toContain('OTEL_EXPORTER_OTLP_HEADERS');
  });

  it('tells a certificate without a line that it is valid but not known', () => {
    const guard = make('node certificate tenant=shop');
    const named = (name: string) => ({ ...peer, certificateNames: [name] });
    expect(guard.check({}, named('node'))).toEqual({ ok: true, tenant: 'shop' });
    expect(guard.check({}, named('stranger'))).toMatchObject({ httpStatus: 403 });
  });

  it('makes a tenant beyond its quota come back later, also one without a name', () => {
    const guard = make(undefined, { '*': { bytesPerSecond: 10 } });
    guard.received('', 1000);
    const verdict = guard.check({}, peer);
    expect(verdict).toMatchObject({ reason: 'over_quota', httpStatus: 429 });
    expect(verdict).toMatchObject({ status: { code: 8, retryAfterSeconds: 95 } });
  });
});
