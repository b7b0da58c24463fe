/** The statements of a run, letter for letter, on one server and on a cluster. */
import { describe, expect, it } from '@jest/globals';
import { wholeEngine } from '../../clickhouse/cluster.ts';
import { Dictionaries } from './dictionaries.ts';
import { makeJson } from './json.ts';
import { keptLayout, viewSql } from './kept.ts';
import { joinNodes, type Nodes, nodeNotes, nodesOf, syncNodes } from './nodes.ts';
import type { TablePlan } from './plan.ts';
import { withLock } from './run-lock.ts';
import type { Source } from './source.ts';
import { Target } from './target.ts';

type Row = Readonly<Record<string, unknown>>;
type Answer = readonly [part: string, rows: readonly Row[]];

/** A server that writes down what it is told, and answers what stands beside a part of a query. */
function fakeNodes(answers: readonly Answer[], cluster?: string) {
  const statements: string[] = [];
  const settings: unknown[] = [];
  const server = {
    ...({ address: 'fake', database: 'otel' } as Nodes),
    ...(cluster === undefined ? {} : { cluster }),
    run: async (statement: string, _?: AbortSignal, more?: unknown): Promise<void> => {
      statements.push(statement);
      settings.push(more);
    },
    rows: async <Found>(query: string) => {
      const found = answers.find(([part]) => query.includes(part))?.[1] ?? [];
      return found as unknown as Found[];
    },
  };
  return { server, statements, settings };
}

const column = {
  name: 'id',
  sourceType: 'bigint',
  isNullable: false,
  isGenerated: false,
  mapped: { type: 'Int64', types: ['Int64', 'String'], edge: 'fail', canBeNull: true },
} as const;
const plan: TablePlan = {
  name: 'orders',
  source: {
    schema: 'public',
    name: 'orders',
    kind: 'table',
    columns: [column],
    primaryKey: ['id'],
    estimatedRows: 2,
  },
  columns: [{ source: column, name: 'id', type: 'Int64', edge: 'fail' }],
  hashed: [false],
  dropped: [],
};
const dictionary = {
  name: 'order',
  plan,
  key: [{ name: 'id', type: 'Int64' }],
  attributes: [],
  layout: 'complex_key_hashed',
  lifetimeMs: 60_000,
} as const;

const run = '20260101T000000Z_ab12';
const mark = 'obsctl snapshot shop:';
/** Of a run before, as every node has it. */
const left = ['01/a', '02/a'].flatMap((node): readonly Row[] => [
  { node, name: 'order', comment: 'obsctl dictionary shop: x', engine: 'Dictionary', rows: '2' },
  { node, name: 'orders', comment: `${mark} x`, engine: 'ReplicatedMergeTree', rows: '2' },
  { node, name: 'orders__loading_dead', comment: `${mark} x`, engine: 'MergeTree', rows: '0' },
]);
const answers: readonly Answer[] = [
  ['system.databases', [{ engine: 'Atomic', uuid: 'b' }]],
  ['system.one', [{ node: '01/a' }, { node: '02/a' }]],
  ['system.clusters', [{ count: '2' }]],
  ['system.tables', left],
  ['count()', [{ node: '01/a', n: '2' }]],
];

async function statementsOf(cluster?: string): Promise<readonly string[]> {
  const { server, statements } = fakeNodes(answers, cluster);
  const target = new Target(server, 'shop', 'shop', run);
  const dictionaries = new Dictionaries(server, target, { snapshot: 'shop', run }, [dictionary]);
  await target.prepare([plan]);
  const into = await target.create(plan, 'what');
  await target.sync(into);
  const layout = keptLayout(plan, target.rowsName({ name: 'kept' }), 7n);
  const rows = await target.create(plan, 'rows of what', layout);
  await target.createView({ name: 'kept' }, target.rowsName({ name: 'kept' }), 'ab', 'SELECT 1');
  await target.swap({ name: 'kept' });
  await target.swap(plan);
  await target.attach(rows, into);
  await dictionaries.replace();
  await target.discard(plan);
  return statements;
}

/** What a cluster's statements say besides those of one server. */
const besides: readonly (readonly [RegExp, string])[] = [
  [/ UUID '[0-9a-f-]{36}'/g, ''],
  [/ ON CLUSTER 'c'/g, ''],
  [/Replicated(\w+)\('[^']*', '[^']*'(?:, )?([^)]*)\)/g, '$1($2)'],
  [/MergeTree\(\)/g, 'MergeTree'],
  [/(replicated_deduplication_window = 100000), \w+_seconds = \d+/g, 'non_$1'],
];

