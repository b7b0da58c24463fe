/**
 * What `Distributed` does with rows, by the keys of the schema: the real engine cuts them for two
 * shards into files that wait to be sent. Nothing listens on the shards' ports.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { showDistributed } from '../../clickhouse/distributed.ts';
import { clusterOptions } from '../../clickhouse/golden.ts';
import { logs } from '../../clickhouse/schema/logs.ts';
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { shardingKeyOf } from '../../clickhouse/schema/placement.ts';
import { traceRanges, traces } from '../../clickhouse/schema/traces.ts';
import { describeWithPeers } from '../support/peer.ts';
import { type Replica, startReplica } from './replica.ts';

const isKnown = process.platform === 'linux' && process.arch === 'x64';
const refusal = isKnown ? undefined : 'the engine can be a replica on Linux x64';

const wanted = [traces, traceRanges, logs, gauge];

describeWithPeers([], 'two shards', shardsOf, refusal);

function shardsOf(): void {
  let dir: string;
  let engine: Replica;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'obsctl-shards-'));
    // Nothing here is replicated, so nobody asks for ZooKeeper.
    engine = await startReplica({ dir, shard: '01', replica: 'one', keeperPort: 1 });
    await engine.run('CREATE DATABASE otel ENGINE = Atomic');
    for (const table of wanted) {
      await engine.run(showDistributed(table, clusterOptions));
      await engine.run(`SYSTEM STOP DISTRIBUTED SENDS otel.${table.name}`);
    }
  }, 120_000);

  afterAll(async () => {
    await engine?.kill();
    await rm(dir, { recursive: true, force: true });
  });

  /** What waits in files for each of the shards, by the engine's own reader of them. */
  async function keysIn(table: string, key: string): Promise<readonly (readonly string[])[]> {
    const [found] = await engine.rows<{ path: string }>(
      `SELECT data_paths[1] AS path FROM system.tables
        WHERE database = 'otel' AND name = '${table}'`,
    );
    return await Promise.all(
      ['shard1', 'shard2'].map(async (shard) => {
        const files = `file('${found?.path}${shard}_all_replicas/*.bin', 'Distributed')`;
        // All columns: the reader of these files cannot leave one out.
        const copy = `otel.${table}_${shard}`;
        await engine.run(
          `CREATE OR REPLACE TABLE ${copy} ENGINE = Memory AS SELECT * FROM ${files}`,
        );
        const rows = await engine.rows<{ key: string }>(
          `SELECT DISTINCT toString(${key}) AS key FROM ${copy} ORDER BY key`,
        );
        return rows.map((row) => row.key);
      }),
    );
  }

  async function expectWhole(table: string, key: string, count: number): Promise<void> {
    const [first = [], second = []] = await keysIn(table, key);
    expect(first.filter((one) => second.includes(one))).toEqual([]);
    expect(first.length + second.length).toBe(count);
    // Both shards have some: neither is left out.
    expect(Math.min(first.length, second.length)).toBeGreaterThan(count / 4);
  }

  const later = 'SETTINGS distributed_foreground_insert = 0';

  it('have each trace whole on one of them, with its range', async () => {
    await engine.run(
      `INSERT INTO otel.otel_traces (Timestamp, TraceId, SpanId)
        SELECT now64(9), lower(hex(MD5(toString(number % 200)))), toString(number)
        FROM numbers(2000) ${later}`,
    );
    await engine.run(
      `INSERT INTO otel.otel_traces_trace_id_ts (TraceId, Start, End)
        SELECT lower(hex(MD5(toString(number)))), now(), now() FROM numbers(200) ${later}`,
    );
    await expectWhole('otel_traces', 'TraceId', 200);
    await expectWhole('otel_traces_trace_id_ts', 'TraceId', 200);
    expect(await keysIn('otel_traces_trace_id_ts', `${shardingKeyOf('otel_traces')} % 2`)).toEqual([
      ['0'],
      ['1'],
    ]);
    expect(await keysIn('otel_traces', `${shardingKeyOf('otel_traces')} % 2`)).toEqual([
      ['0'],
      ['1'],
    ]);
  });

  it('have the records of a resource together, and the points of a series', async () => {
    await engine.run(
      `INSERT INTO otel.otel_logs (Timestamp, Body, ResourceAttributes)
        SELECT now64(9), toString(number), map('k8s.pod.name', toString(number % 100))
        FROM numbers(1000) ${later}`,
    );
    await expectWhole('otel_logs', "ResourceAttributes['k8s.pod.name']", 100);
    await engine.run(
      `INSERT INTO otel.otel_metrics_gauge (TimeUnix, MetricName, ServiceName, Attributes, Value)
        SELECT now64(9) - number, 'cpu', 'shop', map('core', toString(number % 100)), number
        FROM numbers(1000) ${later}`,
    );
    await expectWhole('otel_metrics_gauge', "Attributes['core']", 100);
  });
}
