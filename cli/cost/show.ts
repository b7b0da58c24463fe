/** `obsctl cost show`, `recommend` and `compare`. */
import { systemClock } from '../../core/clock.ts';
import { nearestWord } from '../../core/nearest.ts';
import { Problem } from '../../core/problem.ts';
import {
  askCosts,
  type CostRow,
  type Grouping,
  groupings,
  type Range,
} from '../../jobs/prices/ask.ts';
import { compareCosts, lastDeployment, type Side } from '../../jobs/prices/compare.ts';
import { priceDigits, textOf, unitsOf } from '../../jobs/prices/decimal.ts';
import { askRecommendations } from '../../jobs/prices/recommend.ts';
import type { CliContext } from '../context.ts';
import { aligned } from '../output/aligned.ts';
import { durationOf, type ServerOptions, withServer } from './server.ts';

type PlaceOptions = ServerOptions & { readonly cluster?: string; readonly namespace?: string };

export type ShowOptions = PlaceOptions & {
  readonly by: string;
  readonly since: string;
  readonly month?: string;
  readonly limit: string;
};

export type RecommendOptions = PlaceOptions & { readonly since: string; readonly limit: string };

export type CompareOptions = PlaceOptions & { readonly at?: string; readonly window: string };

const dayMs = 86_400_000;
/** As long as hours are kept, by default. */
const sinceMsMax = 400 * dayMs;
const windowMsMax = 30 * dayMs;
const limitMax = 1_000_000;
const hourMs = 3_600_000;

export async function show(options: ShowOptions, context: CliContext): Promise<void> {
  const by = groupingOf(options.by);
  const { cluster, namespace, month } = options;
  const limit = limitOf(options.limit);
  const times = month === undefined ? backOf(options.since) : monthOf(month);
  const range = { ...times, cluster, namespace };
  const { hours, rows } = await withServer(options, context, (server) =>
    askCosts(server, by, range),
  );
  if (rows.length === 0) throw nothing(range);
  const shown = rows.slice(0, limit);
  if (options.json === true) {
    context.stdout(`${JSON.stringify({ by, ...range, hours, rows: shown })}\n`);
    return;
  }
  const columns = groupings[by];
  const head = [
    ...[...columns.map((column) => column.toLowerCase()), 'cost', 'used', 'idle', 'a month', ''],
    ...['vCPU h', 'used', 'GB h', 'used', 'price'],
  ];
  context.stdout(aligned([head, ...shown.map((row) => cellsOf(row, columns))]));
  const more = rows.length - shown.length;
  context.stderr(
    `${hours} hours counted${more > 0 ? `; ${more} more rows with a greater --limit` : ''}\n`,
  );
}

function cellsOf(row: CostRow, columns: readonly string[]): readonly string[] {
  const names = columns.map((column, at) =>
    row.isUnallocated ? (at === 0 ? '(requested by nobody)' : '') : (row.of[column] ?? ''),
  );
  const amount = (text: string): string => rounded(text, 4);
  const quantity = (text: string): string => rounded(text, 2);
  return [
    ...names,
    ...[row.cost, row.usageCost, row.idleCost].map(amount),
    ...[rounded(row.monthCost, 2), row.currency],
    ...[row.cpuCoreHours, row.cpuCoreHoursUsed].map(quantity),
    ...[row.memoryGbHours, row.memoryGbHoursUsed].map(quantity),
    row.priceSources.join(', '),
  ];
}

function rounded(text: string, digits: number): string {
  return textOf(unitsOf(text, priceDigits), priceDigits, digits);
}

export async function recommendations(
  options: RecommendOptions,
  context: CliContext,
): Promise<void> {
  const { cluster, namespace } = options;
  const limit = limitOf(options.limit);
  const range = { ...backOf(options.since), cluster, namespace };
  const all = await withServer(options, context, (server) => askRecommendations(server, range));
  if (all.length === 0) throw nothing(range);
  const rows = all.slice(0, limit);
  if (options.json === true) {
    for (const row of rows) context.stdout(`${JSON.stringify(row)}\n`);
    return;
  }
  const head = [
    'namespace',
    'workload',
    'vCPU',
    'better',
    'GB',
    'better',
    'over a month',
    '',
    'price',
  ];
  const cells = rows.map((row) => [
    ...[row.namespace, `${row.kind.toLowerCase()}/${row.workload}`],
    ...[row.cpuRequested, row.cpuRecommended, row.memoryRequested, row.memoryRecommended],
    ...[rounded(row.overProvisionedMonth, 2), row.currency, row.priceSources.join(', ')],
  ]);
  context.stdout(aligned([head, ...cells]));
  context.stderr('means and a tenth more, of pods that were measured; peaks are in no mean\n');
}

