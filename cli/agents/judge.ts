/** What reported agents are, measured against what a stack file renders. */
import { parse } from 'yaml';
import { writeConfig } from '../../collector/write.ts';
import type { JsonObject } from '../../core/json.ts';
import { configHashOf } from '../../presets/agents/opamp.ts';
import type { Stack } from '../../stack/types.ts';
import { buildAgents } from '../render/agents.ts';
import type { ComponentChange } from '../render/diff/collector-changes.ts';
import { isJsonObject } from '../render/diff/manifest.ts';
import { editedComponents } from './compare.ts';
import type { Agent } from './read.ts';

/** A workload of the stack file whose agents report themselves. */
export type Expected = {
  readonly workload: string;
  readonly hash: string;
  readonly config: JsonObject;
};

/**
 * `ok`: runs what is rendered; `old`: was started with another rendered configuration; `edited`:
 * says that it was started with this one, and runs another; `extra`: no such workload is rendered;
 * `unknown`: does not say.
 */
type Verdict = 'ok' | 'old' | 'edited' | 'extra' | 'unknown';

export type Judged = Agent & {
  readonly config: Verdict;
  /** What was edited. */
  readonly changes: readonly ComponentChange[];
};

/** Empty where the gateway of the file answers no agents. */
export function expectedAgents(stack: Stack): ReadonlyMap<string, Expected> {
  const expected = new Map<string, Expected>();
  for (const { workload } of buildAgents(stack, 'kubernetes')) {
    const hash = configHashOf(workload.config);
    if (hash === undefined) continue;
    const text = writeConfig(workload.config, { version: workload.collectorVersion });
    expected.set(workload.name, { workload: workload.name, hash, config: parse(text) });
  }
  return expected;
}

/** Hashes of effective configurations that {@link judge} wants to see. */
export function hashesToCompare(
  agents: readonly Agent[],
  expected: ReadonlyMap<string, Expected>,
): readonly string[] {
  const compared = agents.filter(
    ({ workload, configHash }) => expected.get(workload)?.hash === configHash,
  );
  return [...new Set(compared.map(({ effectiveHash }) => effectiveHash))].filter(Boolean);
}

/** Compares one text with each workload that has agents which run it. */
export async function compareConfigs(
  agents: readonly Agent[],
  expected: ReadonlyMap<string, Expected>,
  configs: AsyncIterable<readonly [string, string]>,
): Promise<ReadonlyMap<string, readonly ComponentChange[]>> {
  const changes = new Map<string, readonly ComponentChange[]>();
  for await (const [hash, text] of configs) {
    const effective: unknown = parse(text);
    for (const workload of new Set(agents.map((agent) => agent.workload))) {
      const wanted = expected.get(workload);
      const runs = agents.some((one) => one.workload === workload && one.effectiveHash === hash);
      if (wanted === undefined || !runs || !isJsonObject(effective)) continue;
      changes.set(keyOf(workload, hash), editedComponents(wanted.config, effective));
    }
  }
  return changes;
}

export function judge(
  agent: Agent,
  expected: ReadonlyMap<string, Expected>,
  changes: ReadonlyMap<string, readonly ComponentChange[]>,
): Judged {
  const wanted = expected.get(agent.workload);
  const none: readonly ComponentChange[] = [];
  if (wanted === undefined) return { ...agent, config: 'extra', changes: none };
  if (agent.configHash === '') return { ...agent, config: 'unknown', changes: none };
  if (agent.configHash !== wanted.hash) return { ...agent, config: 'old', changes: none };
  const found = changes.get(keyOf(agent.workload, agent.effectiveHash));
  if (found === undefined) return { ...agent, config: 'unknown', changes: none };
  return { ...agent, config: found.length === 0 ? 'ok' : 'edited', changes: found };
}

function keyOf(workload: string, hash: string): string {
  return `${workload} ${hash}`;
}

/** How far a configuration has got in one group of one workload. */
export type Rollout = {
  readonly workload: string;
  readonly group: string;
  /** Agents that report, and how many of them have the rendered configuration. */
  readonly agents: number;
  readonly updated: number;
  /** Names of the others, and of those that are not well. */
  readonly waiting: readonly string[];
  readonly unhealthy: readonly string[];
  readonly silent: readonly string[];
};

/** A row a workload and group; one of no agents for a workload that nobody reports. */
export function rolloutOf(
  judged: readonly Judged[],
  expected: ReadonlyMap<string, Expected>,
): readonly Rollout[] {
  return [...expected.keys()].flatMap((workload) => {
    const own = judged.filter((agent) => agent.workload === workload);
    const groups = [...new Set(own.map(({ group }) => group))].sort();
    return (groups.length === 0 ? [''] : groups).map((group) => {
      const all = own.filter((agent) => agent.group === group);
      const live = all.filter(({ health }) => health !== 'silent');
      const has = ({ config }: Judged): boolean => config === 'ok' || config === 'edited';
      return {
        workload,
        group,
        agents: live.length,
        updated: live.filter(has).length,
        waiting: live.filter((agent) => !has(agent)).map(nameOfAgent),
        unhealthy: live.filter(({ health }) => health === 'unhealthy').map(nameOfAgent),
        silent: all.filter(({ health }) => health === 'silent').map(nameOfAgent),
      };
    });
  });
}

/** Its node where it has one: pods come and go. */
export function nameOfAgent({ node, pod, instance }: Agent): string {
  return node || pod || instance;
}
