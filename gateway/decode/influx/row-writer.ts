/**
 * Lines straight into the rows of `otel_metrics_gauge`: the same rows that the OTLP form of the
 * line gives (`otlp-writer.ts`), without the way through protobuf, which would cost as much again.
 * The attributes of a line are decoded once; its other rows copy them.
 *
 * Hot path. Allocations per item: none; one string for an unsigned beyond 2^63 - 1. Copies: one of
 * each value. Owner: the blocks own the rows. Watched by `influx.bench.ts`.
 */
import { Budget, putBytes, Text } from '../../../clickhouse/native/buffers.ts';
import { endMap } from '../attributes.ts';
import type { Blocks } from '../blocks.ts';
import { putOffset } from '../envelope.ts';
import type { NumberBlock } from '../metric-blocks.ts';
import { beginMetric, metricSerial } from '../points.ts';
import { EnteredResources } from './entered-resources.ts';
import { KnownNames } from './known-names.ts';
import { fieldWords, kindString, type Line } from './line.ts';
import { fieldsEnd, infoField } from './metric-names.ts';
import { kindDouble, kindInteger, kindUnsigned } from './numbers.ts';
import { Pairs } from './pairs.ts';
import type { InfluxParameters } from './parameters.ts';
import { addStrings, addUnsigned, unsignedAsDouble } from './unusual-pairs.ts';

const scratchBytesMax = 2 ** 28 - 1;
const scratchBytesKept = 1024 * 1024;
/** What the columns say of a value (see `metrics.ts`). */
const typeDouble = 1;
const typeInt = 2;

export class RowWriter {
  readonly #resources = new EnteredResources();
  readonly #names = new KnownNames();
  readonly #pairs = new Pairs();
  readonly #scratch = new Text(new Budget(scratchBytesMax));
  /** Where the attributes of the line's first ordinary row are, which the others copy. */
  #keysStart = -1;
  #keysEnd = 0;
  #valuesStart = 0;
  #valuesEnd = 0;

  begin(parameters: InfluxParameters): void {
    this.#resources.begin(parameters);
    // Blocks look their empty description and unit up once a request.
    beginMetric();
  }

