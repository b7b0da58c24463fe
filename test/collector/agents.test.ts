/**
 * Agents as the real Collector is one: it reports to a real gateway by the extension that is
 * rendered, `obsctl agents` shows it, and what it runs is told apart from what is rendered only
 * where somebody changed it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { parse } from 'yaml';
import { editedComponents } from '../../cli/agents/compare.ts';
import { buildAgents } from '../../cli/render/agents.ts';
import { writeConfig } from '../../collector/write.ts';
import { loadStack } from '../../stack/load.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { freePorts } from '../support/free-ports.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type Program, startProgram } from '../support/program.ts';

jest.setTimeout(120_000);

const waitMsMax = 60_000;
const run = promisify(execFile);
const gatewayHttp = 'http://shop-gateway.observability.svc:4318';
const head =
  'name: shop\ncluster: prod-eu\ngateway: {image: "registry.example/obs/obsctl:0.1.0"}\n';

function configsOf(rest: string): ReadonlyMap<string, string> {
  const loaded = loadStack(head + rest, 'obs.yaml');
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
  return new Map(
    buildAgents(loaded.stack, 'kubernetes').map(({ workload }) => [
      workload.name,
      writeConfig(workload.config, { version: workload.collectorVersion }),
    ]),
  );
}

/** What a pod gets from the Downward API. */
function envOf(address: string, node: string): Readonly<Record<string, string>> {
  return {
    ...{ MY_POD_IP: address, K8S_NODE_IP: address },
    ...{ K8S_NODE_NAME: node, MY_POD_NAME: `shop-node-agent-${node}` },
  };
}

describeWithPeer(
  'collector-0.149',
  'what the real Collector makes of a configuration',
  (program) => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'obsctl-effective-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it.each([
      [
        'node-agent',
        'node_agent: {presets: {pod_logs: {}, host_metrics: {}, kubelet_metrics: {}}}',
      ],
      ['node-agent', 'node_agent: {presets: {docker_stats: {}, log_dedup: {}, pod_logs: {}}}'],
      ['cluster-agent', 'cluster_agent: {presets: {cluster_metrics: {}}}'],
      ['prometheus-agent', 'prometheus_agent: {mode: daemonset, annotations: true}'],
      ['prometheus-agent', 'prometheus_agent: {annotations: true, export: remote_write}'],
    ])('is no drift: %s of %s', async (name, rest) => {
      const text = (configsOf(rest).get(name) ?? '').replaceAll('/hostfs', '/');
      const file = join(folder, 'config.yaml');
      await writeFile(file, text);
      // The same bytes that the extension reports.
      const words = ['print-config', '--config', file];
      const gate = '--feature-gates=otelcol.printInitialConfig';
      const env = envOf('10.0.0.7', 'node-1');
      const { stdout } = await run(program, [...words, gate], { env });
      const effective = parse(stdout);
      expect(effective.service.extensions).toContain('opamp');
      expect(editedComponents(parse(text), effective)).toEqual([]);
    });
  },
);

