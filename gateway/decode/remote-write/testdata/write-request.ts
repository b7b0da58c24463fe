/**
 * Remote write requests from plain objects, in both versions: the independent encoder of tests,
 * benches and fuzzers. Written after the `.proto` files, for clarity and not for speed.
 */
import { double, fixed64, int, join, len, type Piece, varint } from '../../testdata/wire-writer.ts';

export type Label = readonly [name: string, value: string];
/** Doubles are bits, so that a NaN keeps its payload; times are milliseconds since 1970. */
export type Sample = { readonly bits: bigint; readonly timeMs: bigint; readonly startMs?: bigint };
export type Exemplar = {
  readonly labels: readonly Label[];
  readonly bits: bigint;
  readonly timeMs: bigint;
};
/** Where buckets lie, and what each holds: counts, not the differences that the wire has. */
type Buckets = {
  readonly spans: readonly { readonly offset: number; readonly length: number }[];
  readonly counts: readonly number[];
};
export type Histogram = {
  readonly isFloat?: boolean;
  readonly count: number;
  readonly sumBits: bigint;
  readonly schema: number;
  readonly zeroThreshold?: number;
  readonly zeroCount?: number;
  readonly positive?: Buckets;
  readonly negative?: Buckets;
  readonly resetHint?: number;
  readonly bounds?: readonly number[];
  readonly timeMs: bigint;
  readonly startMs?: bigint;
};
export type Series = {
  readonly labels: readonly Label[];
  readonly samples?: readonly Sample[];
  readonly histograms?: readonly Histogram[];
  readonly exemplars?: readonly Exemplar[];
  /** From here on 2.0 only. */
  readonly type?: number;
  readonly help?: string;
  readonly unit?: string;
  /** Of 2.0-rc.3: the field that rc.4 took back. */
  readonly createdMs?: bigint;
};
export type Metadata = {
  readonly type: number;
  readonly name: string;
  readonly help: string;
  readonly unit: string;
};

const counter = new DataView(new ArrayBuffer(8));

/** The bits of a double. */
export function bitsOf(value: number): bigint {
  counter.setFloat64(0, value);
  return counter.getBigUint64(0);
}

export function valueOf(bits: bigint): number {
  counter.setBigUint64(0, bits);
  return counter.getFloat64(0);
}

/** A prometheus.WriteRequest. */
export function writeRequestV1(
  series: readonly Series[],
  metadata: readonly Metadata[] = [],
): Piece {
  return join(
    ...series.map((one) => len(1, seriesV1(one))),
    ...metadata.map(({ type, name, help, unit }) =>
      len(3, join(int(1, type), len(2, name), len(4, help), len(5, unit))),
    ),
  );
}

/** An io.prometheus.write.v2.Request. */
export function writeRequestV2(series: readonly Series[]): Piece {
  const symbols = new Map([['', 0]]);
  const refer = (text: string): number => {
    if (!symbols.has(text)) symbols.set(text, symbols.size);
    return symbols.get(text)!;
  };
  const list = series.map((one) => len(5, seriesV2(one, refer)));
  return join(...[...symbols.keys()].map((text) => len(4, text)), ...list);
}

function seriesV1({ labels, samples = [], histograms = [], exemplars = [] }: Series): Piece {
  return join(
    ...labels.map((label) => len(1, labelMessage(label))),
    ...samples.map(({ bits, timeMs }) => len(2, join(fixed64(1, bits), int(2, timeMs)))),
    ...exemplars.map(({ labels: own, bits, timeMs }) =>
      len(
        3,
        join(...own.map((label) => len(1, labelMessage(label))), fixed64(2, bits), int(3, timeMs)),
      ),
    ),
    ...histograms.map((one) => len(4, histogramMessage({ ...one, startMs: 0n }))),
  );
}

function labelMessage([name, value]: Label): Piece {
  return join(len(1, name), len(2, value));
}

function seriesV2(series: Series, refer: (text: string) => number): Piece {
  const { samples = [], histograms = [], exemplars = [], createdMs = 0n } = series;
  const { type = 0, help = '', unit = '' } = series;
  const refs = (labels: readonly Label[]): Piece =>
    len(1, join(...labels.flat().map((text) => varint(refer(text)))));
  return join(
    refs(series.labels),
    ...samples.map(({ bits, timeMs, startMs = 0n }) =>
      len(2, join(fixed64(1, bits), int(2, timeMs), unless0(3, startMs))),
    ),
    ...histograms.map((one) => len(3, histogramMessage(one))),
    ...exemplars.map(({ labels: own, bits, timeMs }) =>
      len(4, join(refs(own), fixed64(2, bits), int(3, timeMs))),
    ),
    len(5, join(unless0(1, type), unless0(3, refer(help)), unless0(4, refer(unit)))),
    unless0(6, createdMs),
  );
}

/** The message of both versions. */
function histogramMessage(one: Histogram): Piece {
  const { isFloat = false, count, zeroCount = 0, bounds = [], startMs = 0n } = one;
  return join(
    isFloat ? double(2, count) : int(1, count),
    fixed64(3, one.sumBits),
    int(4, zigzag(one.schema)),
    double(5, one.zeroThreshold ?? 0),
    isFloat ? double(7, zeroCount) : int(6, zeroCount),
    bucketFields(8, isFloat, one.negative),
    bucketFields(11, isFloat, one.positive),
    unless0(14, one.resetHint ?? 0),
    int(15, one.timeMs),
    bounds.length === 0 ? join() : len(16, join(...bounds.map(bareDouble))),
    unless0(17, startMs),
  );
}

/** Spans at `field`, differences at the next one, counts of floats behind that. */
function bucketFields(field: number, isFloat: boolean, buckets?: Buckets): Piece {
  if (buckets === undefined) return join();
  const { spans, counts } = buckets;
  const deltas = counts.map((count, index) => count - (counts[index - 1] ?? 0));
  return join(
    ...spans.map(({ offset, length }) =>
      len(field, join(unless0(1, zigzag(offset)), int(2, length))),
    ),
    isFloat
      ? len(field + 2, join(...counts.map(bareDouble)))
      : len(field + 1, join(...deltas.map((delta) => varint(zigzag(delta))))),
  );
}

function unless0(field: number, value: bigint | number): Piece {
  return BigInt(value) === 0n ? join() : int(field, value);
}

export function zigzag(value: number): bigint {
  const wide = BigInt(value);
  return wide < 0n ? -2n * wide - 1n : 2n * wide;
}

const bareDouble = (value: number): Piece => double(1, value).subarray(1);