describe('statements of a run', () => {
  it('are these on a cluster', async () => {
    const on = "ON CLUSTER 'c'";
    const [loading, rows] = [`shop.orders__loading_${run}`, `shop.kept__rows_${run}`];
    const engine = wholeEngine('MergeTree');
    const window =
      'replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800';
    expect(await statementsOf('c')).toEqual([
      `CREATE DATABASE IF NOT EXISTS shop ${on} ENGINE = Atomic`,
      `DROP TABLE IF EXISTS shop.orders__loading_dead ${on} SYNC`,
      `CREATE TABLE ${loading} UUID '46ae4dea-928a-8278-b502-51c4412ef2f6' ${on}\n` +
        `(\n  id Int64 COMMENT 'bigint'\n)\nENGINE = ${engine}\n` +
        `ORDER BY (id)\nSETTINGS ${window}\nCOMMENT '${mark} what'`,
      `SYSTEM SYNC REPLICA ${on} ${loading}`,
      `CREATE TABLE ${rows} UUID 'd43b81e5-cf99-84e9-b22a-4564fe34f7ec' ${on}\n` +
        "(\n  id Int64 COMMENT 'bigint',\n  _version UInt64 DEFAULT 7,\n" +
        '  _deleted UInt8 DEFAULT 0\n)\n' +
        `ENGINE = ${wholeEngine('ReplacingMergeTree(_version, _deleted)')}\n` +
        `ORDER BY (id)\nSETTINGS ${window}\nCOMMENT '${mark} rows of what'`,
      `CREATE VIEW shop.kept__loading_${run} ${on} AS SELECT 1 ` +
        `COMMENT '${mark} run ${run}, rows in "kept__rows_${run}", made as ab'`,
      `RENAME TABLE shop.kept__loading_${run} TO shop.kept ${on}`,
      `EXCHANGE TABLES ${loading} AND shop.orders ${on}`,
      `RENAME TABLE ${loading} TO shop.orders__old_${run} ${on}`,
      // Not to every node: each shard would add the rows.
      `ALTER TABLE ${rows} ATTACH PARTITION tuple() FROM ${loading}`,
      `SYSTEM SYNC REPLICA ${on} ${rows}`,
      `CREATE DICTIONARY shop.order__loading_${run} ${on}\n(\n  id Int64\n)\nPRIMARY KEY id\n` +
        "SOURCE(CLICKHOUSE(DB 'shop' TABLE 'orders'))\nLIFETIME(MIN 30 MAX 60)\n" +
        'LAYOUT(COMPLEX_KEY_HASHED())\n' +
        `COMMENT 'obsctl dictionary shop: public.orders, run ${run}'`,
      `EXCHANGE DICTIONARIES shop.order__loading_${run} AND shop.order ${on}`,
      `DROP DICTIONARY IF EXISTS shop.order__loading_${run} ${on} SYNC`,
      `DROP TABLE IF EXISTS ${loading} ${on} SYNC`,
    ]);
  });

  it('are the same on one server, but for the words of a cluster', async () => {
    const plain = (text: string): string =>
      besides.reduce((said, [words, instead]) => said.replaceAll(words, instead), text);
    const cluster = (await statementsOf('c')).filter((one) => !one.startsWith('SYSTEM SYNC'));
    const alone = await statementsOf();
    expect(alone).toEqual(cluster.map(plain));
    expect(alone.join('\n')).not.toMatch(/CLUSTER|UUID|Replicated/);
  });

  it('wait for the nodes that are there, and for no other', async () => {
    const { server, settings } = fakeNodes(answers, 'c');
    await syncNodes(server, 'shop.t');
    expect(settings).toEqual([
      expect.objectContaining({ distributed_ddl_output_mode: 'throw_only_active' }),
    ]);
    const alone = fakeNodes(answers);
    await new Target(alone.server, 'shop', 'shop', run).discard(plan);
    expect(alone.settings).toEqual([undefined]);
  });

  it.each([
    [undefined, 2],
    ['c', 1],
  ])('make JSON on %s with alter_sync = %i', async (cluster, sync) => {
    const { server, statements } = fakeNodes([['JSONType', [{ count: '0' }]]], cluster);
    const noted: TablePlan = {
      ...plan,
      columns: [{ source: column, name: 'note', type: 'String', edge: 'fail', becomes: 'JSON' }],
    };
    await makeJson(server, 'shop.t', noted, new AbortController().signal);
    expect(statements).toEqual([
      `ALTER TABLE shop.t MODIFY COLUMN note JSON SETTINGS alter_sync = ${sync}`,
    ]);
  });
});

