/**
 * Which column of the module goes where in the open block of log records.
 *
 * Hot path. Allocations: one view a column and run. Copies: one of each column. Owner: the block.
 * Watched by `decode.bench.ts`.
 */
import type { LogBlock } from '../log-block.ts';
import { byte1At, byte2At, byte3At, dropped1At, time2At, wordsFlagsAt } from './layout.ts';
import { runDecoder } from './runs.ts';

export const putLogRun = runDecoder<LogBlock>({
  signal: 'logs',
  names: (block) => block.severityText,
  append: (block, core, row, rows) => {
    core.putFixed(block.observed, row, time2At, rows);
    core.putFixed(block.bodyType, row, byte1At, rows);
    core.putFixed(block.severityNumber, row, byte2At, rows);
    core.putFixed(block.traceFlags, row, byte3At, rows);
    core.putFixed(block.flags, row, wordsFlagsAt, rows);
    core.putFixed(block.droppedAttributes, row, dropped1At, rows);
    core.putText(block.traceId, 1);
    core.putText(block.spanId, 2);
    core.putText(block.body, 3);
    core.putText(block.eventName, 4);
  },
});