export async function compare(
  workload: string,
  options: CompareOptions,
  context: CliContext,
): Promise<void> {
  const { cluster, namespace } = options;
  const windowHours = Math.max(
    1,
    Math.round(durationOf('--window', options.window, windowMsMax) / hourMs),
  );
  await withServer(options, context, async (server) => {
    const place = { cluster, namespace };
    const found =
      options.at === undefined
        ? await lastDeployment(server, workload, place)
        : { atMs: momentOf(options.at), description: `at ${options.at}` };
    if (found === undefined) {
      throw new Problem('OBS-6152', `no change of images of ${workload} is recorded`, {
        next: 'Say when it was with --at, such as --at 2026-11-20T12:00:00Z.',
      });
    }
    const { atMs, description } = found;
    const both = await compareCosts(server, workload, { ...place, atMs, windowHours });
    if (both.before.costs.length + both.after.costs.length === 0) {
      throw nothing({ ...place, from: both.before.from, to: both.after.to });
    }
    const at = new Date(atMs).toISOString();
    if (options.json === true) {
      context.stdout(`${JSON.stringify({ workload, at, description, ...both })}\n`);
      return;
    }
    context.stderr(`${at}: ${description}\n`);
    const head = [
      '',
      'hours',
      'cost/h',
      'used/h',
      'a month',
      '',
      'pods',
      'vCPU',
      'used',
      'GB',
      'used',
      'price',
    ];
    const rows = [...sideRows('before', both.before), ...sideRows('after', both.after)];
    context.stdout(aligned([head, ...rows]));
  });
}

function sideRows(name: string, side: Side): readonly (readonly string[])[] {
  if (side.costs.length === 0) return [[name, String(side.hours), ...Array(10).fill('–')]];
  return side.costs.map((one) => [
    ...[name, String(side.hours), rounded(one.cost, 4), rounded(one.usageCost, 4)],
    ...[rounded(one.monthCost, 2), one.currency, rounded(one.pods, 1)],
    ...[one.cpuRequested, one.cpuUsed].map((text) => rounded(text, 3)),
    ...[one.memoryRequested, one.memoryUsed].map((text) => rounded(text, 3)),
    one.priceSources.join(', '),
  ]);
}

function groupingOf(text: string): Grouping {
  const names = Object.keys(groupings) as Grouping[];
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  const nearest = nearestWord(text, names);
  throw new Problem('OBS-1003', `--by ${text}: expected one of ${names.join(', ')}`, {
    next: `Did you mean “${nearest ?? 'namespace'}”?`,
  });
}

export function backOf(since: string): Pick<Range, 'from' | 'to'> {
  const nowMs = systemClock.nowMs();
  const from = nowMs - durationOf('--since', since, sinceMsMax);
  return { from: Math.floor(from / hourMs) * (hourMs / 1000), to: Math.ceil(nowMs / 1000) };
}

export function monthOf(text: string): Pick<Range, 'from' | 'to'> {
  const [, year, month] = /^(20\d\d)-(0[1-9]|1[0-2])$/.exec(text) ?? [];
  if (year === undefined || month === undefined) {
    throw new Problem('OBS-1003', `--month ${text}: expected a month such as 2026-11`);
  }
  const at = (count: number): number => Date.UTC(Number(year), Number(month) - 1 + count) / 1000;
  return { from: at(0), to: at(1) };
}

function momentOf(text: string): number {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new Problem('OBS-1003', `--at ${text}: expected a time such as 2026-11-20T12:00:00Z`);
}

export function limitOf(limit: string): number {
  const count = Number(limit);
  if (Number.isInteger(count) && count > 0 && count <= limitMax) return count;
  throw new Problem('OBS-1003', `--limit ${limit}: expected a number from 1 to ${limitMax}`);
}

function nothing({ from, to }: Pick<Range, 'from' | 'to'>): Problem {
  const time = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16);
  return new Problem('OBS-6152', `no cost was counted from ${time(from)} to ${time(to)} UTC`);
}
