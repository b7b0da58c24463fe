/** `obsctl agents` as a person runs it, over reports in a real engine. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { writeConfig } from '../../collector/write.ts';
import type { AgentState } from '../../gateway/opamp/agents.ts';
import { agentRow, configRow } from '../../gateway/opamp/rows.ts';
import { entityOf, watchedKinds } from '../../jobs/metadata/kubernetes/kinds.ts';
import { Recorder } from '../../jobs/metadata/recorder.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { loadStack } from '../../stack/load.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { expectedAgents } from '../agents/judge.ts';
import { buildAgents } from '../render/agents.ts';

jest.setTimeout(60_000);

const nowMs = Date.now();
const minuteMs = 60_000;
const stackText = `name: shop
cluster: prod-eu
gateway: {image: "registry.example/obs/obsctl:0.1.0"}
node_agent: {presets: {host_metrics: {}}}
cluster_agent: true
`;
const loaded = loadStack(stackText, 'obs.yaml');
if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
const { stack } = loaded;
const hashes = new Map([...expectedAgents(stack)].map(([name, { hash }]) => [name, hash]));

/** The rendered configuration, as the Collector would show it after a person changed it. */
function textOf(workload: string, change: (config: Record<string, unknown>) => void = () => {}) {
  const built = buildAgents(stack, 'kubernetes').find((one) => one.workload.name === workload);
  if (built === undefined) throw new Error(workload);
  const { config, collectorVersion } = built.workload;
  const parsed = parse(writeConfig(config, { version: collectorVersion }));
  change(parsed);
  return stringify(parsed);
}

const doubled = textOf('node-agent', (config) => {
  Object(config['processors']).memory_limiter.limit_mib *= 2;
});

let instances = 0;

type Report = {
  readonly workload: string;
  readonly node: string;
  readonly text?: string;
  readonly hash?: string;
  readonly agoMs?: number;
  readonly startedAgoMs?: number;
  readonly error?: string;
  readonly stackName?: string;
};

function reportOf({ workload, node, ...more }: Report): AgentState {
  instances += 1;
  return {
    tenant: '',
    instanceUid: String(instances).padStart(32, '0'),
    description: {
      'service.name': `shop-${workload}`,
      'service.version': '0.149.0',
      'k8s.cluster.name': 'prod-eu',
      'k8s.node.name': node,
      'k8s.pod.name': `shop-${workload}-${instances}`,
      'obsctl.agent': workload,
      'obsctl.stack': more.stackName ?? 'shop',
      'obsctl.config.hash': more.hash ?? hashes.get(workload) ?? '',
    },
    capabilities: 0x805n,
    health: {
      isHealthy: more.error === undefined,
      startedNs: BigInt(nowMs - (more.startedAgoMs ?? 60 * minuteMs)) * 1_000_000n,
      lastError: more.error ?? '',
      status: '',
      components: {},
    },
    config: { hash: `${workload}-${more.text?.length ?? 0}`, text: more.text ?? textOf(workload) },
    isDisconnected: false,
    lastSeenMs: nowMs - (more.agoMs ?? 5000),
  };
}

let engine: TestEngine;
let folder: string;

async function report(database: string, ...reports: readonly Report[]): Promise<void> {
  const server = connectClickHouse({ url: `${engine.url}/${database}` });
  await migrate(server, { database });
  const states = reports.map(reportOf);
  await insert(server, 'agents', states.map(agentRow));
  await insert(server, 'agent_configs', states.map(configRow));
  await server.close();
}

async function insert(server: ClickHouse, table: string, rows: readonly unknown[]): Promise<void> {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const into = `INSERT INTO ${server.database}.${table} FORMAT JSONEachRow`;
  await server.insert(into, [Buffer.from(lines)], { async_insert: 0 });
}

async function recordNodes(database: string, pools: Readonly<Record<string, string>>) {
  const server = connectClickHouse({ url: `${engine.url}/${database}` });
  const store = new EntityStore(server, 'prod-eu');
  const recorder = new Recorder(await store.recorded(await store.positions(), nowMs));
  const watched = watchedKinds.find(({ kind }) => kind === 'Node');
  if (watched === undefined) throw new Error('no nodes');
  for (const [name, pool] of Object.entries(pools)) {
    const labels = { 'karpenter.sh/nodepool': pool, tier: 'front', other: 'x' };
    const creationTimestamp = new Date(nowMs - 60 * minuteMs).toISOString();
    const metadata = { uid: name, name, resourceVersion: '1', labels, creationTimestamp };
    const chosen = { labels: ['tier'], annotations: [] };
    recorder.see(entityOf(watched, { metadata }, chosen), nowMs - 60 * minuteMs);
  }
  await store.write(recorder.take());
  await server.close();
}

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

