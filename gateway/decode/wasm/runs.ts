/**
 * What runs of every signal share: when the module is asked, how often, and the columns that all
 * have. What is a signal's own is its {@link RunOf}.
 *
 * Hot path. Allocations: one view a column and run. Copies: one of each column. Owner: the block.
 * Watched by `decode.bench.ts`.
 */
import type { Fixed } from '../../../clickhouse/native/buffers.ts';
import type { LowCardinalityColumn, MapColumn } from '../../../clickhouse/native/columns.ts';
import type { Context } from '../context.ts';
import type { Days } from '../days.ts';
import type { RunDecoder } from '../envelope.ts';
import type { SignalBlock } from '../signal-block.ts';
import { type Core, coreOfThread } from './core.ts';
import { nameIdsAt, namesAt, outNames, outRows, timeAt } from './layout.ts';

/** A block as the module fills it. */
type RunBlock = SignalBlock & { readonly time: Fixed; readonly attributes: MapColumn };

type RunOf<Block> = {
  /** Which function of the module decodes the items. */
  readonly signal: 'spans' | 'logs';
  /** The column of the module's second dictionary. */
  readonly names: (block: Block) => LowCardinalityColumn;
  /** Appends `rows` rows of the signal's own columns, from `row` on. */
  readonly append: (block: Block, core: Core, row: number, rows: number) => void;
};

/** A decoder of items from `at` on, as long as they are ordinary. */
export function runDecoder<Block extends RunBlock>(runOf: RunOf<Block>): RunDecoder<Days<Block>> {
  return (days, context, source, at, end) => putRun(runOf, days, context, source, at, end);
}

function putRun<Block extends RunBlock>(
  runOf: RunOf<Block>,
  days: Days<Block>,
  context: Context,
  source: Uint8Array,
  at: number,
  end: number,
): number {
  if (context.keeper.isThrottling) return at;
  // Spans of a run are of many traces, and so of several shards.
  if (context.shards > 1 && runOf.signal === 'spans') return at;
  const block = days.current(context.resourceShard());
  if (block === undefined) return at;
  const core = coreOfThread();
  if (core === undefined || !core.isWorth(end - at)) return at;
  core.setBounds(context, days.bounds);
  let position = at;
  do {
    position = core.run(core[runOf.signal], source, position, end);
    const rows = core.result(outRows);
    if (rows > 0) appendRows(runOf, block, context, core, rows);
  } while (core.goesOn(source, position, end));
  return position;
}

function appendRows<Block extends RunBlock>(
  runOf: RunOf<Block>,
  block: Block,
  context: Context,
  core: Core,
  rows: number,
): void {
  block.beginRows(context, rows);
  const row = block.rows.count;
  core.putFixed(block.time, row, timeAt, rows);
  core.putMap(block.attributes, row, rows);
  const names = runOf.names(block);
  core.enter(names.dictionary, namesAt, core.result(outNames));
  core.putIndexes(names.indexes.words, row, nameIdsAt, rows);
  runOf.append(block, core, row, rows);
  block.endRows(rows);
  context.accepted += rows;
}
