/**
 * Runs of ordinary log records, decoded by the module, into the columns of the open block.
 *
 * Hot path. Allocations: one view a column and run. Copies: one of each column. Owner: the block.
 * Watched by `decode.bench.ts`.
 */
import type { Context } from '../context.ts';
import type { Days } from '../days.ts';
import type { LogBlock } from '../log-block.ts';
import { type Core, coreOfThread } from './core.ts';
import {
  byte1At,
  byte2At,
  byte3At,
  dropped1At,
  nameIdsAt,
  namesAt,
  outNames,
  outRows,
  time2At,
  timeAt,
  wordsFlagsAt,
} from './layout.ts';

/** Decodes records from `at` on, as long as they are ordinary; returns where the next begins. */
export function putLogRun(
  days: Days<LogBlock>,
  context: Context,
  source: Uint8Array,
  at: number,
  end: number,
): number {
  if (context.keeper.isThrottling) return at;
  const block = days.current();
  if (block === undefined) return at;
  const core = coreOfThread();
  if (core === undefined || !core.isWorth(end - at)) return at;
  core.setBounds(context, days.bounds);
  let position = at;
  do {
    position = core.run(core.logs, source, position, end);
    const rows = core.result(outRows);
    if (rows > 0) append(block, context, core, rows);
  } while (core.goesOn(source, position, end));
  return position;
}

function append(block: LogBlock, context: Context, core: Core, rows: number): void {
  block.beginRows(context, rows);
  const row = block.rows.count;
  core.putFixed(block.time, row, timeAt, rows);
  core.putFixed(block.observed, row, time2At, rows);
  core.putFixed(block.bodyType, row, byte1At, rows);
  core.putFixed(block.severityNumber, row, byte2At, rows);
  core.putFixed(block.traceFlags, row, byte3At, rows);
  core.putFixed(block.flags, row, wordsFlagsAt, rows);
  core.putFixed(block.droppedAttributes, row, dropped1At, rows);
  core.putMap(block.attributes, row, rows);
  core.putText(block.traceId, 1);
  core.putText(block.spanId, 2);
  core.putText(block.body, 3);
  core.putText(block.eventName, 4);
  core.enter(block.severityText.dictionary, namesAt, core.result(outNames));
  core.putIndexes(block.severityText.indexes.words, row, nameIdsAt, rows);
  block.endRows(rows);
  context.accepted += rows;
}
