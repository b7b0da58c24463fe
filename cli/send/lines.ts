/** Generated metrics as Influx lines, written as a client of InfluxDB 1 would write them. */
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import type { SendOutcome } from './exporters.ts';
import { post } from './post.ts';

export type LineOptions = {
  readonly endpoint: string;
  readonly count: number;
  readonly service: string;
  readonly gzip: boolean;
  /** `NAME.SECRET`; undefined for a gateway that everybody may send to. */
  readonly token?: string | undefined;
};

const linesPerRequest = 1_000;
const shards = 10;

/** One line an item, of the same metrics that are sent by OTLP: a count and a duration. */
export async function sendLines(options: LineOptions): Promise<SendOutcome> {
  const { count } = options;
  const outcome = { signal: 'metrics', sent: count } as const;
  const requests = Math.ceil(count / linesPerRequest);
  // Each line has a time of its own, the last one now.
  const firstNs = systemClock.nowNs() - BigInt(count);
  for (let request = 0; request < requests; request += 1) {
    const first = request * linesPerRequest;
    const lines = Math.min(linesPerRequest, count - first);
    const text = Array.from({ length: lines }, (_, index) =>
      lineOf(first + index, options.service, firstNs),
    ).join('');
    const error = await write(options, text);
    if (error !== undefined) return { ...outcome, requests: request + 1, error };
  }
  return { ...outcome, requests };
}

function lineOf(index: number, service: string, firstNs: bigint): string {
  const name = service.replace(/[,= \\]/g, '\\$&');
  const tags = `sample.shard=${index % shards},service=${name},version=1.0.0`;
  const duration = (index % 100) / 100;
  return `sample,${tags} count=${index + 1}i,duration=${duration} ${firstNs + BigInt(index)}\n`;
}

function write(options: LineOptions, text: string): Promise<string | undefined> {
  const { endpoint, gzip, token } = options;
  return post({
    url: `${endpoint}/write?db=obsctl&precision=ns`,
    body: gzip ? gzipSync(text) : text,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...(gzip && { 'content-encoding': 'gzip' }),
      ...(token !== undefined && { authorization: `Token ${token}` }),
    },
  });
}
