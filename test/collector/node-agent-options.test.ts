/**
 * Every case of the node-agent's presets (`presets/<preset>/testdata`), put into a node-agent with
 * everything that stands there by default, is accepted by our checks and by the real Collector of
 * the default version, in a root file system like a pod's and without a byte changed. What that
 * binary was built without is judged by our checks alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { checkConfig } from '../../collector/check.ts';
import { writeConfig } from '../../collector/write.ts';
import type { AgentContext } from '../../presets/agents/agent.ts';
import { nodeAgentOptions } from '../../presets/agents/node-agent/config.ts';
import { buildNodeAgent } from '../../presets/agents/node-agent.ts';
import { testContext } from '../support/build-agents.ts';
import { containedRefusal, startContained } from '../support/contained.ts';
import { describeWithPeer } from '../support/peer.ts';

const version = '0.149.0';
const presetsDir = join(import.meta.dirname, '../../presets');

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

const authority = rootCertificates[0] ?? '';

/** Files of a pod's service account and of the nodes whose CA a case names. */
const files: Readonly<Record<string, string>> = {
  '/var/run/secrets/kubernetes.io/serviceaccount/token': 'token',
  '/var/run/secrets/kubernetes.io/serviceaccount/namespace': 'observability-agents',
  '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt': authority,
  '/etc/kubelet-ca/kubeletserver.crt': authority,
  '/etc/kubelet-ca/ca-bundle.crt': authority,
  '/hostfs/proc/.keep': '',
};

describe('our own checks', () => {
  it.each(cases)('accept a node-agent with $folder, $name', (one) => {
    expect(checkConfig(configOf(one).config, version)).toEqual([]);
  });
});

describeWithPeer('collector-0.149', 'the real Collector in a pod', (program) => {
  const built = cases.filter((one) => !notBuilt.includes(one.folder));
  const refusal = containedRefusal();
  if (refusal !== undefined) {
    it.skip(`accepts the cases – ${refusal}`, () => undefined);
    return;
  }

  it.each(built)('accepts a node-agent with $folder, $name, as it was rendered', async (one) => {
    const { config, env } = configOf(one);
    const contained = startContained({
      programs: { '/otelcol': program },
      command: ['/otelcol', 'validate', '--config=/config.yaml'],
      files: { ...files, '/config.yaml': writeConfig(config, { version }) },
      env: { ...env, KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '6443' },
      uid: 10_001,
      gid: 10_001,
    });
    try {
      const { code, stderr } = await contained.ended;
      expect(code === 0 ? '' : stderr).toBe('');
    } finally {
      await contained.remove();
    }
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
  const env = Object.fromEntries(
    workload.needs.env.map((one) => [one.name, 'value' in one ? one.value : '127.0.0.1']),
  );
  return { config: workload.config, env };
}
