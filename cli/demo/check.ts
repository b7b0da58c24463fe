/** `obsctl demo --check`: waits until every panel whose source is active has data. */
import { platform } from 'node:os';
import type { Clock } from '../../core/clock.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import { checkDashboards, type DashboardState } from '../../dashboards/preview/check.ts';

export type CheckOptions = {
  readonly clickhouseUrl: string;
  /** Of the page, for the printed line. */
  readonly url: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

/** The line that `--check` prints (contract, section 1). */
export type CheckResult = {
  readonly ok: boolean;
  readonly url: string;
  readonly dashboards: readonly DashboardState[];
};

const waitMsMax = 180_000;
const pauseMs = 3_000;

export async function checkUntilFilled(options: CheckOptions): Promise<CheckResult> {
  const { clock, signal, url } = options;
  const deadlineMs = clock.monotonicMs() + waitMsMax;
  let states: readonly DashboardState[] = [];
  while (!signal.aborted) {
    states = await checkDashboards({ ...options, dashboards });
    const missing = states.flatMap(missingPanels);
    if (missing.length === 0) return { ok: true, url, dashboards: states };
    if (clock.monotonicMs() >= deadlineMs) break;
    options.progress(`\r\x1b[K${missing.length} panels still empty: ${missing[0]}`);
    await clock.sleep(pauseMs, signal);
  }
  return { ok: false, url, dashboards: states };
}

/** Titles of the panels that stand in the way. Only Linux has all of the machine's figures. */
function missingPanels(dashboard: DashboardState): readonly string[] {
  const noSourceIsFine = platform() !== 'linux';
  return dashboard.panels
    .filter(({ state }) => state !== 'data' && !(noSourceIsFine && state === 'no_source'))
    .map(({ title }) => `${dashboard.uid}: ${title}`);
}
