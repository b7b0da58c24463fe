/** Sends, and keeps the books: what was answered as stored is what the tables must hold. */
import { createHash } from 'node:crypto';
import type { OtlpContentType, Signal } from '../../gateway/answer.ts';
import { readContents } from './oracle.ts';
import type { Reply, Sender } from './senders.ts';

export type Case = {
  readonly signal: Signal;
  readonly contentType: OtlpContentType;
  readonly transport: 'http' | 'grpc';
  readonly body: Uint8Array;
};

const parallelMax = 16;

export class Ledger {
  /** Rows that each table must have in the end. */
  readonly expected: Record<string, number> = {};
  /** Those of them that ClickHouse may have dropped by then, as older than it keeps. */
  readonly #sender: Sender;
  readonly #sent = new Set<string>();

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Undefined for bytes that were sent before: a gateway may take them for a resend. */
  async send(one: Case): Promise<Reply | undefined> {
    const { signal, contentType, body } = one;
    const digest = createHash('sha1').update(signal).update(body).digest('base64');
    if (this.#sent.has(digest)) return undefined;
    this.#sent.add(digest);
    const reply =
      one.transport === 'grpc'
        ? await this.#sender.grpc(signal, body)
        : await this.#sender.http(signal, body, { contentType });
    this.#count(one, reply);
    return reply;
  }

  /** Sends all, several at a time, and gives how often each answer came. */
  async sendAll(cases: Iterable<Case>): Promise<Record<string, number>> {
    const statuses: Record<string, number> = {};
    const iterator = cases[Symbol.iterator]();
    const work = async (): Promise<void> => {
      for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
        const reply = await this.send(next.value);
        if (reply === undefined) continue;
        if (reply.retry) throw new Error(`told to retry: ${JSON.stringify(reply)}`);
        statuses[reply.status] = (statuses[reply.status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: parallelMax }, work));
    return statuses;
  }

  /** A stored body is one that the oracle reads, and they agree on what of it is rejected. */
  #count({ signal, contentType, body }: Case, reply: Reply): void {
    if (reply.status !== '200' && reply.status !== 'OK') return;
    const contents = readContents(signal, contentType, body);
    if (contents === undefined || contents.rejected !== reply.rejected) {
      const read = contents === undefined ? 'no request' : `${contents.rejected} rejected`;
      const bytes = Buffer.from(body).toString('base64').slice(0, 4_000);
      throw new Error(
        `answered ${JSON.stringify(reply)}, read as ${read}: ${signal} ${contentType} ${bytes}`,
      );
    }
    add(this.expected, contents.rows);
  }
}

function add(to: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [table, rows] of Object.entries(more)) to[table] = (to[table] ?? 0) + rows;
}
