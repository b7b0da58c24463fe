/** `obsctl up` with snapshots, as a whole: a table arrives by itself, and so do its metrics. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeWithPeer } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { type Program, startProgram } from '../support/program.ts';
import { ask } from '../support/snapshot.ts';

jest.setTimeout(240_000);

const program = join(import.meta.dirname, '../../bin/obsctl');
const rows = 1_000;
const waitMsMax = 120_000;

describeWithPeer('postgres', 'obsctl up with a snapshot', (programs) => {
  let folder: string;
  let database: PostgresServer;
  let up: Program;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'obsctl-up-'));
    database = await startPostgres(programs);
    await database.psql(
      'CREATE TABLE orders (id int PRIMARY KEY, total numeric(12,2));' +
        `INSERT INTO orders SELECT i, i / 100.0 FROM generate_series(1, ${rows}) i; ANALYZE`,
    );
    const file = join(folder, 'obs.yaml');
    await writeFile(
      file,
      'name: shop\nclickhouse: {mode: embedded}\nsnapshots:\n  - name: shop\n' +
        `    source: {postgres: {dsn: "\${env:SHOP_DSN}"}}\n` +
        '    tables: ["public.*"]\n    schedule: "0 0 1 1 *"\n',
    );
    const words = [program, 'up', '-f', file, '--data-dir', join(folder, 'data')];
    up = startProgram(process.execPath, words, { env: { SHOP_DSN: database.dsn() } });
  });
  afterAll(async () => {
    up?.kill('SIGTERM');
    await up?.ended;
    await database?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Where the engine listens that it started: its command line says so. */
  function listenOf(pid: number): string {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const words = children.map((child) =>
      readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0'),
    );
    const engine = words.find((one) => one.includes('embedded')) ?? [];
    return engine[engine.indexOf('--listen') + 1] ?? '';
  }

  async function until<Value>(what: string, look: () => Promise<Value | undefined>) {
    const deadline = Date.now() + waitMsMax;
    while (Date.now() < deadline) {
      const value = await look();
      if (value !== undefined) return value;
      await pause(100);
    }
    throw new Error(`${what} did not come:\n${up.talk()}`);
  }

  it('copies it at the start, and tells the gateway how far it is', async () => {
    await until('the run', async () => /snapshot shop: 1 table/.exec(up.talk()) ?? undefined);
    const engine = `http://${listenOf(up.pid)}`;
    expect(await ask(engine, 'SELECT count(), sum(total) FROM shop.orders')).toEqual([
      `${rows}\t5005`,
    ]);
    const sum = await until('the metric', async () => {
      const [value] = await ask(
        engine,
        'SELECT max(Value) FROM otel.otel_metrics_sum ' +
          "WHERE ServiceName = 'obsctl-snapshot' AND MetricName = 'obsctl.snapshot.rows' " +
          "AND Attributes['db.collection.name'] = 'public.orders'",
      );
      return Number(value) > 0 ? Number(value) : undefined;
    });
    expect(sum).toBe(rows);
  });
});
