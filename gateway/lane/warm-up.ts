/**
 * Decodes a made-up request a few times before the gateway says that it is ready: cold code costs
 * about 27 ms a thousand spans, which the first senders would wait for (gateway.md, section 9).
 */
import type { Clock } from '../../core/clock.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';

const roundsMax = 40;
/** On a slow machine readiness comes first. */
const warmUpMsMax = 400;
const spansARequest = 200;

export function warmUp(clock: Clock): void {
  const startedMs = clock.monotonicMs();
  const blocks = createOpenBlocks();
  const receivedAtNs = clock.nowNs();
  const body = sampleRequest(receivedAtNs);
  for (let round = 0; round < roundsMax; round += 1) {
    decodeInto(blocks, { signal: 'traces', contentType: 'protobuf', body, receivedAtNs });
    blocks.encode(1n);
    blocks.clear();
    if (clock.monotonicMs() - startedMs > warmUpMsMax) break;
  }
}

/** A resource with spans of a dozen attributes, in protobuf's own bytes. */
function sampleRequest(nowNs: bigint): Uint8Array {
  const resource = field(1, attribute('service.name', 'warm-up'));
  const spans = Array.from({ length: spansARequest }, (_, index) => field(2, span(index, nowNs)));
  const scope = field(1, field(1, Buffer.from('warm-up')));
  const scopeSpans = field(2, Buffer.concat([scope, ...spans]));
  return field(1, Buffer.concat([field(1, resource), scopeSpans]));
}

function span(index: number, nowNs: bigint): Buffer {
  const id = Buffer.alloc(16, index + 1);
  const keys = Array.from({ length: 12 }, (_, key) =>
    field(9, attribute(`warm.key.${key}`, `value ${(index + key) % 40}`)),
  );
  return Buffer.concat([
    field(1, id),
    field(2, id.subarray(0, 8)),
    field(5, Buffer.from(`operation ${index % 20}`)),
    Buffer.from([0x30, 2]),
    fixed64(7, nowNs),
    fixed64(8, nowNs + BigInt(index * 1_000_003)),
    ...keys,
  ]);
}

function attribute(key: string, value: string): Buffer {
  return Buffer.concat([field(1, Buffer.from(key)), field(2, field(1, Buffer.from(value)))]);
}

/** A length-delimited field. */
function field(number: number, body: Buffer): Buffer {
  const head = [(number << 3) | 2];
  let { length } = body;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  return Buffer.concat([Buffer.from(head), body]);
}

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = (number << 3) | 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}