  release(): void {
    if (this.#scratch.limit > scratchBytesKept) this.#scratch.release();
    this.#resources.release();
    this.#names.release();
  }

  /** The decoder has used its resource for something else. */
  forgetResource(): void {
    this.#resources.forget();
  }

  /** The rows of a line: one a number, and one for the strings if `hasInfo`. */
  put(blocks: Blocks, line: Line, source: Uint8Array, view: DataView, hasInfo: boolean): void {
    const rows = line.fieldCount - line.stringCount + (hasInfo ? 1 : 0);
    if (rows === 0) return;
    const { context } = blocks;
    let { timeLow, timeHigh } = line;
    if (!line.hasTime) {
      timeLow = context.time[0]!;
      timeHigh = context.time[1]!;
      context.untimed += rows;
    }
    const { shards } = context;
    const shard = shards === 1 ? 0 : line.resource.shard(source, shards);
    const block = blocks.metrics.gauge.select(timeLow >>> 0, timeHigh >>> 0, shard);
    this.#resources.beginRows(block, context, line, source, view, rows);
    if (block.metricSerial !== metricSerial[0]) enterBlock(block, source, view);
    this.#names.beginLine(block, line, source);
    const names = block.metricName.indexes.words;
    this.#keysStart = -1;
    const end = fieldsEnd(line);
    let row = block.rows.count;
    for (let field = 0; field < end; field += fieldWords) {
      const kind = line.fields[field + 3]!;
      if (kind === kindString) continue;
      names[row] = this.#names.next(block, line, source, view, field);
      if (kind === kindUnsigned) {
        addUnsigned(this.#pairs, line, source, field);
        context.repeatedKeys += this.#putPairs(block, this.#pairs, source, view);
        putDouble(block, row, unsignedAsDouble(line, source, field));
      } else {
        if (this.#keysStart >= 0) this.#copyPairs(block);
        else context.repeatedKeys += this.#putTags(block, line, source, view);
        putNumber(block, row, kind, line.fields[field + 4]!, line.fields[field + 5]!);
      }
      endRow(block, row, timeLow, timeHigh);
      row += 1;
    }
    if (hasInfo) {
      names[row] = this.#names.next(block, line, source, view, infoField);
      addStrings(this.#pairs, line, source, -1);
      context.repeatedKeys += this.#putPairs(block, this.#pairs, source, view);
      putNumber(block, row, kindInteger, 1, 0);
      endRow(block, row, timeLow, timeHigh);
    }
    block.endRows(rows);
    context.accepted += rows;
  }

  #putTags(block: NumberBlock, line: Line, source: Uint8Array, view: DataView): number {
    const { keys, values } = block.attributes;
    this.#keysStart = keys.level.count;
    this.#valuesStart = values.size;
    const repeated = this.#putPairs(block, line.tags, source, view);
    this.#keysEnd = keys.level.count;
    this.#valuesEnd = values.size;
    return repeated;
  }

  /** Returns how many repeated keys were dropped. */
  #putPairs(block: NumberBlock, pairs: Pairs, source: Uint8Array, view: DataView): number {
    const map = block.attributes;
    const mapStart = map.keys.level.count;
    const valuesStart = map.values.size;
    pairs.putMap(map, mapStart, source, view, this.#scratch);
    return endMap(map, mapStart, valuesStart);
  }

  #copyPairs(block: NumberBlock): void {
    const { keys, values } = block.attributes;
    const { level } = keys;
    const count = this.#keysEnd - this.#keysStart;
    level.reserve(count);
    const { words } = keys.indexes;
    const to = level.count;
    for (let index = 0; index < count; index += 1) {
      words[to + index] = words[this.#keysStart + index]!;
    }
    level.count = to + count;
    const size = this.#valuesEnd - this.#valuesStart;
    values.reserve(size);
    putBytes(values, values.bytes, values.view, this.#valuesStart, size);
  }
}

/** What all rows of a block share: nothing of a line says what it measures. */
function enterBlock(block: NumberBlock, source: Uint8Array, view: DataView): void {
  block.descriptionIndex = block.metricDescription.dictionary.lookup(source, view, 0, 0);
  block.unitIndex = block.metricUnit.dictionary.lookup(source, view, 0, 0);
  block.metricSerial = metricSerial[0]!;
}

function endRow(block: NumberBlock, row: number, timeLow: number, timeHigh: number): void {
  block.time.words[2 * row] = timeLow;
  block.time.words[2 * row + 1] = timeHigh;
  block.start.words[2 * row] = 0;
  block.start.words[2 * row + 1] = 0;
  block.flags.words[row] = 0;
  block.metricDescription.indexes.words[row] = block.descriptionIndex;
  block.metricUnit.indexes.words[row] = block.unitIndex;
  putOffset(block.attributes.offsets.values.words, row, block.attributes.keys.level.count);
  putOffset(block.exemplars.offsets.values.words, row, block.exemplars.level.count);
}

function putNumber(block: NumberBlock, row: number, kind: number, low: number, high: number): void {
  const isDouble = kind === kindDouble;
  block.valueType.bytes[row] = isDouble ? typeDouble : typeInt;
  block.valueInt.words[2 * row] = isDouble ? 0 : low;
  block.valueInt.words[2 * row + 1] = isDouble ? 0 : high;
  if (isDouble) {
    block.value.words[2 * row] = low;
    block.value.words[2 * row + 1] = high;
  } else block.value.view.setFloat64(8 * row, high * 2 ** 32 + (low >>> 0), true);
}

function putDouble(block: NumberBlock, row: number, value: number): void {
  putNumber(block, row, kindInteger, 0, 0);
  block.valueType.bytes[row] = typeDouble;
  block.value.view.setFloat64(8 * row, value, true);
}