describe('a node that lacks what others have', () => {
  const having = { node: '01/a', uuid: 'u', rows: '1', name: 'my `t' };
  const nodes = (one: Row): ReturnType<typeof fakeNodes> =>
    fakeNodes(
      [
        ['system.one', [{ node: '01/a' }, { node: '02/a' }]],
        ['system.tables', [{ ...having, ...one }]],
      ],
      'c',
    );

  it('joins the log of rows, and waits for them', async () => {
    const engine = 'ReplicatedReplacingMergeTree';
    const statement = `CREATE TABLE shop.\`my \\\`t\` (\`id\` Int32) ENGINE = ${engine}('x')`;
    const { server, statements } = nodes({ engine, statement });
    await joinNodes(server, 'shop', () => true);
    expect(statements).toEqual([
      "CREATE TABLE IF NOT EXISTS shop.`my \\`t` UUID 'u' ON CLUSTER 'c' (`id` Int32) " +
        `ENGINE = ${engine}('x')`,
      "SYSTEM SYNC REPLICA ON CLUSTER 'c' shop.`my \\`t`",
    ]);
  });

  it('gets the view', async () => {
    const statement = `CREATE VIEW shop.v (\`id\` Int32) COMMENT 'x' AS ${viewSql(plan, 'a.b')}`;
    const { server, statements } = nodes({ engine: 'View', statement, name: 'v' });
    await joinNodes(server, 'shop', () => true);
    expect(statements).toEqual([
      "CREATE VIEW IF NOT EXISTS shop.v ON CLUSTER 'c' (`id` Int32) COMMENT 'x' " +
        'AS SELECT id FROM a.b FINAL',
    ]);
  });

  it('gets no empty table of rows that lie on one node', async () => {
    const { server, statements } = nodes({ engine: 'MergeTree', statement: 'CREATE TABLE a.b ()' });
    await joinNodes(server, 'shop', () => true);
    expect(statements).toEqual([]);
    const target = new Target(server, 'shop', 'shop', run);
    await expect(target.mustBeShared(having.name)).rejects.toMatchObject({ code: 'OBS-6053' });
  });

  it('refuses to be read until it has what is exchanged', async () => {
    const { server, statements } = nodes({ name: 'orders', engine: 'MergeTree' });
    await new Target(server, 'shop', 'shop', run).swap(plan);
    expect(statements[0]).toMatch(
      /^CREATE VIEW IF NOT EXISTS shop\.orders ON CLUSTER 'c'.*throwIf/,
    );
    expect(statements[1]).toMatch(/^EXCHANGE TABLES/);
  });

  it('ends the run when it has fewer rows than were sent', async () => {
    const { server } = nodes({ engine: 'ReplicatedMergeTree', name: 'orders' });
    const target = new Target(server, 'shop', 'shop', run);
    await target.mustHave('shop.orders', 1);
    await expect(target.mustHave('shop.orders', 2)).rejects.toMatchObject({ code: 'OBS-6045' });
  });

  it('is told of when it does not answer', async () => {
    const all: readonly Answer[] = [
      ['system.one', [{ node: '01/a' }]],
      ['system.clusters', [{ count: '2' }]],
    ];
    const [note] = await nodeNotes(fakeNodes(all, 'c').server);
    expect(note).toMatch(/^1 of 2 nodes answer/);
    expect(await nodeNotes(fakeNodes(all).server)).toEqual([]);
  });
});

describe('the cluster of a snapshot', () => {
  const runs = `ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')`;

  it('is that of the telemetry', async () => {
    const { server } = fakeNodes([["engine = 'Distributed'", [{ cluster: 'c' }]]]);
    expect((await nodesOf(server)).cluster).toBe('c');
    const alone = fakeNodes([['snapshot_runs', [{ engine: 'MergeTree ORDER BY Time' }]]]);
    expect(await nodesOf(alone.server)).toBe(alone.server);
  });

  it('is not taken for one server when it may not be seen', async () => {
    const { server } = fakeNodes([['snapshot_runs', [{ engine: runs }]]]);
    await expect(nodesOf(server)).rejects.toMatchObject({ code: 'OBS-6052' });
  });

  it('has one lock, whichever node is asked', async () => {
    const locks: string[] = [];
    const lock = async (key: string) => {
      locks.push(key);
      return { check: async () => {}, release: async () => {} };
    };
    for (const uuids of [
      ['b', 'a'],
      ['a', 'b'],
    ]) {
      const { server } = fakeNodes([['system.databases', uuids.map((uuid) => ({ uuid }))]], 'c');
      const config = { name: 'shop' } as Parameters<typeof withLock>[0]['config'];
      await withLock({ config, server, source: { lock } as unknown as Source }, async () => {});
    }
    expect(locks).toEqual(['a/shop', 'a/shop']);
  });
});
