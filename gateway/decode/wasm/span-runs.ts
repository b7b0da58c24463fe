/**
 * Which column of the module goes where in the open block of spans.
 *
 * Hot path. Allocations: one view a column and run. Copies: one of each column. Owner: the block.
 * Watched by `decode.bench.ts`.
 */
import { putOffset } from '../envelope.ts';
import type { Elements, TraceBlock } from '../trace-block.ts';
import {
  byte1At,
  byte2At,
  dropped1At,
  dropped2At,
  dropped3At,
  ids2At,
  idsAt,
  time2At,
  wordsFlagsAt,
} from './layout.ts';
import { runDecoder } from './runs.ts';

export const putSpanRun = runDecoder<TraceBlock>({
  signal: 'spans',
  names: (block) => block.spanName,
  append: (block, core, row, rows) => {
    core.putFixed(block.duration, row, time2At, rows);
    core.putFixed(block.traceId, row, idsAt, rows);
    core.putFixed(block.spanId, row, ids2At, rows);
    core.putFixed(block.spanKind, row, byte1At, rows);
    core.putFixed(block.statusCode, row, byte2At, rows);
    core.putFixed(block.flags, row, wordsFlagsAt, rows);
    core.putFixed(block.droppedAttributes, row, dropped1At, rows);
    core.putFixed(block.droppedEvents, row, dropped2At, rows);
    core.putFixed(block.droppedLinks, row, dropped3At, rows);
    core.putText(block.parentSpanId, 1);
    core.putText(block.statusMessage, 2);
    core.putEmpty(block.traceState, rows);
    putNoElements(block.events, row, rows);
    putNoElements(block.links, row, rows);
  },
});

/** Events or links of spans that have none. */
function putNoElements({ offsets, level }: Elements, row: number, rows: number): void {
  const { words } = offsets.values;
  for (let index = row; index < row + rows; index += 1) putOffset(words, index, level.count);
}
