/** The tables whose rows are items, one row an item: what a sender's items can be counted in. */
import { logs } from '../clickhouse/schema/logs.ts';
import {
  exponentialHistogram,
  gauge,
  histogram,
  sum,
  summary,
} from '../clickhouse/schema/metrics.ts';
import { traces } from '../clickhouse/schema/traces.ts';
import type { Signal } from './answer.ts';

export type ItemTable = {
  readonly name: string;
  readonly signal: Signal;
  /** The column that holds the item's time. */
  readonly time: string;
};

export const itemTables: readonly ItemTable[] = [
  { name: traces.name, signal: 'traces', time: 'Timestamp' },
  { name: logs.name, signal: 'logs', time: 'Timestamp' },
  ...[gauge, sum, histogram, exponentialHistogram, summary].map(
    ({ name }): ItemTable => ({ name, signal: 'metrics', time: 'TimeUnix' }),
  ),
];

const signals: ReadonlyMap<string, Signal> = new Map(
  itemTables.map(({ name, signal }) => [name, signal]),
);

export function signalOfTable(table: string): Signal | undefined {
  return signals.get(table);
}
