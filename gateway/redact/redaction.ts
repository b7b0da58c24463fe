/**
 * The redaction of a gateway: requests of all signals, protobuf and JSON. One a worker, because it
 * remembers keys and hashes.
 */
import { randomBytes } from 'node:crypto';
import { isBlockFull } from '../../clickhouse/native/buffers.ts';
import type { Answer, Signal, Submission } from '../answer.ts';
import { protobufOf } from '../decode/json/transcode.ts';
import { isMalformed } from '../decode/wire.ts';
import { type RedactionCounts, Redactor } from './redactor.ts';
import { type RedactionSettings, SignalRules } from './rules.ts';

export type Redacted =
  | {
      readonly outcome: 'redacted';
      readonly submission: Submission;
      /** What reading JSON or lines warns of, to be told to the sender; empty otherwise. */
      readonly warning: string;
      /** Lines that cannot be read, and are not in the submission any more. */
      readonly rejected: number;
    }
  | Extract<Answer, { outcome: 'malformed' | 'too_large' }>;

export type RedactionKind = keyof RedactionCounts;

const signals: readonly Signal[] = ['traces', 'metrics', 'logs'];

export class Redaction {
  readonly #redactors = new Map<Signal, Redactor>();
  readonly #told: Record<RedactionKind, number> = { dropped: 0, hashed: 0, masked: 0 };

  /** Throws a PatternFault for a rule whose pattern cannot be. */
  constructor(settings: RedactionSettings, key: Uint8Array) {
    for (const signal of signals) {
      const rules = new SignalRules(settings, signal);
      if (rules.isEmpty()) continue;
      const bytes = randomBytes(8);
      const seed = { low: bytes.readInt32LE(0), high: bytes.readInt32LE(4) };
      this.#redactors.set(signal, new Redactor(signal, rules, key, seed));
    }
  }

  /** The request as it may be known, logged and stored. */
  redact(submission: Submission): Redacted {
    const redactor = this.#redactors.get(submission.signal);
    if (redactor === undefined) {
      return { outcome: 'redacted', submission, warning: '', rejected: 0 };
    }
    try {
      const read = protobufOf(submission);
      const body = redactor.rewrite(read.body);
      const { warning, rejected = 0 } = read;
      const kept = body === submission.body ? submission : inProtobuf(submission, body);
      return { outcome: 'redacted', submission: kept, warning, rejected };
    } catch (error) {
      if (isMalformed(error)) {
        return { outcome: 'malformed', message: error.message, offset: error.offset };
      }
      if (!isBlockFull(error)) throw error;
      return { outcome: 'too_large', message: 'the request is too large as protobuf' };
    }
  }

  /** Tells what was done since it was last asked. */
  tell(report: (kind: RedactionKind, values: number) => void): void {
    for (const kind of ['dropped', 'hashed', 'masked'] as const) {
      let total = 0;
      for (const redactor of this.#redactors.values()) total += redactor.counts[kind];
      if (total > this.#told[kind]) report(kind, total - this.#told[kind]);
      this.#told[kind] = total;
    }
  }
}

/** Without parameters: what they say is in the body now, where rules may have changed it. */
function inProtobuf(submission: Submission, body: Uint8Array): Submission {
  const kind = { contentType: 'protobuf', contentEncoding: 'identity', parameters: '' } as const;
  return { ...submission, ...kind, wire: body, body, transcoding: undefined };
}
