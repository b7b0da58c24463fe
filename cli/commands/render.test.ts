/** `obsctl render` and `obsctl diff` as a person types them. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { parseAllDocuments } from 'yaml';
import { isProblem } from '../../core/problem.ts';
import { loadStack } from '../../stack/load.ts';
import type { CliContext } from '../context.ts';
import { registerDiff } from './diff.ts';
import { registerRender } from './render.ts';

const stack = `
name: shop
node_agent: {presets: {pod_logs: {}, host_metrics: {}, kubelet_metrics: {}}}
cluster_agent: {presets: {cluster_metrics: {}}}
grafana: true
`;

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-render-'));
  file = join(folder, 'obs.yaml');
  writeFileSync(file, stack);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Said = { stdout: string; stderr: string; code: number; problem?: string };

async function obsctl(...words: readonly string[]): Promise<Said> {
  const said: Said = { stdout: '', stderr: '', code: 0 };
  const context: CliContext = {
    env: {},
    stdout: (text) => {
      said.stdout += text;
    },
    stderr: (text) => {
      said.stderr += text;
    },
    isTerminal: false,
    signal: new AbortController().signal,
    exitWith: (code) => {
      said.code = code;
    },
  };
  const program = new Command('obsctl').exitOverride();
  registerRender(program, context);
  registerDiff(program, context);
  try {
    await program.parseAsync([...words, '-f', file], { from: 'user' });
  } catch (error) {
    if (!isProblem(error)) throw error;
    said.problem = `${error.code}: ${error.message}`;
  }
  return said;
}

function objectsIn(text: string): { kind: string; metadata: { name: string } }[] {
  return parseAllDocuments(text).map((document) => document.toJS());
}

describe('obsctl render', () => {
  it('gives the same bytes every time, and talks on stderr only', async () => {
    const [first, second] = [await obsctl('render'), await obsctl('render')];
    expect(first.stdout).toBe(second.stdout);
    expect(first.stdout.startsWith('---\napiVersion: v1\nkind: Namespace\n')).toBe(true);
    expect(first.stderr).toContain('pod security: DaemonSet observability-agents/shop-node-agent:');
    expect(first.stderr).toContain('(AGPL-3.0-only)');
  });

  it('leaves out dashboards and panels that no preset of the file feeds, and says so', async () => {
    const { stdout, stderr } = await obsctl('render', '--only', 'dashboards');
    for (const uid of ['obsctl-services', 'obsctl-kubernetes', 'obsctl-machine']) {
      expect(stdout).toContain(`"uid": "${uid}"`);
    }
    for (const uid of ['obsctl-control-plane', 'obsctl-cni', 'obsctl-gateway']) {
      expect(stdout).not.toContain(uid);
      expect(stdout).not.toContain(`/d/${uid}`);
    }
    expect(stdout).not.toContain('"title": "Warning events"');
    expect(stderr).toMatch(/^note: dashboards .*: .*Control plane, CNI, Network, Snapshots/m);
    expect(stderr).toMatch(/^note: dashboards .*: .*Snapshots, Agents, Gateway;/m);
    expect(stderr).toMatch(/^note: alert rules that nothing in this file feeds .*: gateway-lag, /m);
    expect(stdout).not.toContain('obsctl-gateway-lag');
    expect(stdout).toContain('obsctl-host-cpu');
  });

  it('keeps them where the file says that others send', async () => {
    writeFileSync(file, stack.replace('grafana: true', 'grafana: {dashboards: all}'));
    const { stdout } = await obsctl('render', '--only', 'dashboards');
    expect(stdout).toContain('"uid": "obsctl-cni"');
    expect(stdout).toContain('"title": "Warning events"');
  });

  it('renders a part with the namespaces that it stands in', async () => {
    const { stdout } = await obsctl('render', '--only', 'agents');
    const found = objectsIn(stdout);
    const namespaces = found.filter(({ kind }) => kind === 'Namespace');
    expect(namespaces.map(({ metadata }) => metadata.name)).toEqual(['observability-agents']);
    expect(found.map(({ metadata }) => metadata.name)).not.toContain('shop-gateway');
  });

  it('gives the whole as the sum of its parts', async () => {
    const count = async (...words: string[]) =>
      objectsIn((await obsctl('render', ...words)).stdout).filter(
        ({ kind }) => kind !== 'Namespace',
      ).length;
    let sum = 0;
    for (const part of ['agents', 'gateway', 'clickhouse', 'grafana', 'dashboards', 'jobs']) {
      const objects = await count('--only', part);
      expect(objects).toBeGreaterThan(0);
      sum += objects;
    }
    expect(await count()).toBe(sum);
  });

  it('hands sampling and redaction to the gateway, and its key as a file', async () => {
    const limits = 'sampling: {logs: {items_per_second: 5}, tenants: {}}';
    const rules =
      "redaction: {key: {secret: redaction}, rules: [{action: hash, attributes: ['user.*']}]}";
    const image = 'image: registry.example/obs/obsctl:1';
    writeFileSync(file, `name: shop\ngateway:\n  ${image}\n  ${limits}\n  ${rules}\n`);
    // biome-ignore lint/suspicious/noExplicitAny: rendered objects of several kinds
    const objects: any[] = objectsIn((await obsctl('render', '--only', 'gateway')).stdout);
    const text = objects.find(({ kind }) => kind === 'ConfigMap').data['obs.yaml'];
    const result = loadStack(text, 'obs.yaml');
    expect('stack' in result && result.stack.gateway).toMatchObject({
      flavor: 'obsctl',
      sampling: { logs: { items_per_second: 5, keep_errors: false } },
      redaction: { rules: [{ action: 'hash', attributes: ['user.*'] }] },
    });
    const [container] = objects.find(({ kind }) => kind === 'StatefulSet').spec.template.spec
      .containers;
    const { value } = container.env.find(
      ({ name }: { name: string }) => name === 'OBSCTL_REDACTION_KEY_FILE',
    );
    const mount = container.volumeMounts.find(({ mountPath }: { mountPath: string }) =>
      value.startsWith(`${mountPath}/`),
    );
    expect(mount).toMatchObject({ readOnly: true });
    expect(value).toBe(`${mount.mountPath}/key`);
  });

  it('says how dashboards come to a Grafana that they are pushed to', async () => {
    const pushed = 'grafana: {deliver: push, url: https://shop.grafana.net}';
    writeFileSync(file, stack.replace('grafana: true', pushed));
    const { stdout, stderr } = await obsctl('render', '-f', file);
    expect(stdout).not.toContain('obsctl-services');
    expect(stderr).toContain('`obsctl dashboards push --grafana https://shop.grafana.net`');
  });

  it('refuses a part that does not exist', async () => {
    const { problem } = await obsctl('render', '--only', 'agents,databases');
    expect(problem).toBe('OBS-1003: --only agents,databases: there is no part “databases”');
  });

  it('says of a folder what is missing, differs or is stale, and changes nothing', async () => {
    const output = join(folder, 'rendered');
    await obsctl('render', '-o', output);
    expect((await obsctl('render', '-o', output, '--check')).code).toBe(0);
    const names = readdirSync(output);
    writeFileSync(file, stack.replace('grafana: true', '').replace('host_metrics: {}, ', ''));
    rmSync(join(output, 'gateway.yaml'));
    const { code, stderr } = await obsctl('render', '-o', output, '--check');
    expect(code).toBe(1);
    expect(stderr).toContain(`missing  ${output}/gateway.yaml`);
    expect(stderr).toContain(`differs  ${output}/agents.yaml`);
    expect(stderr).toContain(`stale    ${output}/grafana.yaml`);
    expect(readdirSync(output)).toEqual(names.filter((name) => name !== 'gateway.yaml'));
  });

  it('removes what it rendered before and leaves the files of others', async () => {
    const output = join(folder, 'rendered');
    expect((await obsctl('render', '-o', output)).stderr).toContain(
      `new      ${output}/grafana.yaml`,
    );
    writeFileSync(join(output, 'mine.yaml'), 'kind: Mine\n');
    writeFileSync(file, stack.replace('grafana: true', '').replace('host_metrics: {}, ', ''));
    const { stderr } = await obsctl('render', '-o', output);
    expect(stderr).toContain(`removed  ${output}/grafana.yaml`);
    expect(stderr).toContain(`changed  ${output}/agents.yaml`);
    const names = readdirSync(output);
    expect(names).toContain('mine.yaml');
    expect(names).not.toContain('grafana.yaml');
  });

  it('explains the rights of every account', async () => {
    const { stdout } = await obsctl('render', '--explain', 'rbac');
    expect(stdout).toContain('ServiceAccount observability/shop-gateway\n  no rights;');
    expect(stdout).toMatch(/list, watch .*pods.*\n {4}because k8s_cluster/);
    const accounts = stdout.match(/^ServiceAccount /gm)?.length ?? 0;
    const made = objectsIn((await obsctl('render')).stdout).filter(
      ({ kind }) => kind === 'ServiceAccount',
    );
    expect(accounts).toBe(made.length);
    expect(stdout).not.toContain('set by its preset');
  });

  it('says in comments which preset put a key there', async () => {
    const { stdout } = await obsctl('render', '--provenance', '--only', 'agents');
    expect(stdout).toContain('# preset host_metrics');
    expect((await obsctl('render', '--only', 'agents')).stdout).not.toContain('# preset');
  });

  it('prints every fault of the file and nothing on stdout', async () => {
    writeFileSync(file, 'name: Shop\nnode_agnt: {}\n');
    const { stdout, stderr, problem } = await obsctl('render');
    expect(stdout).toBe('');
    expect(`${stderr}${problem}`).toMatch(/node_agnt/);
    expect(`${stderr}${problem}`).toMatch(/name/);
  });

  it('refuses the embedded engine, which no cluster can reach', async () => {
    writeFileSync(file, `${stack}clickhouse: {mode: embedded}\n`);
    expect((await obsctl('render')).problem).toMatch(/^OBS-1401: clickhouse\.mode: embedded/);
  });

  it.each([
    ['the stock Collector', '{replicas: 3, replicas_max: 5}'],
    ['our own', '{replicas: 3, replicas_max: 5, image: "registry.example/obsctl:1"}'],
  ])('leaves the number of gateways of %s to an autoscaler that was asked for', async (_, keys) => {
    writeFileSync(file, `${stack}gateway: ${keys}\n`);
    const objects: { kind: string; metadata: { name: string }; spec: Record<string, unknown> }[] =
      parseAllDocuments((await obsctl('render', '--only', 'gateway')).stdout).map((one) =>
        one.toJS(),
      );
    const scaler = objects.find(({ kind }) => kind === 'HorizontalPodAutoscaler');
    expect(scaler?.spec).toMatchObject({ minReplicas: 3, maxReplicas: 5 });
    const set = objects.find(({ kind }) => kind === 'StatefulSet');
    expect(set?.metadata.name).toBe('shop-gateway');
    expect(set?.spec).not.toHaveProperty('replicas');
  });

  it('renders agents alone for a gateway that runs elsewhere', async () => {
    writeFileSync(file, `${stack}gateway: {endpoint: "https://otlp.example:443"}\n`);
    const { stdout } = await obsctl('render');
    const kinds = objectsIn(stdout).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(kinds.filter((name) => /gateway|clickhouse|grafana|schema/.test(name))).toEqual([]);
    expect(stdout).toContain('endpoint: https://otlp.example:443');
  });
});

describe('obsctl render --target host', () => {
  it('gives a configuration and a unit that takes away what is not needed', async () => {
    const output = join(folder, 'rendered');
    const { stderr } = await obsctl('render', '--target', 'host', '-o', output);
    expect(stderr).toContain('cluster_agent: left out, it needs Kubernetes');
    const unit = readFileSync(join(output, 'etc/systemd/system/shop-node-agent.service'), 'utf8');
    expect(unit).toContain('--config=/etc/shop-node-agent/config.yaml');
    expect(unit).toMatch(/^DynamicUser=yes$/m);
    expect(unit).toMatch(/^CapabilityBoundingSet=$/m);
    const config = readFileSync(join(output, 'etc/shop-node-agent/config.yaml'), 'utf8');
    expect(config).toContain('hostmetrics');
    expect(config).not.toContain('kubeletstats');
  });

  it('refuses a stack without a node-agent', async () => {
    writeFileSync(file, 'name: shop\n');
    expect((await obsctl('render', '--target', 'host')).problem).toMatch(/^OBS-1401/);
  });
});

describe('obsctl diff', () => {
  it('ends with 0 where nothing differs and with 1 where something does', async () => {
    const output = join(folder, 'rendered');
    await obsctl('render', '-o', output);
    const same = await obsctl('diff', output);
    expect({ code: same.code, stdout: same.stdout }).toEqual({ code: 0, stdout: '' });
    writeFileSync(file, stack.replace('host_metrics: {}, ', ''));
    const differing = await obsctl('diff', output);
    expect(differing.code).toBe(1);
    expect(differing.stdout).toContain('! stops-collecting: hostmetrics is gone');
  });

  it('is data for scripts with --json', async () => {
    const output = join(folder, 'rendered');
    await obsctl('render', '-o', output);
    writeFileSync(file, stack.replace('grafana: true', ''));
    const { differences } = JSON.parse((await obsctl('diff', output, '--json')).stdout);
    expect(differences.map((one: { object: string }) => one.object)).toContain(
      'StatefulSet observability/shop-grafana',
    );
  });

  it('does not call what other parts have gone', async () => {
    const output = join(folder, 'rendered');
    await obsctl('render', '-o', output);
    expect((await obsctl('diff', output, '--only', 'agents')).stdout).toBe('');
  });

  it('repeats what kubectl says to a person, and not its log', async () => {
    const said = 'The connection to the server localhost:8080 was refused';
    const kubectl = join(folder, 'kubectl');
    writeFileSync(
      kubectl,
      `#!/bin/sh\necho "E1121 16:58:17 1 memcache.go] Unhandled" >&2
echo "${said}" >&2\nexit 1\n`,
    );
    chmodSync(kubectl, 0o755);
    const { problem } = await obsctl('diff', '--live', '--kubectl', kubectl);
    expect(problem).toBe(`OBS-1404: ${said}`);
  });

  it('says what is wrong with a folder that is not there', async () => {
    expect((await obsctl('diff', join(folder, 'none'))).problem).toMatch(/^OBS-1403/);
  });
});
