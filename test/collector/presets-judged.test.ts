/**
 * Every preset, alone and with every other of its agent, is accepted by our own checks and by a
 * real Collector of the default version. No binary that can be built has all components: where
 * another lacks fewer, `tools/judges.ts` picks it, and it judges too; what a binary lacks is cut
 * out before. `docs/reference/presets.md` says which.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkConfig } from '../../collector/check.ts';
import type { CollectorConfig } from '../../collector/types.ts';
import type { AgentName } from '../../collector/workload.ts';
import { writeConfig } from '../../collector/write.ts';
import type { BuiltAgent } from '../../presets/agents/agent.ts';
import { allPresets } from '../../presets/all.ts';
import { componentKeys, cutDown, judgeOf, type Line, lacks } from '../../tools/judges.ts';
import { type AgentWish, buildAgentOf, presetKeysOf } from '../support/build-agents.ts';
import { type Verdict, validateWith } from '../support/collector.ts';
import { describeWithPeer } from '../support/peer.ts';

const hostRoot = '/hostfs';
const defaultLine: Line = '0.149';
const serviceAccountDir = '/var/run/secrets/kubernetes.io/serviceaccount';
const agents: readonly AgentName[] = ['node-agent', 'cluster-agent', 'prometheus-agent', 'sampler'];

/** Pairs that are refused on purpose, because they would read the same targets twice. */
const refused = ['cost+cadvisor', 'cost+kube_state_metrics'];

type Case = { readonly name: string; readonly wish: AgentWish };

function casesOf(agent: AgentName): readonly Case[] {
  const keys = presetKeysOf(agent);
  const standing = allPresets.filter(({ name }) => keys.includes(name));
  const sets = standing.flatMap((first, index) => [
    [first],
    ...standing.slice(index + 1).map((second) => [first, second]),
  ]);
  return sets
    .map((set) => ({
      name: set.map(({ name }) => name).join(' and '),
      names: new Set(set.map(({ name }) => name)),
      presets: Object.fromEntries(set.map(({ name, smallest }) => [name, smallest])),
    }))
    .filter(
      ({ names }) => !refused.some((pair) => pair.split('+').every((name) => names.has(name))),
    )
    .flatMap(({ name, presets }): readonly Case[] =>
      agent === 'prometheus-agent'
        ? (['deployment', 'statefulset', 'daemonset'] as const).map((mode) => ({
            name: `${name} in the mode ${mode}`,
            wish: { agent, presets, options: { mode } },
          }))
        : [{ name, wish: { agent, presets } }],
    );
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-judged-'));
  // The Collector looks whether the files are there, and does not read them yet.
  for (const name of ['token', 'ca.crt', 'namespace']) writeFileSync(join(folder, name), 'x');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the binary of that line says to an agent, rendered for its version. */
async function verdictOf(program: string, line: Line, built: BuiltAgent): Promise<Verdict> {
  const { config, needs } = built.workload;
  const missing = lacks(line, componentKeys(config));
  const text = writeConfig(outsideOfPods(cutDown(config, missing)), { version: `${line}.0` });
  const env = Object.fromEntries(needs.env.map(({ name }) => [name, '1']));
  return validateWith(
    program,
    text.replaceAll(serviceAccountDir, folder).replaceAll(hostRoot, folder),
    env,
  );
}

/** The receiver reads the CA of its pod's service account by a path that no key can change. */
function outsideOfPods(config: CollectorConfig): CollectorConfig {
  const kubelet = config.receivers['kubelet_stats'];
  if (kubelet === undefined) return config;
  const receivers = { ...config.receivers, kubelet_stats: { ...kubelet, auth_type: 'none' } };
  return { ...config, receivers };
}

const judged = agents.flatMap((agent) =>
  casesOf(agent).flatMap(({ name, wish }) => {
    const built = buildAgentOf(wish);
    const { pipelines } = built.workload.config.service;
    if (Object.keys(pipelines).length === 0) return [];
    const { line } = judgeOf(componentKeys(built.workload.config));
    const judges = new Set<Line>([defaultLine, line]);
    return [...judges].map((one) => ({
      ...{ agent, name, line: one },
      wish: { ...wish, version: `${one}.0` },
    }));
  }),
);

describe('our own checks', () => {
  it.each(judged)('accept $agent with $name', ({ wish, line }) => {
    const { config } = buildAgentOf(wish).workload;
    expect(checkConfig(config, `${line}.0`)).toEqual([]);
  });

  it('have presets of every agent before them', () => {
    for (const agent of agents) {
      expect(judged.filter((one) => one.agent === agent).length).toBeGreaterThan(1);
    }
  });
});

const peers = {
  '0.149': 'collector-0.149',
  '0.155': 'collector-0.155',
  '0.161': 'collector',
} as const;
for (const [line, peer] of Object.entries(peers)) {
  const cases = judged.filter((one) => one.line === line);
  if (cases.length === 0) continue;
  describeWithPeer(peer, `the real Collector ${line}`, (program) => {
    it.each(cases)('accepts $agent with $name', async ({ wish }) => {
      const { accepted, text } = await verdictOf(program, line as Line, buildAgentOf(wish));
      expect(accepted ? '' : text).toBe('');
    });
  });
}

describeWithPeer('collector', 'the gateway without code of ours', (program) => {
  it('is accepted by the Collector that has the ClickHouse exporter', async () => {
    const built = buildAgentOf({ agent: 'gateway', version: '0.161.0' });
    expect(checkConfig(built.workload.config, '0.161.0')).toEqual([]);
    const { accepted, text } = await verdictOf(program, '0.161', built);
    expect(accepted ? '' : text).toBe('');
  });
});

describe('what must not stand together', () => {
  it('cost beside what reads the same targets is refused with the reason', () => {
    const wish: AgentWish = { agent: 'prometheus-agent', presets: { cost: {}, cadvisor: {} } };
    expect(() => buildAgentOf(wish)).toThrow(/cost reads the same targets as cadvisor/);
  });

  it('a preset that scrapes in a cluster-agent of two replicas is refused', () => {
    const wish: AgentWish = {
      agent: 'cluster-agent',
      options: { replicas: 2 },
      presets: { cluster_metrics: {}, kube_state_metrics: {} },
    };
    expect(() => buildAgentOf(wish)).toThrow(/each would read every target/);
  });

  it('tail sampling anywhere but in its tier is unknown to the agent', () => {
    const wish: AgentWish = { agent: 'node-agent', presets: { tail_sampling: {} } };
    expect(() => buildAgentOf(wish)).toThrow(/tail_sampling/);
  });
});
