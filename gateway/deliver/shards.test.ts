import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { traceBody } from '../decode/testdata/load.ts';
import { createDestination, type Destination } from './destination.ts';
import { createInsertClient, type InsertClient } from './insert-client.ts';
import { createShards, isShard, shardName } from './shards.ts';

const seal = 7n;
const spansCount = 60;
const engines: TestEngine[] = [];
const clients: InsertClient[] = [];
let servers: readonly Destination[];
let units: readonly EncodedUnit[];

const ask = async (engine: TestEngine, sql: string): Promise<string> => {
  const answer = await fetch(engine.url, { method: 'POST', body: sql });
  const text = (await answer.text()).trim();
  if (!answer.ok) throw new Error(text);
  return text;
};

beforeAll(async () => {
  for (const _ of ['first', 'second']) {
    const engine = await startEngine();
    engines.push(engine);
    const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
    await migrate(clickhouse);
    await clickhouse.close();
    clients.push(createInsertClient({ url: engine.url, database: 'otel', connectionsMax: 2 }));
  }
  servers = clients.map((client) =>
    createDestination({ client, database: 'otel', insertTimeoutMs: 20_000, clock: systemClock }),
  );
  const receivedAtNs = BigInt(Date.now()) * 1_000_000n;
  const blocks = createOpenBlocks({ shards: 2 });
  const body = traceBody(spansCount, 3, receivedAtNs);
  decodeInto(blocks, { signal: 'traces', contentType: 'protobuf', body, receivedAtNs });
  units = blocks.encode(seal).filter(({ table }) => table === 'otel_traces');
}, 120_000);

afterAll(async () => {
  for (const client of clients) client.destroy();
  await Promise.all(engines.map((engine) => engine.stop()));
});

describe('units of several shards', () => {
  it('go to the server that their partition names, and are counted there', async () => {
    const shards = createShards(servers);
    expect(units.length).toBeGreaterThan(1);
    for (const unit of units) {
      const server = shards.of(unit.partition);
      expect(await server.insertUnit(unit, `token-${unit.partition}`)).toMatchObject({ ok: true });
      expect(await server.countSeal(unit.table, unit.partition, seal)).toEqual({
        known: true,
        rows: unit.rows,
      });
    }
    for (const [index, engine] of engines.entries()) {
      const here = units.filter(({ partition }) => shards.of(partition) === servers[index]);
      const rows = here.reduce((sum, unit) => sum + unit.rows, 0);
      expect(rows).toBeGreaterThan(0);
      expect(await ask(engine, 'SELECT count() FROM otel.otel_traces')).toBe(String(rows));
    }
  });

  it('wait when their shard is named no more', async () => {
    const shards = createShards(servers.slice(0, 1));
    const unit = units.find(({ partition }) => partition.endsWith('@1'))!;
    const sent = await shards.of(unit.partition).insertUnit(unit, 'token');
    expect(sent).toMatchObject({ ok: false, kind: 'retryable', ambiguous: false });
    expect(sent).toMatchObject({ message: expect.stringContaining('names no shard 2 any more') });
    const count = await shards.of(unit.partition).countSeal(unit.table, unit.partition, seal);
    expect(count).toMatchObject({ known: false, reason: 'failed' });
  });

  it('wait under the name of their shard, which is no table', () => {
    expect([shardName('2026-11-21'), shardName('2026-11-21@1')]).toEqual(['shard 1', 'shard 2']);
    expect(['shard 1', 'otel_traces'].map(isShard)).toEqual([true, false]);
  });
});

/**
 * A stand-in that only listens: the embedded engine makes no Distributed tables, because they
 * reach other servers.
 */
describe('replicas of a shard', () => {
  it('take nothing into tables that do not share their tokens', async () => {
    const unit = units[0]!;
    const alone = createDestination({
      ...{ client: clients[0]!, database: 'otel', insertTimeoutMs: 5_000, clock: systemClock },
      mustBeReplicated: true,
    });
    const before = await alone.countSeal(unit.table, unit.partition, seal);
    expect(await alone.insertUnit(unit, 'elsewhere')).toMatchObject({
      ...{ ok: false, kind: 'retryable', ambiguous: false },
      message: expect.stringContaining(
        'otel.otel_traces is MergeTree: --clickhouse names replicas',
      ),
    });
    expect(before.known).toBe(false);
  });
});

describe('a server of a cluster', () => {
  it('is asked and given rows by the table behind the one that readers ask', async () => {
    const heard: string[] = [];
    const server = createServer(async (request, response) => {
      const inUrl = new URL(request.url ?? '', 'http://x').searchParams.get('query');
      const sql = inUrl ?? Buffer.concat(await request.toArray()).toString();
      if (inUrl !== null) await request.toArray();
      heard.push(sql.replace(/ \(.*/, ''));
      response.end(answerTo(sql));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = createInsertClient({ url, database: 'otel', connectionsMax: 2 });
    const destination = createDestination({
      ...{ client, database: 'otel', insertTimeoutMs: 5_000, clock: systemClock },
    });
    const unit = units[0]!;
    expect(await destination.insertUnit(unit, 'token')).toMatchObject({ ok: true });
    expect(await destination.countSeal(unit.table, unit.partition, seal)).toMatchObject({
      rows: 5,
    });
    expect(await destination.tokenMayLie(unit.table)).toBe(false);
    const named = heard.filter((sql) => /^(DESCRIBE|INSERT|SELECT count)/.test(sql));
    expect(named).toHaveLength(3);
    for (const sql of named) expect(sql).toContain('otel_traces_local');
    client.destroy();
    server.close();
  });
});

function answerTo(sql: string): string {
  if (sql.startsWith('SELECT version()')) return '26.7.2.1';
  if (sql.startsWith('SELECT engine')) {
    return sql.includes("'otel_traces_local'") ? 'ReplicatedMergeTree' : 'Distributed';
  }
  if (sql.startsWith('DESCRIBE')) return 'TraceId\tString\t\nSeal\tUInt64\t\n';
  return sql.startsWith('SELECT count') ? '5' : '';
}
