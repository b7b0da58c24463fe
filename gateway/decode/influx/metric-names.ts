/**
 * Names of metrics that a line gives: `<measurement>_<field>`, `<measurement>` for the field
 * `value`, and `<measurement>_info` for what has its strings as attributes.
 *
 * Hot path. Allocations per item: none. Copies: one of each name. Owner: nothing is returned but
 * sizes. Watched by `influx.bench.ts`.
 */
import type { Text } from '../../../clickhouse/native/buffers.ts';
import { fieldWords, type Line } from './line.ts';
import { inMeasurement, inName, putName } from './names.ts';

/** Stands for a field where the metric is the one that has the strings. */
export const infoField = -1;

const valueKey = new Uint8Array(Buffer.from('value'));
const infoSuffix = Buffer.from('_info');
const underscore = 0x5f;

/** Bytes of the name of the metric of `field`, a place in the line's fields. */
export function metricNameSize(line: Line, source: Uint8Array, field: number): number {
  const size = line.measurementEnd - line.measurementStart - line.measurementDropped;
  if (field === infoField) return size + infoSuffix.length;
  if (isField(line, source, field, valueKey)) return size;
  const { fields } = line;
  return size + 1 + fields[field + 1]! - fields[field]! - fields[field + 2]!;
}

export function putMetricName(
  text: Text,
  line: Line,
  source: Uint8Array,
  view: DataView,
  field: number,
): void {
  putMeasurement(text, line, source, view);
  if (field === infoField) {
    text.reserve(infoSuffix.length);
    text.bytes.set(infoSuffix, text.size);
    text.size += infoSuffix.length;
    return;
  }
  if (isField(line, source, field, valueKey)) return;
  const { fields } = line;
  text.reserve(1);
  text.bytes[text.size++] = underscore;
  putName(text, source, view, fields[field]!, fields[field + 1]!, fields[field + 2]!, inName);
}

export function putMeasurement(text: Text, line: Line, source: Uint8Array, view: DataView): void {
  const { measurementStart, measurementEnd, measurementDropped } = line;
  const dropped = measurementDropped;
  putName(text, source, view, measurementStart, measurementEnd, dropped, inMeasurement);
}

/** Whether the field at the place `field` is named `key`. */
export function isField(line: Line, source: Uint8Array, field: number, key: Uint8Array): boolean {
  const start = line.fields[field]!;
  if (line.fields[field + 1]! - start !== key.length) return false;
  for (let index = 0; index < key.length; index += 1) {
    if (source[start + index] !== key[index]) return false;
  }
  return true;
}

/** The places of a line's fields end here. */
export function fieldsEnd(line: Line): number {
  return line.fieldCount * fieldWords;
}
