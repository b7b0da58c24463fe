/** Generated metrics by Prometheus remote write 1.0, as a Prometheus server would send them. */
import { compress } from 'snappyjs';
import { systemClock } from '../../core/clock.ts';
import type { SendOutcome } from './exporters.ts';
import { post } from './post.ts';

export type RemoteWriteOptions = {
  readonly endpoint: string;
  readonly count: number;
  readonly service: string;
  /** `NAME.SECRET`; undefined for a gateway that everybody may send to. */
  readonly token?: string | undefined;
};

type Sample = { readonly value: number; readonly timeMs: number };
type Labels = Readonly<Record<string, string>>;

const itemsPerRequest = 1_000;
const shards = 10;

/** One sample of a count and one of a duration an item; always compressed, as the protocol asks. */
export async function sendRemoteWrite(options: RemoteWriteOptions): Promise<SendOutcome> {
  const { count } = options;
  const outcome = { signal: 'metrics', sent: count } as const;
  const requests = Math.ceil(count / itemsPerRequest);
  // Each item has a time of its own, the last one now.
  const firstMs = systemClock.nowMs() - count;
  for (let request = 0; request < requests; request += 1) {
    const first = request * itemsPerRequest;
    const body = requestOf(options, first, Math.min(first + itemsPerRequest, count), firstMs);
    const error = await write(options, body);
    if (error !== undefined) return { ...outcome, requests: request + 1, error };
  }
  return { ...outcome, requests };
}

/** WriteRequest: timeseries 1; of items from `from` on, one series a metric and shard. */
function requestOf(
  { service }: RemoteWriteOptions,
  from: number,
  to: number,
  firstMs: number,
): Buffer {
  const series: Buffer[] = [];
  for (let shard = 0; shard < Math.min(shards, to - from); shard += 1) {
    const labels = { instance: 'obsctl-send', job: service, sample_shard: String(shard) };
    const items: number[] = [];
    for (let item = from; item < to; item += 1) if (item % shards === shard) items.push(item);
    const samplesOf = (value: (item: number) => number): readonly Sample[] =>
      items.map((item) => ({ value: value(item), timeMs: firstMs + item }));
    series.push(
      seriesOf(
        { __name__: 'sample_count_total', ...labels },
        samplesOf((item) => item + 1),
      ),
      seriesOf(
        { __name__: 'sample_duration', ...labels },
        samplesOf((item) => (item % 100) / 100),
      ),
    );
  }
  return Buffer.concat(series.map((one) => field(1, one)));
}

/** TimeSeries: labels 1 (name 1, value 2), samples 2 (value 1, timestamp 2). */
function seriesOf(labels: Labels, samples: readonly Sample[]): Buffer {
  return Buffer.concat([
    ...Object.entries(labels).map(([name, value]) =>
      field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
    ),
    ...samples.map((sample) => field(2, sampleOf(sample))),
  ]);
}

function sampleOf({ value, timeMs }: Sample): Buffer {
  const bits = Buffer.alloc(9);
  bits[0] = 0x09;
  bits.writeDoubleLE(value, 1);
  return Buffer.concat([bits, Buffer.from([0x10]), varint(timeMs)]);
}

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
}

/** Of a whole number below 2^53. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function write({ endpoint, token }: RemoteWriteOptions, body: Buffer): Promise<string | undefined> {
  return post({
    url: `${endpoint}/api/v1/write`,
    body: new Uint8Array(compress(body)),
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  });
}
