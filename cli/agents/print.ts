/** Agents as a person reads them. */
import { aligned } from '../output/aligned.ts';
import { componentLines } from '../render/diff/print.ts';
import { type Judged, nameOfAgent, type Rollout } from './judge.ts';
import type { Agent } from './read.ts';

/** Names shown of one group; the rest is counted. */
const namesMax = 5;

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

export function printAgents(agents: readonly (Agent | Judged)[], nowMs: number): string {
  const rows = agents.map((agent) => [
    agent.workload,
    agent.node || agent.pod || '–',
    agent.group || '–',
    agent.version || '–',
    agent.health,
    'config' in agent ? agent.config : agent.configHash || '–',
    ago(nowMs - agent.lastSeenMs),
    troubleOf(agent),
  ]);
  const head = ['workload', 'node', 'group', 'version', 'health', 'config', 'last seen', ''];
  return aligned([head, ...rows]);
}

function troubleOf({ error, troubles }: Agent): string {
  return error !== '' ? error : (troubles[0] ?? '');
}

/** A paragraph a workload; what was edited is shown once for all that have it so. */
export function printDrift(judged: readonly Judged[], absent: readonly string[]): string {
  const lines: string[] = absent.map((workload) => `${workload}: no agent reports`);
  for (const workload of new Set(judged.map((agent) => agent.workload))) {
    const own = judged.filter((agent) => agent.workload === workload);
    lines.push(`${workload}: ${own.length} ${own.length === 1 ? 'agent' : 'agents'} differ`);
    const old = Map.groupBy(
      own.filter(({ config }) => config === 'old'),
      ({ configHash }) => configHash,
    );
    for (const [hash, agents] of old) lines.push(`  not rolled out (${hash}): ${names(agents)}`);
    const extra = own.filter(({ config }) => config === 'extra');
    if (extra.length > 0) lines.push(`  not in the stack file: ${names(extra)}`);
    const edited = Map.groupBy(
      own.filter(({ config }) => config === 'edited'),
      ({ changes }) => JSON.stringify(changes),
    );
    for (const agents of edited.values()) {
      lines.push(`  edited: ${names(agents)}`, ...componentLines(agents[0]?.changes ?? []));
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

function names(agents: readonly Agent[]): string {
  return listed(agents.map(nameOfAgent));
}

function listed(all: readonly string[]): string {
  const left = all.length - namesMax;
  return `${all.slice(0, namesMax).join(', ')}${left > 0 ? `, and ${left} more` : ''}`;
}

export function printRollout(rows: readonly Rollout[]): string {
  const cells = rows.map(({ workload, group, agents, updated, ...lists }) => [
    ...[workload, group || '–', `${updated} of ${agents}`],
    ...[lists.waiting, lists.unhealthy, lists.silent].map((list) => listed(list) || '–'),
  ]);
  const head = ['workload', 'group', 'have it', 'not yet', 'unhealthy', 'silent'];
  return aligned([head, ...cells]);
}

function ago(ms: number): string {
  const [unit, length] = units.find(([, unitMs]) => ms >= unitMs) ?? ['s', 1000];
  return `${Math.floor(Math.max(0, ms) / length)}${unit} ago`;
}
