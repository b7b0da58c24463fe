/**
 * A sender whose answer got lost sends the same bytes again: they are answered as stored, and
 * stored once (gateway.md, section 2). Only bodies whose items carry their own times: two equal
 * bodies without times may be two events.
 *
 * The bytes are known by GMAC under a key that never leaves the process. Comparing with the log
 * would be simpler to believe, but its segments are overwritten seconds after ClickHouse took
 * them; and a CRC alone met another body of the same length once in some thousand requests.
 *
 * Where series are limited (`../guard/series-guard.ts`), the log may hold another body than the one
 * that came. There a request is known by a digest of what came, which its record holds then: so it
 * is the same request after a restart, whatever would be let in of it now.
 *
 * Hot path. Allocations: one cipher and one tag a request. Copies: none; the body is read once
 * more, at 10 to 25 GB/s. Watched by `resends.bench.ts`.
 */
import { createCipheriv, hash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { Answer, ContentEncoding, ContentType, Signal, Submission } from '../answer.ts';
import type { LogRecord } from '../wal/wal-types.ts';
import {
  contentEncodingOf,
  contentEncodings,
  contentTypeOf,
  contentTypes,
  hasOwnTimes,
  headedBy,
  originOf,
  parametersOf,
  tenantOf,
} from './record-meta.ts';
import type { Fingerprint, ResendTable } from './resend-table.ts';
import { kindOf, signalOf } from './seal.ts';

/** What storing a request came to. */
export type Stored = {
  readonly answer: Answer;
  /** Whether its record is synced and a repeat of its bytes can only be a repeat. */
  readonly isRepeatable: boolean;
};

/** Answered otherwise: the next one with the same bytes is looked at as if it were the first. */
export function unstored(answer: Answer): Stored {
  return { answer, isRepeatable: false };
}

/** What a fingerprint covers beside the bytes: the same bytes may mean something else. */
type Named = {
  readonly signal: Signal;
  readonly contentType: ContentType;
  readonly contentEncoding: ContentEncoding;
  /** Tenant and parameters, as a record's header has them. */
  readonly heading: string;
  readonly wire: Uint8Array;
};

/** 128 bits: as many as a fingerprint has. */
const digestBytes = 16;
const nonceBytes = 12;
/** Behind signal, type and encoding. */
const headingOffset = 3;
const headingMarksMax = 4096;

export class Resends {
  readonly #table: ResendTable;
  readonly #clock: Clock;
  /** Told for each request that was answered without being stored again. */
  readonly #onResent: (signal: Signal) => void;
  /** Whether requests of a type may be logged otherwise than they came. */
  readonly #mayChange: (contentType: ContentType) => boolean;

  constructor(
    table: ResendTable,
    clock: Clock,
    onResent: (signal: Signal) => void,
    mayChange: (contentType: ContentType) => boolean = () => false,
  ) {
    this.#table = table;
    this.#clock = clock;
    this.#onResent = onResent;
    this.#mayChange = mayChange;
  }

  /** Stores a request by `store`, unless the same one was stored or is being stored. */
  async guard(submission: Submission, store: () => Promise<Stored>): Promise<Answer> {
    const table = this.#table;
    const print = this.#fingerprint({ ...submission, heading: headedBy(submission) });
    let claim = table.claim(print, this.#nowSeconds());
    while (claim.state === 'pending') {
      await table.settled(claim);
      claim = table.claim(print, this.#nowSeconds());
    }
    if (claim.state === 'stored') {
      this.#onResent(submission.signal);
      return answerAgain(claim.rejectedItems);
    }
    let rejectedItems: number | undefined;
    try {
      const { answer, isRepeatable } = await store();
      if (answer.outcome === 'stored' && isRepeatable) rejectedItems = answer.rejected;
      return answer;
    } finally {
      table.settle(claim, rejectedItems);
    }
  }

  /** A record that the log holds: its sender may still be without an answer. */
  remember(record: LogRecord): void {
    const { meta, body } = record;
    const signal = signalOf(meta.kind);
    const contentType = contentTypeOf(meta);
    const contentEncoding = contentEncodingOf(meta);
    if (signal === undefined || contentType === undefined || contentEncoding === undefined) return;
    const receivedSeconds = Number(meta.receivedAtNs / 1_000_000_000n);
    const isCovered = this.#table.covers(receivedSeconds, this.#nowSeconds());
    if (!hasOwnTimes(meta) || !isCovered) return;
    const origin = originOf(meta);
    // Nobody asks by a digest any more.
    if (origin !== '' && !this.#mayChange(contentType)) return;
    const heading = headedBy({ tenant: tenantOf(meta), parameters: parametersOf(meta) });
    const request = { signal, contentType, contentEncoding, heading, wire: body };
    const print = this.#fingerprint(request, origin);
    const claim = this.#table.claim(print, receivedSeconds);
    this.#table.settle(claim, meta.rejectedItems);
  }

  /** What may be logged otherwise than it came is known by a digest, which a record can hold. */
  #fingerprint(request: Named, origin = ''): Fingerprint {
    const { key } = this.#table;
    if (!this.#mayChange(request.contentType)) return fingerprint(key, request);
    const wire = Buffer.from(origin === '' ? digestOf(request.wire) : origin);
    return fingerprint(key, { ...request, contentEncoding: 'identity', wire });
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000);
  }
}

/** Of a body as it came; the same in every process. */
export function digestOf(wire: Uint8Array): string {
  return hash('sha256', wire, 'buffer').subarray(0, digestBytes).toString('base64url');
}

function fingerprint(key: Uint8Array, request: Named): Fingerprint {
  const nonce = Buffer.alloc(nonceBytes);
  nonce[0] = kindOf(request.signal);
  nonce[1] = contentTypes.indexOf(request.contentType);
  nonce[2] = contentEncodings.indexOf(request.contentEncoding);
  // Two tenants may send the same bytes, and each is owed its own rows; so are two databases.
  if (request.heading !== '') nonce.set(headingMark(request.heading), headingOffset);
  // A nonce that repeats would betray the key to whoever sees the tags: nobody does.
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  cipher.setAAD(request.wire);
  cipher.final();
  const tag = cipher.getAuthTag();
  return new Int32Array([0, 4, 8, 12].map((at) => tag.readInt32LE(at)));
}

/** Remembered, because a gateway has few tenants and each request asks. */
const headingMarks = new Map<string, Uint8Array>();

function headingMark(heading: string): Uint8Array {
  let mark = headingMarks.get(heading);
  if (mark === undefined) {
    if (headingMarks.size >= headingMarksMax) headingMarks.clear();
    mark = hash('sha256', heading, 'buffer').subarray(0, nonceBytes - headingOffset);
    headingMarks.set(heading, mark);
  }
  return mark;
}

/** The reasons were told with the first answer, which may have been lost. */
function answerAgain(rejected: number): Answer {
  const message = rejected === 0 ? '' : `${rejected} items were rejected when this first came`;
  return { outcome: 'stored', rejected, message };
}
