/**
 * Requests of tenants that may have so many series: those that bring new ones beyond a limit lose
 * them before anything is decoded or logged.
 *
 *     body ─▶ series by series: known, or room for it? ─▶ all are: the request as it came
 *                                                      └▶ a new body without the others, and why
 *
 * The log has the new body, so decoding it again gives the same rows on any day, whatever is known
 * then. So far series are counted in remote write.
 *
 * Hot path of such tenants. Allocations: none per series that is let in. Copies: one of a request
 * that loses some. Owner: the lane. Watched by `series-limits.bench.ts`.
 */
import { isBlockFull } from '../../clickhouse/native/buffers.ts';
import type { HashSeed } from '../../clickhouse/native/hash.ts';
import type { Clock } from '../../core/clock.ts';
import type { ContentType, Submission } from '../answer.ts';
import { describeSeries, name } from '../decode/remote-write/labels.ts';
import { SeriesReader } from '../decode/remote-write/series-identity.ts';
import { tagsOfV1, tagsOfV2 } from '../decode/remote-write/series-target.ts';
import { readSymbols, releaseSymbols } from '../decode/remote-write/symbols.ts';
import { isMalformed, readLength, readTag, skipField, word } from '../decode/wire.ts';
import type { KnownSeries, SeriesLimit, SeriesLimits, SeriesRefusal } from './series-limits.ts';

/** How often a person is told of refusals, at most. */
const logEveryMs = 60_000;
const namedCharsMax = 200;

const seriesTagV1 = 0x0a;
const seriesTagV2 = 0x2a;

/** A request as it may be stored. */
export type Admitted = {
  /** The same object when all its series may come in. */
  readonly submission: Submission;
  /** Items of the series that it lost. */
  readonly refused: number;
  /** Which limit the first one met; empty when none did. */
  readonly message: string;
};

export type SeriesGuardParts = {
  readonly limits: SeriesLimits;
  readonly clock: Clock;
  /** Random for each start; no sender may know them. */
  readonly seeds: readonly [HashSeed, HashSeed];
  /** Told how many series of a request were refused. */
  readonly onRefused: (reason: SeriesRefusal, series: number) => void;
  readonly log: (message: string) => void;
};

/** What a request loses. */
type Refusals = {
  readonly series: Record<SeriesRefusal, number>;
  items: number;
  /** Of the first one. */
  reason: SeriesRefusal;
  message: string;
  metric: string;
};

export class SeriesGuard {
  readonly #parts: SeriesGuardParts;
  readonly #reader: SeriesReader;
  /** Ranges of the request under way that go: from, to, from, … */
  readonly #cuts: number[] = [];
  #loggedMs = Number.NEGATIVE_INFINITY;
  #unloggedItems = 0;

  constructor(parts: SeriesGuardParts) {
    this.#parts = parts;
    this.#reader = new SeriesReader(parts.seeds);
  }

  /** Whether series of such requests are counted. */
  static counts(contentType: ContentType): boolean {
    return contentType === 'remote_write_1' || contentType === 'remote_write_2';
  }

  /** The request with the series that are known, or for which there is room. */
  admit(submission: Submission): Admitted {
    const { contentType, tenant } = submission;
    const known = SeriesGuard.counts(contentType) ? this.#parts.limits.of(tenant) : undefined;
    if (known === undefined) return { submission, refused: 0, message: '' };
    const isV2 = contentType === 'remote_write_2';
    try {
      if (isV2) readSymbols(submission.body);
      return this.#judge(submission, known, isV2);
    } catch (error) {
      // The decoder says what is wrong, and stores nothing of it.
      if (!isMalformed(error) && !isBlockFull(error)) throw error;
      return { submission, refused: 0, message: '' };
    } finally {
      if (isV2) releaseSymbols();
    }
  }

  #judge(submission: Submission, known: KnownSeries, isV2: boolean): Admitted {
    const { body, tenant } = submission;
    const refusals: Refusals = {
      series: { metric: 0, tenant: 0 },
      items: 0,
      reason: 'tenant',
      message: '',
      metric: '',
    };
    this.#cuts.length = 0;
    this.#reader.begin();
    const source = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const tags = isV2 ? tagsOfV2 : tagsOfV1;
    const seriesTag = isV2 ? seriesTagV2 : seriesTagV1;
    const end = source.length;
    let at = 0;
    while (at < end) {
      const tagAt = at;
      at = readTag(source, at, end);
      if (word[0] !== seriesTag) {
        at = skipField(source, at, end, word[0]!);
        continue;
      }
      const start = readLength(source, at, end);
      at = start + word[0]!;
      const items = this.#reader.read(source, view, start, at, tags);
      const reason = items === 0 ? undefined : known.admit(this.#reader.identity);
      if (reason === undefined) continue;
      this.#cuts.push(tagAt, at);
      refusals.series[reason] += 1;
      if (refusals.items === 0) {
        const why = limitText(tenant, known.limit, reason);
        refusals.message = `${describeSeries(source)}: ${why}, and this one is new`;
        refusals.metric = nameText(source);
        refusals.reason = reason;
      }
      refusals.items += items;
    }
    if (refusals.items === 0) return { submission, refused: 0, message: '' };
    this.#tell(refusals, tenant, known.limit);
    const rest = without(source, this.#cuts);
    const kind = { contentEncoding: 'identity', wire: rest, body: rest } as const;
    const { items, message } = refusals;
    return { submission: { ...submission, ...kind }, refused: items, message };
  }

  #tell({ series, items, metric, reason }: Refusals, tenant: string, limit: SeriesLimit): void {
    const { clock, log, onRefused } = this.#parts;
    for (const which of ['metric', 'tenant'] as const) {
      if (series[which] > 0) onRefused(which, series[which]);
    }
    this.#unloggedItems += items;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#loggedMs < logEveryMs) return;
    this.#loggedMs = nowMs;
    const count = this.#unloggedItems;
    const said = `${count} items of new series refused since this was said last, now of ${metric}`;
    log(`${said}: ${limitText(tenant, limit, reason)}`);
    this.#unloggedItems = 0;
  }
}

function limitText(tenant: string, limit: SeriesLimit, reason: SeriesRefusal): string {
  const who = tenant === '' ? 'all senders together' : `tenant ${tenant}`;
  const { seriesMax, seriesPerMetricMax } = limit;
  return reason === 'tenant'
    ? `${who} may have ${seriesMax} series (limit "series")`
    : `${who} may have ${seriesPerMetricMax} series of one metric (limit "series_per_metric")`;
}

/** The name of the metric whose series was read last. */
function nameText(source: Uint8Array): string {
  const bytes = source.subarray(name[0]!, name[0]! + Math.min(name[1]!, namedCharsMax));
  return JSON.stringify(Buffer.from(bytes).toString());
}

/** What is left when the ranges of `cuts` are taken out. */
function without(source: Uint8Array, cuts: readonly number[]): Uint8Array {
  let cutBytes = 0;
  for (let index = 0; index < cuts.length; index += 2) cutBytes += cuts[index + 1]! - cuts[index]!;
  const rest = new Uint8Array(source.length - cutBytes);
  let from = 0;
  let at = 0;
  for (let index = 0; index <= cuts.length; index += 2) {
    const end = cuts[index] ?? source.length;
    rest.set(source.subarray(from, end), at);
    at += end - from;
    from = cuts[index + 1] ?? end;
  }
  return rest;
}