async function agents(database: string, ...words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['cli/main.ts', 'agents', ...words], {
    env: { ...process.env, NODE_NO_WARNINGS: '1', CLICKHOUSE_URL: `${engine.url}/${database}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

const file = () => join(folder, 'obs.yaml');
/** Lines of a table, as cells. */
const cells = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));

beforeAll(async () => {
  engine = await startEngine();
  folder = await mkdtemp(join(tmpdir(), 'obsctl-agents-'));
  await writeFile(file(), stackText);
  await report(
    'mixed',
    { workload: 'node-agent', node: 'node-1' },
    { workload: 'node-agent', node: 'node-2', text: doubled, error: 'queue is full' },
    { workload: 'node-agent', node: 'node-3', hash: '0123456789abcdef', startedAgoMs: 20_000 },
    // The one before that, which is not silent yet.
    { workload: 'node-agent', node: 'node-3', hash: 'before', agoMs: 25_000 },
    // Restarted, so that the first of the two is of no interest; and one that is gone for good.
    { workload: 'cluster-agent', node: 'node-1', agoMs: 10 * minuteMs },
    { workload: 'cluster-agent', node: 'node-3' },
    { workload: 'node-agent', node: 'node-4', agoMs: 10 * minuteMs },
    { workload: 'node-agent', node: 'node-5', agoMs: 90 * minuteMs },
    { workload: 'node-agent', node: 'node-9', stackName: 'other', agoMs: 4000 },
  );
  await recordNodes('mixed', { 'node-1': 'blue', 'node-2': 'blue', 'node-3': 'green' });
  const same = ['node-agent', 'cluster-agent'].map((workload) => ({ workload, node: 'node-1' }));
  await report('same', ...same);
  await report('partly', { workload: 'node-agent', node: 'node-1' });
});

afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('obsctl agents', () => {
  it('lists who reports, and who was heard of within the hour', async () => {
    const { code, stdout } = await agents('mixed');
    const hash = (workload: string) => hashes.get(workload) ?? '';
    const [node, cluster] = [hash('node-agent'), hash('cluster-agent')];
    const seen = expect.stringMatching(/^\d+s ago$/);
    expect([code, ...cells(stdout)]).toEqual([
      0,
      ['workload', 'node', 'group', 'version', 'health', 'config', 'last seen'],
      ['cluster-agent', 'node-3', 'green', '0.149.0', 'healthy', cluster, seen],
      ['node-agent', 'node-1', 'blue', '0.149.0', 'healthy', node, seen],
      ['node-agent', 'node-2', 'blue', '0.149.0', 'unhealthy', node, seen, 'queue is full'],
      ['node-agent', 'node-3', 'green', '0.149.0', 'healthy', '0123456789abcdef', seen],
      ['node-agent', 'node-4', '–', '0.149.0', 'silent', node, '10m ago'],
      ['node-agent', 'node-9', '–', '0.149.0', 'healthy', node, seen],
    ]);
  });

  it('says of each whether it runs what is rendered, of this stack alone', async () => {
    const words = ['list', '-f', file(), '--group-label', 'tier', '--json'];
    const { stdout } = await agents('mixed', ...words);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ node, workload, config }) => `${workload} ${node} ${config}`)).toEqual([
      'cluster-agent node-3 ok',
      'node-agent node-1 ok',
      'node-agent node-2 edited',
      'node-agent node-3 old',
      'node-agent node-4 ok',
    ]);
    expect(rows[1]).toMatchObject({ group: 'front', health: 'healthy', stack: 'shop' });
  });

  it('shows drift, by what was not rolled out and what was edited', async () => {
    const { code, stdout, stderr } = await agents('mixed', 'drift', '-f', file());
    const limit = Number(Object(parse(textOf('node-agent'))).processors.memory_limiter.limit_mib);
    expect([code, stderr]).toEqual([1, '4 agents report\n']);
    expect(stdout).toBe(
      'node-agent: 2 agents differ\n' +
        '  not rolled out (0123456789abcdef): node-3\n' +
        '  edited: node-2\n' +
        '    ~ processors.memory_limiter\n' +
        `        ~ limit_mib: ${limit} → ${2 * limit}\n`,
    );
  });

  it('shows how far a configuration has got, by group', async () => {
    const { code, stdout } = await agents('mixed', 'rollout', '-f', file());
    expect([code, ...cells(stdout)]).toEqual([
      1,
      ['workload', 'group', 'have it', 'not yet', 'unhealthy', 'silent'],
      ['node-agent', '–', '0 of 0', '–', '–', 'node-4'],
      ['node-agent', 'blue', '2 of 2', '–', 'node-2', '–'],
      ['node-agent', 'green', '0 of 1', 'node-3', '–', '–'],
      ['cluster-agent', 'green', '1 of 1', '–', '–', '–'],
    ]);
  });

  it('ends with 0 when nothing differs and all is well', async () => {
    const drift = await agents('same', 'drift', '-f', file());
    expect(drift).toEqual({ code: 0, stdout: '', stderr: 'no drift: 2 agents report\n' });
    expect((await agents('same', 'rollout', '-f', file())).code).toBe(0);
  });

  it('takes a workload of which no agent reports for drift', async () => {
    const { code, stdout } = await agents('partly', 'drift', '-f', file());
    expect([code, stdout]).toEqual([1, 'cluster-agent: no agent reports\n']);
    expect((await agents('partly', 'rollout', '-f', file())).code).toBe(1);
  });

  it('says that agents of the stock gateway do not report', async () => {
    const stock = join(folder, 'stock.yaml');
    await writeFile(stock, stackText.replace(/^gateway.*\n/m, ''));
    const { code, stderr } = await agents('same', 'drift', '-f', stock);
    expect([code, stderr]).toEqual([2, expect.stringContaining('set gateway.image')]);
  });

  it('says what is wrong when ClickHouse is away', async () => {
    const { code } = await agents('same', 'list', '--clickhouse', 'http://127.0.0.1:9');
    expect(code).toBe(3);
  });
});
