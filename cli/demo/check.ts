/** `obsctl demo --check`: waits until every panel whose source is active has data. */
import { platform } from 'node:os';
import type { Clock } from '../../core/clock.ts';
import { checkDashboards, type DashboardState } from '../../dashboards/preview/check.ts';
import type { DashboardJson } from '../../dashboards/vocabulary/board.ts';
import { dashboardUids } from '../../dashboards/vocabulary/links.ts';

export type CheckOptions = {
  readonly clickhouseUrl: string;
  /** Of the page, for the printed line. */
  readonly url: string;
  readonly dashboards: () => readonly DashboardJson[];
  /** Whether the shop has a database, and so snapshots. */
  readonly hasSnapshots: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

type PrintedPanel = {
  readonly title: string;
  readonly rows: number;
  readonly state: 'data' | 'no_source';
  /** Why there is no data: no source, nothing in the range, or what the query answered. */
  readonly reason: string;
};

/** The line that `--check` prints (contract, section 1). */
export type CheckResult = {
  readonly ok: boolean;
  readonly url: string;
  readonly dashboards: readonly {
    readonly uid: string;
    readonly panels: readonly PrintedPanel[];
  }[];
};

const waitMsMax = 180_000;
const pauseMs = 3_000;

export async function checkUntilFilled(options: CheckOptions): Promise<CheckResult> {
  const { clock, signal, url } = options;
  const deadlineMs = clock.monotonicMs() + waitMsMax;
  let states: readonly DashboardState[] = [];
  while (!signal.aborted) {
    states = await checkDashboards(options);
    const missing = states.flatMap((state) => missingPanels(state, options.hasSnapshots));
    if (missing.length === 0) return { ok: true, url, dashboards: states.map(printed) };
    if (clock.monotonicMs() >= deadlineMs) break;
    options.progress(`\r\x1b[K${missing.length} panels still empty: ${missing[0]}`);
    await clock.sleep(pauseMs, signal);
  }
  return { ok: false, url, dashboards: states.map(printed) };
}

/** What is about a cluster has no source on one machine. */
const { kubernetes, workload, pod, node, deployments, controlPlane, cni } = dashboardUids;
const { entities, agents, cost, network } = dashboardUids;
const aboutCluster: ReadonlySet<string> = new Set([
  ...[kubernetes, workload, pod, node, deployments, controlPlane, cni],
  ...[entities, agents, cost, network],
]);

/** Titles of the panels that stand in the way. Only Linux has all of the machine's figures. */
function missingPanels(dashboard: DashboardState, hasSnapshots: boolean): readonly string[] {
  const noSourceIsFine =
    platform() !== 'linux' ||
    aboutCluster.has(dashboard.uid) ||
    (!hasSnapshots && dashboard.uid === dashboardUids.snapshots);
  return dashboard.panels
    .filter(({ state }) => state !== 'data' && !(noSourceIsFine && state === 'no_source'))
    .map(({ title }) => `${dashboard.uid}: ${title}`);
}

/** The contract knows two states; what is neither is told apart by its reason. */
function printed({ uid, panels }: DashboardState): CheckResult['dashboards'][number] {
  return {
    uid,
    panels: panels.map(({ title, rows, state, reason }) => {
      if (state === 'data') return { title, rows, state, reason };
      if (state === 'error') {
        return { title, rows, state: 'no_source', reason: `the query failed: ${reason}` };
      }
      return { title, rows, state: 'no_source', reason: reason || 'no rows in the time range' };
    }),
  };
}
