/**
 * Why a panel has no data, for every panel of every dashboard: its preset is off, its rows stopped
 * or never came, the engine cannot answer its query, or there is just nothing to show. And which
 * alert rules are left out, because their preset is off.
 */
import { type ClickHouse, connectClickHouse } from '../clickhouse/client.ts';
import type { Clock } from '../core/clock.ts';
import type { AlertRule } from './alerts/rule.ts';
import { unfedSources } from './leave-out.ts';
import { checkDashboards, type PanelState } from './preview/check.ts';
import { ask } from './preview/queries.ts';
import type { DashboardJson } from './vocabulary/board.ts';
import { expandQuery } from './vocabulary/macros.ts';
import { isFed, type Standing } from './vocabulary/needs.ts';
import { type Source, type SourceId, sources } from './vocabulary/sources.ts';

/**
 * - `preset_off`: nothing in the stack file feeds it;
 * - `not_chosen`: it shows something once somebody chooses it;
 * - `no_rows`: its source sent nothing in this time range;
 * - `nothing_to_show`: its source sent, but nothing that this panel shows;
 * - `engine`: the engine lacks what the query needs, or forbids it;
 * - `error`: the query failed otherwise.
 */
type Why = 'preset_off' | 'not_chosen' | 'no_rows' | 'nothing_to_show' | 'engine' | 'error';

export type EmptyPanel = {
  readonly title: string;
  readonly why: Why;
  /** One or two sentences: what is missing, and what would change it. */
  readonly reason: string;
  /** Of `no_rows`: when rows came last; absent when none came for as long as was looked. */
  readonly lastRowsWithin?: string;
  /** Somebody should look: it was to have data, or its query fails. */
  readonly trouble: boolean;
};

export type DiagnosedDashboard = {
  readonly uid: string;
  readonly title: string;
  readonly panelCount: number;
  readonly withoutData: readonly EmptyPanel[];
};

/** A rule that is not rendered, because nothing in the stack file feeds what it asks. */
export type UnfedRule = {
  readonly id: string;
  readonly title: string;
  readonly why: 'preset_off';
  /** What is missing, and what would change it. */
  readonly reason: string;
};

export type DoctorOptions = {
  readonly clickhouseUrl: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly dashboards: readonly DashboardJson[];
  readonly clock: Clock;
  readonly rangeMs: number;
  /** Of the stack file, where one was given. */
  readonly standing?: Standing;
  readonly signal: AbortSignal;
};

/** How far back it is looked for the last rows, step by step. */
const lookBack = [
  { text: '1 hour', ms: 3_600_000 },
  { text: '6 hours', ms: 21_600_000 },
  { text: '1 day', ms: 86_400_000 },
  { text: '7 days', ms: 604_800_000 },
  { text: '30 days', ms: 2_592_000_000 },
] as const;

/**
 * Codes of ClickHouse that tell what this engine is or allows, and not that the query is wrong:
 * method, function, table, database or setting that it does not know, and what is forbidden.
 */
const ofEngine = /\(code (1|46|48|60|81|115|291|344|446|497)\)/;

/** In the order of `rules`; none where it is not known what stands. */
export function unfedRules(
  rules: readonly AlertRule[],
  standing: Standing | undefined,
): readonly UnfedRule[] {
  const off = new Set(standing === undefined ? [] : unfedSources(standing));
  return rules
    .filter(({ source }) => off.has(source))
    .map(({ id, title, source }) => ({
      id,
      title,
      why: 'preset_off',
      reason: sources[source].reason,
    }));
}

export async function diagnose(options: DoctorOptions): Promise<readonly DiagnosedDashboard[]> {
  const { dashboards, ...rest } = options;
  const states = await checkDashboards({ ...rest, dashboards: () => dashboards });
  const env = options.env ?? {};
  const clickhouse = connectClickHouse({ url: options.clickhouseUrl, env });
  const lastRows = new LastRows(clickhouse, options);
  try {
    const found: DiagnosedDashboard[] = [];
    for (const { uid, title, panels } of states) {
      const withoutData: EmptyPanel[] = [];
      for (const panel of panels.filter(({ state }) => state !== 'data')) {
        withoutData.push(await explain(panel, options, lastRows));
      }
      found.push({ uid, title, panelCount: panels.length, withoutData });
    }
    return found;
  } finally {
    await clickhouse.close();
  }
}

async function explain(
  { title, source: id, state, reason }: PanelState,
  { standing }: DoctorOptions,
  lastRows: LastRows,
): Promise<EmptyPanel> {
  if (state === 'error') {
    const why = ofEngine.test(reason) ? 'engine' : 'error';
    return { title, why, reason, trouble: true };
  }
  if (state === 'empty' || id === undefined) {
    return { title, why: 'nothing_to_show', reason, trouble: false };
  }
  if (id === 'selected_trace') return { title, why: 'not_chosen', reason, trouble: false };
  const { needs }: Source = sources[id];
  if (standing !== undefined && !isFed(needs, standing)) {
    return { title, why: 'preset_off', reason, trouble: false };
  }
  const lastRowsWithin = await lastRows.of(id);
  return {
    title,
    why: 'no_rows',
    reason,
    ...(lastRowsWithin !== undefined && { lastRowsWithin }),
    // A preset that stands in the file and sends nothing, or something that stopped.
    trouble:
      lastRowsWithin !== undefined || (standing?.presets !== undefined && needs !== undefined),
  };
}

/** When each source sent last, asked once. */
class LastRows {
  readonly #clickhouse: ClickHouse;
  readonly #options: DoctorOptions;
  readonly #known = new Map<SourceId, Promise<string | undefined>>();

  constructor(clickhouse: ClickHouse, options: DoctorOptions) {
    this.#clickhouse = clickhouse;
    this.#options = options;
  }

  of(id: SourceId): Promise<string | undefined> {
    const known = this.#known.get(id) ?? this.#look(id);
    this.#known.set(id, known);
    return known;
  }

  async #look(id: SourceId): Promise<string | undefined> {
    const { clock, rangeMs, signal } = this.#options;
    const toMs = clock.nowMs();
    for (const { text, ms } of lookBack) {
      if (ms <= rangeMs) continue;
      const scope = { fromMs: toMs - ms, toMs, intervalMs: ms, variables: {} };
      const { data } = await ask(this.#clickhouse, expandQuery(sources[id].probe, scope), signal);
      if (data.length > 0) return text;
    }
    return undefined;
  }
}
