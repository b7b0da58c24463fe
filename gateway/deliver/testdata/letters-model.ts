/**
 * A table that remembers tokens, whose constraint changes and whose answers get lost, for the tests
 * of dead letters: who brings a row, its unit or its letter, must not depend on when either came.
 */
import type { Random } from '../../../test/support/random.ts';
import { splitPartition } from '../../decode/shard.ts';
import type { Destination } from '../destination.ts';
import type { Failed, StatementResult } from '../insert-client.ts';
import { NativeRows } from '../native-rows.ts';

/** The gateway's process is gone here: nothing after this line of it is carried out. */
export class Killed extends Error {}

export type ModelOptions = {
  readonly random: Random;
  /** Between any two statements: what other people do. */
  readonly onStatement: () => Promise<void>;
};

const violated: Failed = {
  ok: false,
  kind: 'permanent',
  ambiguous: false,
  code: 469,
  message: 'Constraint is violated',
};
const away: Failed = { ...violated, kind: 'retryable', code: 0, message: 'connection refused' };
const cut: Failed = { ...away, ambiguous: true, message: 'connection cut' };
const done: StatementResult = { ok: true, text: '' };

export class ModelTable {
  /** Bodies that are refused. */
  bad: ReadonlySet<number> = new Set();
  isCalm = false;
  readonly rows: number[] = [];
  readonly #tokens = new Set<string>();
  readonly #options: ModelOptions;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  destination(): Destination {
    return {
      hasQuorum: false,
      insertUnit: async (unit, token) => {
        await this.#options.onStatement();
        return this.#insert(bodiesOf(unit.chunks), token);
      },
      insertRows: async () => done,
      countSeal: async (_table, partition) => {
        if (this.#isStruck(12)) return { known: false, reason: 'failed', message: away.message };
        await this.#options.onStatement();
        return { known: true, rows: splitPartition(partition ?? '').shard === 0 ? this.rows.length : 0 };
      },
      tokenMayLie: async () => true,
      beginDryRun: async () => {
        // It is made like the table as it is now.
        const { bad } = this;
        return {
          insert: async (chunks) => {
            await this.#options.onStatement();
            if (this.#isStruck(40)) return away;
            return bodiesOf(chunks).some((body) => bad.has(body)) ? violated : done;
          },
          end: async () => {},
        };
      },
      reachable: async () => true,
      missingColumns: () => new Map(),
    };
  }

  #insert(bodies: readonly number[], token: string): StatementResult {
    this.#maybeKill();
    if (this.#isStruck(6)) return away;
    if (bodies.some((body) => this.bad.has(body))) return violated;
    if (!this.#tokens.has(token)) this.rows.push(...bodies);
    this.#tokens.add(token);
    this.#maybeKill();
    return this.#isStruck(6) ? cut : done;
  }

  #isStruck(oneIn: number): boolean {
    return !this.isCalm && this.#options.random.oneIn(oneIn);
  }

  #maybeKill(): void {
    if (this.#isStruck(12)) throw new Killed('the gateway was killed');
  }
}

/** A block with the one column that the model reads. */
export function blockOf(bodies: readonly number[]): readonly Buffer[] {
  const name = Buffer.from('\u0004Body\u0006UInt32');
  const data = Buffer.from(Uint32Array.from(bodies).buffer);
  return [Buffer.from([1, bodies.length]), name, data];
}

function bodiesOf(chunks: readonly Uint8Array[]): readonly number[] {
  const bytes = Buffer.concat(NativeRows.parse(chunks).encode());
  const rows = bytes[1] ?? 0;
  const data = bytes.subarray(bytes.byteLength - rows * 4);
  return Array.from({ length: rows }, (_, row) => data.readUInt32LE(row * 4));
}
