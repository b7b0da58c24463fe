/**
 * The redaction of a gateway: requests of all signals, OTLP in protobuf and JSON, remote write,
 * Influx lines. One a worker, because it remembers keys and hashes.
 */
import { randomBytes } from 'node:crypto';
import { isBlockFull } from '../../clickhouse/native/buffers.ts';
import type { Answer, ContentType, Signal, Submission } from '../answer.ts';
import { protobufOf } from '../decode/json/transcode.ts';
import { isMalformed } from '../decode/wire.ts';
import { type RedactionCounts, Redactor } from './redactor.ts';
import { RemoteWriteRedactor } from './remote-write.ts';
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
  #remoteWrite: RemoteWriteRedactor | undefined;
  readonly #told: Record<RedactionKind, number> = { dropped: 0, hashed: 0, masked: 0 };

  /** Throws a PatternFault for a rule whose pattern cannot be. */
  constructor(settings: RedactionSettings, key: Uint8Array) {
    for (const signal of signals) {
      const rules = new SignalRules(settings, signal);
      if (rules.isEmpty()) continue;
      const bytes = randomBytes(8);
      const seed = { low: bytes.readInt32LE(0), high: bytes.readInt32LE(4) };
      this.#redactors.set(signal, new Redactor(signal, rules, key, seed));
      if (signal === 'metrics') this.#remoteWrite = new RemoteWriteRedactor(rules, key, seed);
    }
  }

  /** The request as it may be known, logged and stored. */
  redact(submission: Submission): Redacted {
    try {
      const { contentType, signal } = submission;
      const redactor = this.#redactors.get(signal);
      if (redactor === undefined) return unchanged(submission, '');
      if (contentType === 'protobuf' || contentType === 'json' || contentType === 'influx') {
        const { body, warning, rejected } = protobufOf(submission);
        return withBody(submission, 'protobuf', redactor.rewrite(body), warning, rejected);
      }
      const version = remoteWriteVersion(contentType);
      const ofLabels = this.#remoteWrite;
      if (version === undefined || ofLabels === undefined) return unreadable(contentType);
      return withBody(submission, contentType, ofLabels.rewrite(submission.body, version), '');
    } catch (error) {
      if (isMalformed(error)) {
        return { outcome: 'malformed', message: error.message, offset: error.offset };
      }
      if (!isBlockFull(error)) throw error;
      return { outcome: 'too_large', message: 'the request is too large once it is redacted' };
    }
  }

  /** Tells what was done since it was last asked. */
  tell(report: (kind: RedactionKind, values: number) => void): void {
    for (const kind of ['dropped', 'hashed', 'masked'] as const) {
      let total = 0;
      for (const redactor of this.#redactors.values()) total += redactor.counts[kind];
      total += this.#remoteWrite?.counts[kind] ?? 0;
      if (total > this.#told[kind]) report(kind, total - this.#told[kind]);
      this.#told[kind] = total;
    }
  }
}

function remoteWriteVersion(contentType: ContentType): 1 | 2 | undefined {
  if (contentType === 'remote_write_1') return 1;
  return contentType === 'remote_write_2' ? 2 : undefined;
}

/** The submission with what rules made of its body; itself when that is what came. */
function withBody(
  submission: Submission,
  contentType: ContentType,
  body: Uint8Array,
  warning: string,
  rejected = 0,
): Redacted {
  if (body === submission.body) return unchanged(submission, warning);
  const kind = { contentType, contentEncoding: 'identity', transcoding: undefined } as const;
  // What the parameters of lines say is in the body now, where rules may have changed it.
  const said = submission.contentType === 'influx' ? { parameters: '' } : {};
  const rewritten = { ...submission, ...kind, ...said, wire: body, body };
  return { outcome: 'redacted', submission: rewritten, warning, rejected };
}

function unchanged(submission: Submission, warning: string): Redacted {
  return { outcome: 'redacted', submission, warning, rejected: 0 };
}

/** What rules cannot look into is not stored: unredacted it may be in no file and in no table. */
function unreadable(contentType: ContentType): Redacted {
  const what = contentType.replaceAll('_', ' ');
  const message =
    `this gateway has redaction rules for its signal, and they cannot be applied to ${what} yet;` +
    ' send it as OTLP';
  return { outcome: 'malformed', message, offset: 0 };
}
