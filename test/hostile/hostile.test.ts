/**
 * Every attack for a moment, on one gateway: each attempt ends as it may, a healthy client is
 * answered all the while, memory stays bounded, and in the end nothing is in flight. What it does
 * to latency is measured by `npm run bench -- hostile`, not here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startGateway } from '../support/gateway.ts';
import { carryOut, surprises } from './attack.ts';
import { attacks } from './attacks.ts';
import { whileHealthy } from './healthy.ts';

const seconds = 0.6;
/** Full load's 600 MB, and what bodies of up to 64 MB take beside it. */
const memoryBytesMax = 1_000 * 1024 ** 2;
const connectionsMax = 20;

jest.setTimeout(120_000);

let gateway: Awaited<ReturnType<typeof startGateway>>;

beforeAll(async () => {
  gateway = await startGateway({ clickhouseUrl: 'http://127.0.0.1:9', workers: 1 });
});
afterAll(async () => {
  await gateway?.stop();
});

async function gauge(name: string): Promise<number> {
  const text = await (await fetch(`${gateway.admin}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`obsctl_gateway_${name}`));
  expect(lines.length).toBeGreaterThan(0);
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('hostile senders', () => {
  it.each(attacks.map((attack) => [attack.fault, attack.id, attack] as const))(
    '%s %s: ends as it may, and a healthy client is answered',
    async (_fault, _id, attack) => {
      const target = {
        httpPort: Number(new URL(gateway.http).port),
        grpcPort: Number(gateway.grpc.split(':')[1]),
      };
      const { health, result } = await whileHealthy(gateway, () =>
        carryOut(attack, target, seconds),
      );
      expect(result.attempts).toBeGreaterThan(0);
      expect([attack.id, surprises(attack, result), result.outcomes]).toEqual([
        attack.id,
        [],
        result.outcomes,
      ]);
      expect(health.refused).toEqual([]);
      expect(health.sent).toBeGreaterThan(5);
    },
  );

  it('leave nothing in flight, no connection, and memory within its bound', async () => {
    const endMs = performance.now() + 10_000;
    while (performance.now() < endMs) {
      if ((await gauge('in_flight_size')) === 0 && (await gauge('connections')) < connectionsMax)
        break;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect(await gauge('in_flight_size')).toBe(0);
    expect(await gauge('connections')).toBeLessThan(connectionsMax);
    expect((await fetch(`${gateway.admin}/livez`)).status).toBe(200);
    const status = `/proc/${gateway.pid}/status`;
    if (!existsSync(status)) return;
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1];
    expect(Number(peak) * 1024).toBeLessThan(memoryBytesMax);
  });
});
