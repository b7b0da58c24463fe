/**
 * Every case of the node-agent's presets (`presets/<preset>/testdata`), put into a node-agent with
 * everything that stands there by default, is accepted by our checks and by the real Collector of
 * the default version. What that binary was built without is judged by our checks alone.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { checkConfig } from '../../collector/check.ts';
import type { CollectorConfig } from '../../collector/types.ts';
import { writeConfig } from '../../collector/write.ts';
import type { AgentContext } from '../../presets/agents/agent.ts';
import { nodeAgentOptions } from '../../presets/agents/node-agent/config.ts';
import { buildNodeAgent } from '../../presets/agents/node-agent.ts';
import { testContext } from '../support/build-agents.ts';
import { validateWith } from '../support/collector.ts';
import { describeWithPeer } from '../support/peer.ts';

const version = '0.149.0';
const presetsDir = join(import.meta.dirname, '../../presets');
const accountDir = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Not in the binary: no module of theirs for this version is to be had. */
const notBuilt: readonly string[] = ['log-dedup', 'docker-stats'];

const folders: readonly string[] = [
  'pod-logs',
  'host-metrics',
  'kubelet-metrics',
  'cni',
  'kubernetes-attributes',
  'resource-detection',
  'otlp-ingest',
  'persistent-queue',
  ...notBuilt,
];

type Case = { readonly folder: string; readonly name: string };

const cases: readonly Case[] = folders.flatMap((folder) =>
  readdirSync(join(presetsDir, folder, 'testdata'))
    .filter((file) => file.endsWith('.options.yaml'))
    .map((file) => ({ folder, name: file.replace('.options.yaml', '') })),
);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-node-agent-options-'));
  for (const name of ['token', 'ca.crt', 'kubeletserver.crt', 'ca-bundle.crt']) {
    writeFileSync(join(folder, name), 'x');
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('our own checks', () => {
  it.each(cases)('accept a node-agent with $folder, $name', (one) => {
    expect(checkConfig(configOf(one).config, version)).toEqual([]);
  });
});

describeWithPeer('collector-0.149', 'the real Collector', (program) => {
  const built = cases.filter((one) => !notBuilt.includes(one.folder));

  it.each(built)('accepts a node-agent with $folder, $name', async (one) => {
    const { config, env } = configOf(one);
    const { accepted, text } = await validateWith(program, outsideOfPods(config), env);
    expect(accepted ? '' : text).toBe('');
  });
});

function configOf({ folder: preset, name }: Case) {
  const file = join(presetsDir, preset, 'testdata', `${name}.options.yaml`);
  const { options = {}, context = {} } = parse(readFileSync(file, 'utf8')) as {
    options?: unknown;
    context?: Partial<AgentContext>;
  };
  const { workload } = buildNodeAgent({
    context: { ...testContext(version), ...context, collectorVersion: version },
    options: nodeAgentOptions.parse({ presets: { [preset.replaceAll('-', '_')]: options } }),
    extraExporters: {},
  });
  const env = Object.fromEntries(workload.needs.env.map((one) => [one.name, '127.0.0.1']));
  return { config: workload.config, env };
}

/** A pod's service account and a node's files are in a folder here; nothing else is changed. */
function outsideOfPods(config: CollectorConfig): string {
  const kubelet = config.receivers['kubelet_stats'];
  const receivers = {
    ...config.receivers,
    // The receiver reads its service account by a path that no key can change.
    ...(kubelet !== undefined && { kubelet_stats: { ...kubelet, auth_type: 'none' } }),
  };
  return writeConfig({ ...config, receivers }, { version })
    .replaceAll(accountDir, folder)
    .replaceAll('/etc/kubelet-ca', folder)
    .replaceAll('/hostfs', '/');
}
