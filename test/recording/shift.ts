/**
 * Moves every time of an OTLP body by the same span. All of them are `fixed64` nanoseconds, so a
 * body keeps its length; fields by number as in opentelemetry-proto 1.9 (trace, metrics, logs).
 */
import type { RecordedSignal } from './file.ts';

/** Numbers of fields that are times, and of those that hold messages with times. */
type Shape = {
  readonly times?: readonly number[];
  readonly inside?: Readonly<Record<number, Shape>>;
};

const exemplar: Shape = { times: [2] };
const numberPoint: Shape = { times: [2, 3], inside: { 5: exemplar } };
const histogramPoint: Shape = { times: [2, 3], inside: { 8: exemplar } };
const exponentialPoint: Shape = { times: [2, 3], inside: { 11: exemplar } };
const summaryPoint: Shape = { times: [2, 3] };
const metric: Shape = {
  inside: {
    5: { inside: { 1: numberPoint } },
    7: { inside: { 1: numberPoint } },
    9: { inside: { 1: histogramPoint } },
    10: { inside: { 1: exponentialPoint } },
    11: { inside: { 1: summaryPoint } },
  },
};
const span: Shape = { times: [7, 8], inside: { 11: { times: [1] } } };
const logRecord: Shape = { times: [1, 11] };

/** Request ─▶ resource ─▶ scope ─▶ item. */
const requestOf = (item: Shape): Shape => ({
  inside: { 1: { inside: { 2: { inside: { 2: item } } } } },
});

const shapes: Readonly<Record<RecordedSignal, Shape>> = {
  traces: requestOf(span),
  metrics: requestOf(metric),
  logs: requestOf(logRecord),
};

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A copy of `body`, all times `byNs` later. A time of 0 says "unknown" and stays. */
export function shifted(signal: RecordedSignal, body: Uint8Array, byNs: bigint): Buffer {
  const copy = Buffer.from(body);
  shift(copy, 0, copy.length, shapes[signal], byNs);
  return copy;
}

function shift(body: Buffer, from: number, to: number, shape: Shape, byNs: bigint): void {
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = body.readUInt8(at);
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < to) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const type = tag % 8;
    if (type === wire.varint) varint();
    else if (type === wire.fixed32) at += 4;
    else if (type === wire.fixed64) {
      const time = shape.times?.includes(field) === true ? body.readBigUInt64LE(at) : 0n;
      if (time > 0n) body.writeBigUInt64LE(time + byNs, at);
      at += 8;
    } else if (type === wire.bytes) {
      const end = varint() + at;
      const inside = shape.inside?.[field];
      if (inside !== undefined) shift(body, at, end, inside, byNs);
      at = end;
    } else throw new Error(`wire type ${type} at ${at}`);
  }
}
