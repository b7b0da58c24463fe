/** The DDL of a cluster, parsed by the real engine; test/cluster runs it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAsUser } from '../test/support/as-user.ts';
import type { ClickHouse } from './client.ts';
import { clusterMacro, replicatedEngine, storedName, tableUuid } from './cluster.ts';
import { goldenClusterDdl, goldenFolder } from './golden.ts';
import { shardingKeyOf } from './schema/placement.ts';
import { tables } from './schema/tables.ts';
import { type ScriptOptions, schemaScript } from './script.ts';

let dir: string;
let sql: ClickHouse;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'obsctl-cluster-ddl-'));
  // Without the guard of `obsctl embedded`, which refuses engines that reach other machines.
  sql = await startAsUser(dir, 'default');
});

afterAll(async () => {
  await sql?.close();
  await rm(dir, { recursive: true, force: true });
});

const single: ScriptOptions = {
  database: 'otel',
  profile: 'balanced',
  flavour: 'server',
  serverVersion: [26, 7],
  retentionDays: { traces: 14 },
  views: true,
};

const statementsOf = (text: string): readonly string[] => text.split(/;\n+/).slice(0, -1);

describe('statements of a cluster', () => {
  const golden = goldenClusterDdl().map((one) => [one.table, one] as const);

  it.each(golden)('of %s are the reviewed ones', async (_, one) => {
    expect(await readFile(join(goldenFolder, one.file), 'utf8')).toBe(one.text);
  });

  it.each(golden)('of %s are read by the engine', async (_, one) => {
    for (const statement of statementsOf(one.text)) await sql.run(`EXPLAIN AST ${statement}`);
  });

  it('all reach every node, and the engine reads the whole script', async () => {
    const script = statementsOf(schemaScript({ ...single, cluster: clusterMacro }));
    // One table that stores and one that spreads, of those that are not whole on every node.
    const spread = tables.filter(({ name }) => shardingKeyOf(name) !== undefined);
    expect(script.length).toBeGreaterThan(tables.length + spread.length);
    for (const statement of script) {
      expect(statement).toContain(" ON CLUSTER '{cluster}'");
      await sql.run(`EXPLAIN AST ${statement}`);
    }
  });

  it('have views that read and write what a node stores', () => {
    const views = statementsOf(schemaScript({ ...single, cluster: clusterMacro })).filter((one) =>
      one.startsWith('CREATE MATERIALIZED VIEW'),
    );
    expect(views).toHaveLength(3);
    for (const view of views) {
      expect(view).toMatch(/^FROM otel\.otel_traces_local$/m);
      expect(view).toMatch(/^TO otel\.\w+_local$/m);
    }
  });

  it('are not those of a single server', () => {
    expect(schemaScript(single)).not.toMatch(/CLUSTER|_local|Replicated|Distributed|UUID '/);
  });
});

describe('the place of rows', () => {
  it.each(tables.map((table) => [table.name, table] as const))(
    'is known of %s',
    async (_, table) => {
      const key = shardingKeyOf(table.name);
      if (key === undefined) return;
      const name = `default.place_of_${table.name}`;
      const columns = table.columns.map((column) => `\`${column.name}\` ${column.type}`);
      await sql.run(`CREATE TABLE ${name} (${columns.join(', ')}) ENGINE = Memory`);
      const [row] = await sql.rows<{ type: string }>(
        `SELECT toTypeName(any(${key})) AS type FROM ${name}`,
      );
      expect(row?.type).toBe('UInt64');
    },
  );

  it('keeps a trace, its range and its calls together', () => {
    expect(shardingKeyOf('otel_traces')).toContain('TraceId');
    expect(shardingKeyOf('otel_traces_trace_id_ts')).toBe(shardingKeyOf('otel_traces'));
  });
});

describe('names and engines', () => {
  it('leaves the name that readers ask as it is on every topology', () => {
    expect(storedName('otel_traces', undefined)).toBe('otel_traces');
    expect(storedName('otel_traces', 'prod')).toBe('otel_traces_local');
    expect(storedName('obsctl_migrations', 'prod')).toBe('obsctl_migrations');
  });

  it('keeps the arguments of an engine behind its path', () => {
    expect(replicatedEngine('otel_traces', 'ReplacingMergeTree(Version)')).toBe(
      "ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', Version)",
    );
  });

  it('has one log over all shards for a table that is whole on every node', () => {
    expect(replicatedEngine('obsctl_migrations', 'MergeTree')).toBe(
      "ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')",
    );
  });

  it('gives every table a UUID of its own that the engine takes', async () => {
    const uuids = tables.map(({ name }) => tableUuid('otel', name));
    expect(new Set([...uuids, tableUuid('other', 'otel_traces')]).size).toBe(tables.length + 1);
    for (const uuid of uuids) {
      const [row] = await sql.rows<{ same: string }>(`SELECT toString(toUUID('${uuid}')) AS same`);
      expect(row?.same).toBe(uuid);
    }
  });
});
