/** Snapshots as `obsctl up` runs them: a real Postgres into a real engine, and one that fails. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { describeWithPeer } from '../../test/support/peer.ts';
import { type PostgresServer, startPostgres } from '../../test/support/postgres.ts';
import { ask, snapshotConfig } from '../../test/support/snapshot.ts';
import type { CliContext } from '../context.ts';
import { startSnapshots } from './on-schedule.ts';

const startMsMax = 120_000;
const testMsMax = 120_000;

describeWithPeer('postgres', 'snapshots inside obsctl up', (programs) => {
  let engine: TestEngine;
  let server: PostgresServer;
  beforeAll(async () => {
    [engine, server] = await Promise.all([startEngine(), startPostgres(programs)]);
    await server.psql('CREATE DATABASE shop');
    await server.psql('CREATE TABLE orders (id bigint PRIMARY KEY)', 'shop');
    await server.psql('INSERT INTO orders SELECT generate_series(1, 1000)', 'shop');
  }, startMsMax);
  afterAll(async () => {
    await engine?.stop();
    await server?.stop();
  });

  // Nobody takes the metrics: no run minds.
  const places = () => ({ clickhouseUrl: `${engine.url}/otel`, otlpHttp: 'http://127.0.0.1:9' });
  const yearly = '0 0 1 1 *';
  const configs = () => [
    snapshotConfig({
      name: 'crm',
      source: { postgres: { dsn: `\${env:CRM_DSN}` } },
      schedule: yearly,
    }),
    snapshotConfig({ schedule: yearly }),
    snapshotConfig({ name: 'by-hand' }),
  ];

  it(
    'run at once when they never ran, and one that fails holds up no other',
    async () => {
      const { context, said } = listening({ SHOP_DSN: server.dsn('shop') });
      const schedule = await startSnapshots(configs(), places(), context);
      await said(/^snapshot shop: next run (?!now)/m);
      await schedule.stop();
      const text = await said(/./);
      expect(text).toMatch(/^snapshot shop: 1 table, 1,000 rows, verified, in \d+\.\d s$/m);
      expect(text).toMatch(/^snapshot crm: OBS-6047: .*CRM_DSN is not set; the tables stay/m);
      expect(text).toMatch(/^snapshot crm: next run \d{4}-01-01 00:00 UTC$/m);
      expect(text).not.toContain('by-hand');
      expect(await ask(engine.url, 'SELECT count(), max(id) FROM shop.orders')).toEqual([
        '1000\t1000',
      ]);
    },
    testMsMax,
  );

  it(
    'that ran within their period wait for the next one after a new start',
    async () => {
      const { context, said } = listening({ SHOP_DSN: server.dsn('shop') });
      const schedule = await startSnapshots(configs(), places(), context);
      const text = await said(/^snapshot crm: OBS-6047/m);
      await schedule.stop();
      expect(text).toMatch(/^snapshot shop: next run \d{4}-01-01 00:00 UTC$/m);
      expect(text).not.toContain('snapshot shop: next run now');
    },
    testMsMax,
  );
});

/** A context that keeps what is said; `said` resolves, with all of it, once it matches. */
function listening(env: CliContext['env']) {
  let text = '';
  let look = (): void => {};
  const context: CliContext = {
    env,
    stdout: () => {},
    stderr: (more) => {
      text += more;
      look();
    },
    isTerminal: false,
    signal: new AbortController().signal,
    exitWith: () => {},
  };
  const said = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      look = () => {
        if (pattern.test(text)) resolve(text);
      };
      look();
    });
  return { context, said };
}
