/**
 * Every case of every preset (`presets/<preset>/testdata`), put into its agent with everything that
 * stands there by default, is accepted by our checks and by real Collectors: by the default
 * version, and by the line that lacks the fewest of its components. They run in a root file system
 * like a pod's; nothing is changed but that what the binary was built without is cut out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { checkConfig } from '../../collector/check.ts';
import type { AgentName } from '../../collector/workload.ts';
import { writeConfig } from '../../collector/write.ts';
import { allPresets, type KnownPreset } from '../../presets/all.ts';
import type { PresetContext } from '../../presets/preset.ts';
import { componentKeys, cutDown, judgeOf, type Line, lacks } from '../../tools/judges.ts';
import { type AgentWish, buildAgentOf, presetKeysOf } from '../support/build-agents.ts';
import { containedRefusal, startContained } from '../support/contained.ts';
import { describeWithPeer } from '../support/peer.ts';

const presetsDir = join(import.meta.dirname, '../../presets');
const defaultLine: Line = '0.149';
const peers = {
  '0.149': 'collector-0.149',
  '0.155': 'collector-0.155',
  '0.161': 'collector',
} as const;

type Case = {
  readonly preset: KnownPreset;
  readonly folder: string;
  readonly name: string;
  readonly line: Line;
};

const cases = allPresets.flatMap((preset) =>
  readdirSync(join(presetsDir, preset.folder, 'testdata'))
    .filter((file) => file.endsWith('.options.yaml'))
    .map((file) => file.replace('.options.yaml', ''))
    .flatMap((name): readonly Case[] => {
      const one = { preset, folder: preset.folder, name, line: defaultLine };
      const { config } = builtOf(one);
      if (Object.keys(config.service.pipelines).length === 0) return [];
      const { line } = judgeOf(componentKeys(config));
      return line === defaultLine ? [one] : [one, { ...one, line }];
    }),
);

const authority = rootCertificates[0] ?? '';

/** Files of a pod's service account, of a mounted Secret, and of nodes whose CA a case names. */
const files: Readonly<Record<string, string>> = {
  '/var/run/secrets/kubernetes.io/serviceaccount/token': 'token',
  '/var/run/secrets/kubernetes.io/serviceaccount/namespace': 'observability-agents',
  '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt': authority,
  '/etc/etcd-client/ca.crt': authority,
  '/etc/etcd-client/tls.crt': authority,
  '/etc/etcd-client/tls.key': 'key',
  '/etc/kubelet-ca/kubeletserver.crt': authority,
  '/etc/kubelet-ca/ca-bundle.crt': authority,
  '/hostfs/proc/.keep': '',
};

describe('our own checks', () => {
  it.each(cases)('accept $folder, $name, for $line', (one) => {
    expect(checkConfig(builtOf(one).config, `${one.line}.0`)).toEqual([]);
  });

  it('have a case of every preset', () => {
    const seen = new Set(cases.map(({ folder }) => folder));
    const unseen = allPresets.filter(({ folder }) => !seen.has(folder));
    expect(unseen.map(({ name }) => name)).toEqual([]);
  });
});

const refusal = containedRefusal();
for (const [line, peer] of Object.entries(peers)) {
  const own = cases.filter((one) => one.line === line);
  if (own.length === 0) continue;
  describeWithPeer(peer, `the real Collector ${line} in a pod`, (program) => {
    if (refusal !== undefined) {
      it.skip(`accepts the cases – ${refusal}`, () => undefined);
      return;
    }

    it.each(own)('accepts $folder, $name, as it was rendered', async (one) => {
      const { config, env } = builtOf(one);
      const judged = cutDown(config, lacks(one.line, componentKeys(config)));
      const contained = startContained({
        programs: { '/otelcol': program },
        command: ['/otelcol', 'validate', '--config=/config.yaml'],
        files: { ...files, '/config.yaml': writeConfig(judged, { version: `${line}.0` }) },
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
}

function builtOf(one: Case) {
  const file = join(presetsDir, one.folder, 'testdata', `${one.name}.options.yaml`);
  const { options = {}, context = {} } = (parse(readFileSync(file, 'utf8')) ?? {}) as {
    options?: unknown;
    context?: Partial<PresetContext>;
  };
  const { workload } = buildAgentOf(wishOf(one, options, context));
  const env = Object.fromEntries(
    workload.needs.env.map((variable) => [
      variable.name,
      'value' in variable ? variable.value : '127.0.0.1',
    ]),
  );
  return { config: workload.config, env };
}

function wishOf(
  { preset, line }: Case,
  options: unknown,
  context: Partial<PresetContext>,
): AgentWish {
  const { agent: asked = 'node-agent', sharing, ...place } = context;
  const takes = (name: AgentName) => presetKeysOf(name).includes(preset.name);
  const agent = takes(asked) ? asked : (preset.agents.find(takes) ?? asked);
  const mode =
    sharing?.kind === 'shards'
      ? { mode: 'statefulset', shards: sharing.count }
      : { mode: sharing?.kind === 'own-node' ? 'daemonset' : 'deployment' };
  const usual = { kubernetes_attributes: {}, resource_detection: {}, persistent_queue: {} };
  const standing = { otlp_ingest: {}, ...usual };
  return {
    agent,
    presets: { ...(agent === 'node-agent' && standing), [preset.name]: options },
    ...(agent === 'prometheus-agent' && { options: mode }),
    version: `${line}.0`,
    context: { ...place, collectorVersion: `${line}.0` },
  };
}
