/** `obsctl cost run`. */
import { systemClock } from '../../core/clock.ts';
import { formatProblem, isProblem } from '../../core/problem.ts';
import { type Counted, countCosts, countedDaysMax } from '../../jobs/prices/count.ts';
import { defaultsDate } from '../../jobs/prices/defaults.ts';
import type { CliContext } from '../context.ts';
import { durationOf, type ServerOptions, withServer } from './server.ts';

export type RunOptions = ServerOptions & {
  readonly since: string;
  readonly watch?: boolean;
  readonly interval: string;
  readonly teamLabel: readonly string[];
  readonly ownerLabel: readonly string[];
  readonly costCenterLabel: readonly string[];
};

const dayMs = 86_400_000;
/** With `--watch`: points and entities of an hour come until then. */
const againMs = 3 * 3_600_000;

export async function run(options: RunOptions, context: CliContext): Promise<void> {
  const sinceMs = durationOf('--since', options.since, countedDaysMax * dayMs);
  const intervalMs = durationOf('--interval', options.interval, dayMs);
  const { signal } = context;
  const or = (names: readonly string[], name: string): readonly string[] =>
    names.length === 0 ? [name] : names;
  const labels = {
    team: or(options.teamLabel, 'team'),
    owner: or(options.ownerLabel, 'owner'),
    costCenter: or(options.costCenterLabel, 'cost-center'),
  };
  await withServer(options, context, async (server) => {
    const count = async (backMs: number): Promise<void> => {
      const nowMs = systemClock.nowMs();
      const onDay = (day: string, hours: number): void => {
        if (context.isTerminal) context.stderr(`${day}: ${hours} hours\n`);
      };
      const counting = { sinceMs: nowMs - backMs, nowMs, labels, signal, onDay };
      tell(await countCosts(server, counting), options, context);
    };
    await count(sinceMs);
    while (options.watch === true && !signal.aborted) {
      await systemClock.sleep(intervalMs, signal);
      if (signal.aborted) break;
      // A server that is away is asked again at the next time.
      await count(Math.max(againMs, 2 * intervalMs)).catch((error: unknown) => {
        if (signal.aborted) return;
        if (!isProblem(error)) throw error;
        context.stderr(`${formatProblem(error)}\n`);
      });
    }
  });
  if (signal.aborted) context.exitWith(0);
}

function tell(counted: Counted, options: RunOptions, context: CliContext): void {
  const { hours, sources, podsWithoutNode } = counted;
  if (podsWithoutNode > 0) {
    context.stderr(`${podsWithoutNode} pods are left out: their nodes are not recorded\n`);
  }
  if (options.json === true) {
    context.stdout(`${JSON.stringify(counted)}\n`);
    return;
  }
  context.stdout(`counted ${hours} ${hours === 1 ? 'hour' : 'hours'}\n`);
  for (const { source, nodeHours } of sources) {
    context.stdout(`  ${source}: ${Number(nodeHours).toFixed(1)} node hours\n`);
  }
  if (sources.length === 0) {
    context.stderr('no node was recorded then: `obsctl entities watch` records them\n');
  } else if (sources.every(({ source }) => source.startsWith('default '))) {
    context.stderr(
      `no price file and no bill: list prices of ${defaultsDate} that are in the package, ` +
        'without your discounts. `obsctl cost prices import` loads your own.\n',
    );
  }
}
