/**
 * What a CLOSE of the log says besides its results, as bytes, little-endian:
 *
 *     version u8 │ closedBeforeNs u64 │ foldedUpTo u64 │ count u32 │ carried gauges …
 *     a gauge: key bytes u32 │ key │ value f64 │ lastNs u64
 */
import { assert } from '../../core/assert.ts';
import type { CarriedGauge } from './aggregate/aggregator.ts';
import type { CloseMark } from './intake.ts';

const version = 1;
const headBytes = 1 + 8 + 8 + 4;
const gaugeBytes = 4 + 8 + 8;

export function encodeCloseMark(mark: CloseMark): Uint8Array {
  const keysBytes = mark.carried.reduce((sum, { key }) => sum + key.length, 0);
  const bytes = Buffer.alloc(headBytes + gaugeBytes * mark.carried.length + keysBytes);
  bytes[0] = version;
  bytes.writeBigUInt64LE(mark.closedBeforeNs, 1);
  bytes.writeBigUInt64LE(BigInt(mark.foldedUpTo), 9);
  bytes.writeUInt32LE(mark.carried.length, 17);
  let at = headBytes;
  for (const { key, value, lastNs } of mark.carried) {
    at = bytes.writeUInt32LE(key.length, at);
    at += bytes.write(key, at, 'latin1');
    at = bytes.writeDoubleLE(value, at);
    at = bytes.writeBigUInt64LE(lastNs, at);
  }
  assert(at === bytes.length, 'as many bytes as were counted');
  return new Uint8Array(bytes);
}

/** The mark, or undefined when the bytes are none. */
export function decodeCloseMark(source: Uint8Array): CloseMark | undefined {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length);
  if (bytes.length < headBytes || bytes[0] !== version) return undefined;
  const carried: CarriedGauge[] = [];
  const count = bytes.readUInt32LE(17);
  let at = headBytes;
  for (let index = 0; index < count; index += 1) {
    if (at + gaugeBytes > bytes.length) return undefined;
    const keyEnd = at + 4 + bytes.readUInt32LE(at);
    if (keyEnd + gaugeBytes - 4 > bytes.length) return undefined;
    carried.push({
      key: bytes.toString('latin1', at + 4, keyEnd),
      value: bytes.readDoubleLE(keyEnd),
      lastNs: bytes.readBigUInt64LE(keyEnd + 8),
    });
    at = keyEnd + 16;
  }
  if (at !== bytes.length) return undefined;
  return {
    closedBeforeNs: bytes.readBigUInt64LE(1),
    foldedUpTo: Number(bytes.readBigUInt64LE(9)),
    carried,
  };
}
