/**
 * The attributes of a resource in protobuf.
 *
 * Runs once a resource. Allocations per item: none; a few an address that was not seen before.
 * Copies: one of each value. Owner: nothing is returned. Watched by `influx.bench.ts`.
 */
import { putLength, type Text } from '../../../clickhouse/native/buffers.ts';
import { lengthSize } from '../../../clickhouse/native/utf8.ts';
import type { InfluxParameters } from './parameters.ts';

/** A KeyValue of a resource up to its value, which is `valueSize` bytes of text. */
export function putAttributeHead(text: Text, key: Uint8Array, valueSize: number): void {
  const anySize = 1 + lengthSize(valueSize) + valueSize;
  const size = 2 + lengthSize(key.length) + key.length + lengthSize(anySize) + anySize;
  text.reserve(size + 8);
  text.bytes[text.size++] = 0x0a;
  putLength(text, size);
  text.bytes[text.size++] = 0x0a;
  putLength(text, key.length);
  text.bytes.set(key, text.size);
  text.size += key.length;
  text.bytes[text.size++] = 0x12;
  putLength(text, anySize);
  text.bytes[text.size++] = 0x0a;
  putLength(text, valueSize);
}

/** Where InfluxDB would have put a request, as attributes of a resource. */
export function encodePlace(text: Text, parameters: InfluxParameters): void {
  const { bucket, database, organization, retentionPolicy } = parameters;
  const attributes = [
    ['influxdb.bucket', bucket],
    ['influxdb.database', database],
    ['influxdb.org', organization],
    ['influxdb.retention_policy', retentionPolicy],
  ] as const;
  for (const [key, value] of attributes) {
    if (value === undefined || value === '') continue;
    const bytes = Buffer.from(value);
    putAttributeHead(text, Buffer.from(key), bytes.length);
    text.bytes.set(bytes, text.size);
    text.size += bytes.length;
  }
}
