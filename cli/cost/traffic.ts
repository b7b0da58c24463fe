/** `obsctl cost traffic`. */
import { nearestWord } from '../../core/nearest.ts';
import { Problem } from '../../core/problem.ts';
import { priceDigits, textOf, unitsOf } from '../../jobs/prices/decimal.ts';
import {
  askTraffic,
  type TrafficGrouping,
  type TrafficRow,
  trafficGroupings,
} from '../../jobs/prices/traffic.ts';
import type { CliContext } from '../context.ts';
import { aligned } from '../output/aligned.ts';
import { withServer } from './server.ts';
import { backOf, limitOf, monthOf, type ShowOptions } from './show.ts';

export async function traffic(options: ShowOptions, context: CliContext): Promise<void> {
  const by = groupingOf(options.by);
  const { cluster, namespace, month } = options;
  const limit = limitOf(options.limit);
  const times = month === undefined ? backOf(options.since) : monthOf(month);
  const range = { ...times, cluster, namespace };
  const { seenBytes, rows } = await withServer(options, context, (server) =>
    askTraffic(server, by, range),
  );
  if (seenBytes === '0') {
    throw new Problem('OBS-6153', `no traffic was reported from ${day(range.from)} on`);
  }
  const shown = rows.slice(0, limit);
  if (options.json === true) {
    context.stdout(`${JSON.stringify({ by, ...range, seenBytes, rows: shown })}\n`);
    return;
  }
  const columns = trafficGroupings[by];
  const head = [
    ...columns,
    'GB to zones',
    'from zones',
    'cost',
    'GB to internet',
    'cost',
    'in all',
  ];
  const cells = shown.map((row) => cellsOf(row, columns));
  if (shown.length > 0) context.stdout(aligned([[...head, '', 'price'], ...cells]));
  const more = rows.length - shown.length;
  const rest = more > 0 ? `; ${more} more rows with a greater --limit` : '';
  context.stderr(`${gigabytes(seenBytes)} GB seen; what stays in its zone costs nothing${rest}\n`);
}

function cellsOf(row: TrafficRow, columns: readonly string[]): readonly string[] {
  const amount = (text: string): string => textOf(unitsOf(text, priceDigits), priceDigits, 4);
  return [
    ...columns.map((column) => row.of[column] ?? ''),
    ...[gigabytes(row.zonesBytes), gigabytes(row.zonesReceivedBytes), amount(row.zonesCost)],
    ...[gigabytes(row.internetBytes), amount(row.internetCost), amount(row.cost)],
    ...[row.currency, row.priceSources.join(', ')],
  ];
}

const gigabytes = (bytes: string): string => textOf(BigInt(bytes), 9, 3);

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16);

function groupingOf(text: string): TrafficGrouping {
  const names = Object.keys(trafficGroupings) as TrafficGrouping[];
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new Problem('OBS-1003', `--by ${text}: expected one of ${names.join(', ')}`, {
    next: `Did you mean “${nearestWord(text, names) ?? 'namespace'}”?`,
  });
}
