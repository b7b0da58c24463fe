/**
 * What a redactor remembers: what becomes of which key, and which text has which hash. Both are
 * bounded, and forgotten whole when they are full: keys come from strangers.
 *
 * Hot path while there are rules. Allocations: one decision a new key, one hash a new text.
 * Copies: keys. Owner: the redactor. Watched by `redact.bench.ts`.
 */
import { createHmac } from 'node:crypto';
import { Budget } from '../../clickhouse/native/buffers.ts';
import { Dictionary } from '../../clickhouse/native/dictionary.ts';
import type { HashSeed } from '../../clickhouse/native/hash.ts';
import type { Decision, KeyRules } from './rules.ts';

const keysMax = 10_000;
const keyBytesMax = 1024 * 1024;
/** A longer key is looked at again each time. */
const keyBytesRemembered = 256;
const budgetBytes = 64 * 1024 * 1024;
const hashesMax = 10_000;
const hashedBytesRemembered = 256;
/** Hexadecimal digits of a hash: 128 bits. */
export const hashDigits = 32;

export class KeyDecisions {
  readonly #rules: KeyRules;
  /** Keys that were seen; the decision of key `index` is `#decisions[index]`. */
  readonly #keys: Dictionary;
  #decisions: Decision[] = [];
  readonly #paths = new Map<string, Decision>();

  /** `seed` makes look-ups hard to attack. */
  constructor(rules: KeyRules, seed: HashSeed) {
    this.#rules = rules;
    this.#keys = new Dictionary(new Budget(budgetBytes), seed);
  }

  /** Of the key at `[from, end)`. */
  ofKey(source: Uint8Array, view: DataView, from: number, end: number): Decision {
    if (end - from > keyBytesRemembered) return this.#rules.ofKey(utf8(source, from, end));
    const index = this.#keys.lookup(source, view, from, end - from);
    if (index < this.#decisions.length) return this.#decisions[index]!;
    const decision = this.#rules.ofKey(utf8(source, from, end));
    this.#decisions.push(decision);
    if (this.#keys.count > keysMax || this.#keys.text.size > keyBytesMax) {
      this.#keys.clear();
      this.#decisions = [];
    }
    return decision;
  }

  /** Of a key inside a value, under its path. */
  ofPath(path: string): Decision {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    const decision = this.#rules.ofKey(path);
    if (this.#paths.size >= keysMax) this.#paths.clear();
    if (path.length <= keyBytesRemembered) this.#paths.set(path, decision);
    return decision;
  }
}

export class Hashes {
  readonly #key: Uint8Array;
  readonly #known = new Map<string, string>();

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Of a text: HMAC-SHA-256, its first half. */
  of(text: Uint8Array): string {
    if (text.length > hashedBytesRemembered) return this.#made(text);
    const name = Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1');
    let hash = this.#known.get(name);
    if (hash === undefined) {
      hash = this.#made(text);
      if (this.#known.size >= hashesMax) this.#known.clear();
      this.#known.set(name, hash);
    }
    return hash;
  }

  #made(text: Uint8Array): string {
    return createHmac('sha256', this.#key).update(text).digest('hex').slice(0, hashDigits);
  }
}

export function utf8(bytes: Uint8Array, from: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString();
}
