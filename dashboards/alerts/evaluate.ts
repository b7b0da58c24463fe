/**
 * What an alert does over time, without Grafana: pending until it has been over for as long as
 * `for` says, then firing, and resolved once it has not been over for as long as `keep_firing_for`
 * says. Pure: the time is given, and the state is plain data that a file can hold.
 *
 *          over                 over for `for`              not over for `keep_firing_for`
 *   (none) ────▶ pending ─────────────────────▶ firing ──────────────────────────▶ (none)
 *                   └── not over ▶ (none)          tells 'firing'     tells 'resolved'
 */
import { expandQuery } from '../vocabulary/macros.ts';
import { type AlertRule, durationMs, type RuleUnit } from './rule.ts';

/** How often rules are evaluated, and the width of a bucket in their queries. */
export const ruleIntervalMs = 60_000;

/** One row of a rule's query. */
export type Sample = {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

type Alert = Sample & {
  readonly state: 'pending' | 'firing';
  /** Since when it has been over, and when it was over the last time. */
  readonly sinceMs: number;
  readonly overMs: number;
};

/** The alerts of one rule by the key of their labels. */
export type RuleState = Readonly<Record<string, Alert>>;

export type Change = Sample & {
  readonly what: 'firing' | 'resolved';
  readonly atMs: number;
  readonly sinceMs: number;
};

type Watched = Pick<AlertRule, 'threshold' | 'for' | 'keep_firing_for'>;

/** The state after looking at `samples`, and what is to be told. A missing series is not over. */
export function evaluate(
  rule: Watched,
  before: RuleState,
  samples: readonly Sample[],
  nowMs: number,
): { readonly state: RuleState; readonly changes: readonly Change[] } {
  const now = new Map(samples.map((sample) => [keyOf(sample), sample] as const));
  const state: Record<string, Alert> = {};
  const changes: Change[] = [];
  for (const key of new Set([...Object.keys(before), ...now.keys()])) {
    const known = Object.hasOwn(before, key) ? before[key] : undefined;
    const next = step(rule, known, now.get(key), nowMs);
    if (next !== undefined) state[key] = next;
    const told = next ?? known;
    if (told === undefined || (next?.state === 'firing') === (known?.state === 'firing')) continue;
    changes.push({
      what: next?.state === 'firing' ? 'firing' : 'resolved',
      labels: told.labels,
      value: now.get(key)?.value ?? told.value,
      atMs: nowMs,
      sinceMs: told.sinceMs,
    });
  }
  return { state, changes };
}

function step(
  rule: Watched,
  known: Alert | undefined,
  sample: Sample | undefined,
  nowMs: number,
): Alert | undefined {
  if (sample !== undefined && isOver(rule, sample.value)) {
    const sinceMs = known?.sinceMs ?? nowMs;
    const long = known?.state === 'firing' || nowMs - sinceMs >= durationMs(rule.for);
    return { ...sample, state: long ? 'firing' : 'pending', sinceMs, overMs: nowMs };
  }
  if (known?.state !== 'firing') return undefined;
  const kept = nowMs - known.overMs < durationMs(rule.keep_firing_for);
  return kept ? { ...known, value: sample?.value ?? known.value } : undefined;
}

function isOver({ threshold }: Watched, value: number): boolean {
  return threshold.below === undefined ? value > threshold.above : value < threshold.below;
}

/** The query of a rule at `nowMs`, with the macros expanded as Grafana's server does it. */
export function ruleQuery(rule: Pick<AlertRule, 'sql' | 'window'>, nowMs: number): string {
  return expandQuery(rule.sql, {
    fromMs: nowMs - durationMs(rule.window),
    toMs: nowMs,
    intervalMs: ruleIntervalMs,
    variables: {},
  });
}

/** Rows of the query as samples. Throws when they are not labels and one number. */
export function samplesOf(
  rule: Pick<AlertRule, 'id' | 'labels'>,
  rows: readonly Readonly<Record<string, unknown>>[],
): readonly Sample[] {
  return rows.map((row) => {
    const { value, ...rest } = row;
    const labels = Object.fromEntries(rule.labels.map((label) => [label, rest[label]]));
    const texts = Object.values(labels).every((text) => typeof text === 'string');
    const extra = Object.keys(rest).length !== rule.labels.length;
    if (!texts || extra || typeof value !== 'number' || !Number.isFinite(value)) {
      throw new TypeError(`the row ${JSON.stringify(row)} of ${rule.id} is no sample`);
    }
    return { labels: labels as Record<string, string>, value };
  });
}

/** The sentence of an alert: what `summary` says of this sample. */
export function summaryOf(rule: Pick<AlertRule, 'summary' | 'unit'>, sample: Sample): string {
  return rule.summary.replace(/\{(\w+)\}/g, (_, word: string) =>
    word === 'value' ? formats[rule.unit](sample.value) : (sample.labels[word] ?? ''),
  );
}

const formats: Readonly<Record<RuleUnit, (value: number) => string>> = {
  ratio: (value) => `${(value * 100).toFixed(1)} %`,
  seconds: (value) => (value < 120 ? secondsText(value) : `${(value / 60).toFixed(0)} min`),
  days: (value) => `${value.toFixed(1)} days`,
  times: (value) => `${value.toFixed(1)} times`,
  count: (value) => String(Number(value.toPrecision(4))),
  per_second: (value) => `${Number(value.toPrecision(3))} a second`,
};

/** How long something took is told to two digits, since when something is to the second. */
function secondsText(value: number): string {
  return `${value < 10 ? Number(value.toPrecision(2)) : value.toFixed(0)} s`;
}

/** Labels in the order of their names, so that a key outlives a change of the query. */
function keyOf({ labels }: Sample): string {
  return JSON.stringify(Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1)));
}
