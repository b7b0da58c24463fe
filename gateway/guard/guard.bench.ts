/**
 * What being asked costs: microseconds of CPU a request for the check of its headers, and the CPU
 * of requests that came through TLS against plain ones, in turn. The peer of a check is a password
 * hash, which is what secrets that people think up would need.
 */

import { spawn } from 'node:child_process';
import { scryptSync } from 'node:crypto';
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { systemClock } from '../../core/clock.ts';
import { createAuthority } from '../../test/support/certificates.ts';
import { median } from '../../test/support/figures.ts';
import { Admission } from '../receive/admission.ts';
import { startHttp } from '../receive/http.ts';
import type { Receiver } from '../receive/receiver.ts';
import { type Guard, openGuard, SenderGuard } from './guard.ts';
import { createQuotaMemory } from './quotas.ts';
import { hashSecret, newSecret } from './secret.ts';
import type { TenantQuotas } from './tenants.ts';
import { checkTls } from './tls.ts';

const checks = 200_000;
const passwordChecks = 5;
const rounds = 5;
const requests = 400;
/** About 150 spans. */
const bodyBytes = 80_000;
const peer = { address: '127.0.0.1', certificateNames: [] };

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const secret = newSecret();
  const lines = Array.from(
    { length: 1000 },
    (_, index) => `sender-${index} ${hashSecret(index === 500 ? secret : newSecret())} tenant=t`,
  ).join('\n');
  const headers = { authorization: `Bearer sender-500.${secret}` };
  const password = inTurn(passwordChecks, () => void scryptSync(secret, 'salt', 32));
  const cases: readonly (readonly [string, Guard, object])[] = [
    ['guard-off', openGuard, {}],
    ['guard-token', guardOf(lines, {}), headers],
    [
      'guard-token-quota',
      guardOf(lines, { t: { itemsPerSecond: 1e9, bytesPerSecond: 1e12 } }),
      headers,
    ],
    ['guard-wrong-token', guardOf(lines, {}), { authorization: `Bearer nobody.${secret}` }],
  ];
  for (const [bench, guard, given] of cases) {
    const runs = inTurn(checks, () => {
      const verdict = guard.check(given, peer);
      if (!verdict.ok) return;
      guard.received(verdict.tenant, 1000);
      guard.decoded(verdict.tenant, 10);
    });
    const ratio = { peer: { scrypt: median(password) }, ratio: median(runs) / median(password) };
    print(json, { bench, value: median(runs), unit: 'cpu_us_per_request', ...ratio, runs });
  }
  await benchTls(json);
}

function guardOf(credentials: string, tenants: TenantQuotas): Guard {
  return new SenderGuard({
    allowFrom: [],
    tenants,
    material: { tls: undefined, credentials, tenants: ['t'] },
    quotaMemory: createQuotaMemory(),
    nowMs: systemClock.nowMs,
    nowNs: () => process.hrtime.bigint(),
  });
}

/** Microseconds of CPU a call; the first round warms up. */
function inTurn(count: number, call: () => void): readonly number[] {
  const runs: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < count; index += 1) call();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) runs.push((user + system) / count);
  }
  return runs;
}

async function benchTls(json: boolean): Promise<void> {
  const authority = createAuthority('authority');
  const issued = authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] });
  const where = { certificate: '', key: '', clients: '' };
  const files = { ...issued, clientAuthorities: undefined };
  const tls = checkTls(files, where, systemClock.nowMs());
  const common = {
    host: '127.0.0.1',
    port: 0,
    admission: new Admission(64 * 1024 ** 2),
    clock: systemClock,
    acceptor: { submit: async () => ({ outcome: 'stored', rejected: 0, message: '' }) as const },
  };
  const [plain, secure] = [await startHttp(common), await startHttp({ ...common, tls })];
  const runs: { readonly plain: number[]; readonly tls: number[] } = { plain: [], tls: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const [left, right] = [await load(plain, false), await load(secure, true)];
    if (round === 0) continue;
    runs.plain.push(left);
    runs.tls.push(right);
  }
  print(json, {
    bench: 'guard-tls-http-80KB',
    value: median(runs.tls),
    unit: 'cpu_us_per_request',
    peer: { plain: median(runs.plain) },
    ratio: median(runs.tls) / median(runs.plain),
    runs: runs.tls,
  });
  await Promise.all([plain.close(0), secure.close(0)]);
}

/** CPU of this process, the receiver's, while a child sends over one connection. */
async function load({ address }: Receiver, isTls: boolean): Promise<number> {
  const plan = JSON.stringify({ port: address.port, isTls });
  const child = spawn(process.execPath, [import.meta.filename, plan], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const before = process.cpuUsage();
  child.stdin.end('go\n');
  await new Promise((resolve) => child.once('exit', resolve));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}

async function sendAll({ port, isTls }: { port: number; isTls: boolean }): Promise<void> {
  const agent = isTls
    ? new TlsAgent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
    : new PlainAgent({ keepAlive: true, maxSockets: 1 });
  const body = Buffer.alloc(bodyBytes);
  const send = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': bodyBytes };
      const to = { host: '127.0.0.1', port, path: '/v1/traces', method: 'POST', agent, headers };
      const sent = (isTls ? tlsRequest : plainRequest)(to, (response) => {
        response.resume().on('end', resolve);
      });
      sent.on('error', reject).end(body);
    });
  await send();
  process.stdout.write('ready\n');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  for (let index = 0; index < requests; index += 1) await send();
  agent.destroy();
}

function print(json: boolean, line: { readonly bench: string } & Record<string, unknown>): void {
  const text = JSON.stringify(line, (_key, value) =>
    typeof value === 'number' ? Number(value.toPrecision(3)) : value,
  );
  process.stdout.write(json ? `${text}\n` : `${line.bench.padEnd(22)} ${text}\n`);
}

const plan = process.argv[2];
if (plan?.startsWith('{') === true) await sendAll(JSON.parse(plan));