describeWithPeer('collector-0.149', 'agents that are real Collectors', (program) => {
  const rest =
    'node_agent:\n  presets: {otlp_ingest: {}}\n' +
    '  off: [kubernetes_attributes, resource_detection, persistent_queue]\n';
  const rendered = configsOf(rest).get('node-agent') ?? '';
  const before = configsOf(`${rest}  resources: {memory_limit: 300Mi}\n`).get('node-agent') ?? '';
  const running = new Map<string, Program>();
  let started = 0;
  let engine: TestEngine;
  let gateway: TestGateway;
  let folder: string;
  let port: number;

  const startGatewayAgain = async (): Promise<void> => {
    gateway = await startGateway({
      clickhouseUrl: engine.url,
      dataDir: join(folder, 'gateway'),
      args: ['--otlp-http', `127.0.0.1:${port}`],
    });
  };

  /** As rendered, but for where the gateway is, and impatient. */
  async function startAgent(node: string, text: string): Promise<void> {
    const file = join(folder, `${node}.yaml`);
    await writeFile(
      file,
      text
        .replace(gatewayHttp, gateway.http)
        .replace(/^( +)endpoint: .*\/v1\/opamp$/m, '$&\n$1polling_interval: 1s'),
    );
    const address = `127.77.${(process.pid >> 8) & 255}.${10 + started}`;
    started += 1;
    const agent = startProgram(program, [`--config=${file}`], { env: envOf(address, node) });
    running.set(node, agent);
    await agent.said('Everything is ready');
  }

  type Found = Readonly<Record<string, unknown>>;

  async function agents(...words: readonly string[]): Promise<{ code: number; stdout: string }> {
    const env = { ...process.env, NODE_NO_WARNINGS: '1', CLICKHOUSE_URL: `${engine.url}/otel` };
    const args = ['cli/main.ts', 'agents', ...words, '-f', join(folder, 'obs.yaml')];
    return await run(process.execPath, args, { env }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
    );
  }

  async function listUntil(isEnough: (rows: readonly Found[]) => boolean) {
    let rows: readonly Found[] = [];
    for (const end = performance.now() + waitMsMax; performance.now() < end; await sleep(500)) {
      const { stdout } = await agents('list', '--json');
      rows = stdout
        .trimEnd()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      if (isEnough(rows)) return rows;
    }
    throw new Error(`not within the time: ${JSON.stringify(rows)}\n${gateway.talk()}`);
  }

  beforeAll(async () => {
    engine = await startEngine();
    folder = await mkdtemp(join(tmpdir(), 'obsctl-agents-'));
    await writeFile(join(folder, 'obs.yaml'), head + rest);
    [port = 0] = await freePorts(1);
    await startGatewayAgain();
    await startAgent('node-1', rendered);
    await startAgent('node-2', rendered.replace('check_interval: 1s', 'check_interval: 5s'));
    await startAgent('node-3', before);
  });

  afterAll(async () => {
    for (const one of running.values()) {
      one.killGroup('SIGKILL');
      await one.ended;
    }
    await gateway.stop();
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('are shown with version, health, and what became of their configuration', async () => {
    const isWhole = (rows: readonly Found[]): boolean =>
      rows.length === 3 && rows.every(({ health }) => health === 'healthy');
    const rows = await listUntil(isWhole);
    expect(rows).toMatchObject([
      { node: 'node-1', pod: 'shop-node-agent-node-1', config: 'ok' },
      { node: 'node-2', workload: 'node-agent', config: 'edited' },
      { node: 'node-3', cluster: 'prod-eu', stack: 'shop', config: 'old' },
    ]);
    const [{ stdout }] = await Promise.all([run(program, ['--version'])]);
    for (const { version } of rows) expect(stdout).toContain(String(version));
  });

  it('are told apart as edited by hand, and not rolled out', async () => {
    const { code, stdout } = await agents('drift');
    expect(code).toBe(1);
    expect(stdout).toMatch(/not rolled out \([0-9a-f]{16}\): node-3\n/);
    expect(stdout).toContain(
      '  edited: node-2\n    ~ processors.memory_limiter\n        ~ check_interval: 1s → 5s\n',
    );
    expect(stdout).not.toContain('node-1');
  });

  it('report everything again to a gateway that has lost what it knew', async () => {
    await gateway.kill();
    const since = Date.now();
    await startGatewayAgain();
    // Their pauses between tries grow while it is away.
    const rows = await listUntil((all) =>
      all.every(({ lastSeenMs }) => Number(lastSeenMs) > since),
    );
    expect(rows.map(({ config }) => config)).toEqual(['ok', 'edited', 'old']);
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    expect(metrics).toContain('obsctl_gateway_opamp_messages_total{outcome="asked_again"} 3\n');
  });

  it('are no drift once all were started with what is rendered', async () => {
    for (const node of ['node-2', 'node-3']) {
      running.get(node)?.kill('SIGTERM');
      await running.get(node)?.ended;
      await startAgent(node, rendered);
    }
    const isDone = async (): Promise<boolean> => (await agents('rollout')).code === 0;
    for (const end = performance.now() + waitMsMax; performance.now() < end; await sleep(500)) {
      if (await isDone()) break;
    }
    expect(await agents('drift')).toEqual({ code: 0, stdout: '' });
  });
});
