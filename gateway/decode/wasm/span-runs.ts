/**
 * Runs of ordinary spans, decoded by the module, into the columns of the open block.
 *
 * Hot path. Allocations: one view a column and run. Copies: one of each column. Owner: the block.
 * Watched by `decode.bench.ts`.
 */
import type { Context } from '../context.ts';
import type { Days } from '../days.ts';
import { putOffset } from '../envelope.ts';
import type { Elements, TraceBlock } from '../trace-block.ts';
import { type Core, coreOfThread } from './core.ts';
import {
  byte1At,
  byte2At,
  dropped1At,
  dropped2At,
  dropped3At,
  ids2At,
  idsAt,
  nameIdsAt,
  namesAt,
  outNames,
  outRows,
  time2At,
  timeAt,
  wordsFlagsAt,
} from './layout.ts';

/** Decodes the spans from `at` on, as long as they are ordinary; returns where the next begins. */
export function putSpanRun(
  days: Days<TraceBlock>,
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
    position = core.run(core.spans, source, position, end);
    const rows = core.result(outRows);
    if (rows > 0) append(block, context, core, rows);
  } while (core.goesOn(source, position, end));
  return position;
}

function append(block: TraceBlock, context: Context, core: Core, rows: number): void {
  block.beginRows(context, rows);
  const row = block.rows.count;
  core.putFixed(block.time, row, timeAt, rows);
  core.putFixed(block.duration, row, time2At, rows);
  core.putFixed(block.traceId, row, idsAt, rows);
  core.putFixed(block.spanId, row, ids2At, rows);
  core.putFixed(block.spanKind, row, byte1At, rows);
  core.putFixed(block.statusCode, row, byte2At, rows);
  core.putFixed(block.flags, row, wordsFlagsAt, rows);
  core.putFixed(block.droppedAttributes, row, dropped1At, rows);
  core.putFixed(block.droppedEvents, row, dropped2At, rows);
  core.putFixed(block.droppedLinks, row, dropped3At, rows);
  core.putMap(block.attributes, row, rows);
  core.putText(block.parentSpanId, 1);
  core.putText(block.statusMessage, 2);
  core.putEmpty(block.traceState, rows);
  core.enter(block.spanName.dictionary, namesAt, core.result(outNames));
  core.putIndexes(block.spanName.indexes.words, row, nameIdsAt, rows);
  putNoElements(block.events, row, rows);
  putNoElements(block.links, row, rows);
  block.endRows(rows);
  context.accepted += rows;
}

/** Events or links of spans that have none. */
function putNoElements({ offsets, level }: Elements, row: number, rows: number): void {
  const { words } = offsets.values;
  for (let index = row; index < row + rows; index += 1) putOffset(words, index, level.count);
}
