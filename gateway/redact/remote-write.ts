/** Redaction of remote-write requests, 1.0 and 2.0: the rules of metrics, applied to labels. */
import type { HashSeed } from '../../clickhouse/native/hash.ts';
import { LabelRedactor } from './label-redactor.ts';
import { LabelRules } from './label-rules.ts';
import type { RedactionCounts } from './redactor.ts';
import type { KeyRules } from './rules.ts';
import { SymbolRedactor } from './symbol-redactor.ts';

export class RemoteWriteRedactor {
  readonly counts: RedactionCounts = { dropped: 0, hashed: 0, masked: 0 };
  readonly #ofLabels: LabelRedactor;
  readonly #ofSymbols: SymbolRedactor;

  /** `key` is what hashes are made with; `seed` makes look-ups hard to attack. */
  constructor(rules: KeyRules, key: Uint8Array, seed: HashSeed) {
    const labels = new LabelRules(rules, key, seed);
    this.#ofLabels = new LabelRedactor(labels, this.counts);
    this.#ofSymbols = new SymbolRedactor(labels, this.counts);
  }

  /** The request without what must go; the same object when nothing must. Throws Malformed. */
  rewrite(source: Uint8Array, version: 1 | 2): Uint8Array {
    return version === 1 ? this.#ofLabels.rewrite(source) : this.#ofSymbols.rewrite(source);
  }
}
