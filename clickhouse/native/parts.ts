/**
 * All memory of one block, and where it ends: rows only enter at the end, so the state of a block
 * is a list of counts, and cutting back is setting them.
 *
 * Invariant: every level, text and dictionary of a block is registered here, in a fixed order.
 *
 * Hot path. Allocations per item: none; one array a mark. Copies: none. Owner: the block.
 * Watched by `gateway/decode/decode.bench.ts`.
 */
import { type Budget, Level, Text } from './buffers.ts';
import { Dictionary } from './dictionary.ts';
import type { HashSeed } from './hash.ts';
import { repairStrings } from './utf8.ts';

export class Parts {
  readonly budget: Budget;
  readonly #seed: HashSeed;
  readonly #levels: Level[] = [];
  readonly #texts: Text[] = [];
  readonly #dictionaries: Dictionary[] = [];
  /** Levels and texts that are written while a row is under way, before it is counted. */
  readonly #rowLevels: Level[] = [];
  readonly #rowTexts: Text[] = [];
  #rowMark = new Float64Array(0);

  constructor(budget: Budget, seed: HashSeed) {
    this.budget = budget;
    this.#seed = seed;
  }

  /** `nested`: of elements inside a row, which may have to be taken back with it. */
  level(nested: boolean): Level {
    const level = new Level(this.budget);
    this.#levels.push(level);
    if (nested) this.#rowLevels.push(level);
    return level;
  }

  text(): Text {
    const text = new Text(this.budget);
    this.#texts.push(text);
    this.#rowTexts.push(text);
    return text;
  }

  dictionary(): Dictionary {
    const dictionary = new Dictionary(this.budget, this.#seed);
    this.#dictionaries.push(dictionary);
    return dictionary;
  }

  /** Numbers a mark has. */
  get markSize(): number {
    return this.#levels.length + this.#texts.length + this.#dictionaries.length;
  }

  /** Writes the present ends into `mark`. */
  mark(mark: Float64Array): void {
    let at = 0;
    for (const level of this.#levels) mark[at++] = level.count;
    for (const text of this.#texts) mark[at++] = text.size;
    for (const dictionary of this.#dictionaries) mark[at++] = dictionary.count;
  }

  /** Cuts everything back to `mark`. */
  cut(mark: Float64Array): void {
    let at = 0;
    for (const level of this.#levels) level.count = mark[at++]!;
    for (const text of this.#texts) text.cut(mark[at++]!);
    for (const dictionary of this.#dictionaries) dictionary.cut(mark[at++]!);
  }

  /** Remembers where the nested parts end before a row. */
  markRow(): void {
    const levels = this.#rowLevels;
    const texts = this.#rowTexts;
    if (this.#rowMark.length === 0) this.#rowMark = new Float64Array(levels.length + texts.length);
    const mark = this.#rowMark;
    for (let index = 0; index < levels.length; index += 1) mark[index] = levels[index]!.count;
    const base = levels.length;
    for (let index = 0; index < texts.length; index += 1) mark[base + index] = texts[index]!.size;
  }

  /** Takes back what a row wrote that is not to be stored. */
  cutRow(): void {
    const base = this.#rowLevels.length;
    this.#rowLevels.forEach((level, index) => {
      level.count = this.#rowMark[index]!;
    });
    this.#rowTexts.forEach((text, index) => {
      text.cut(this.#rowMark[base + index]!);
    });
  }

  /** Repairs text that was appended since the last call; returns how many strings it changed. */
  repair(): number {
    let repaired = 0;
    for (let index = 0; index < this.#texts.length; index += 1) {
      const text = this.#texts[index]!;
      if (text.size > text.checkedSize) repaired += repairStrings(text, this.budget);
    }
    return repaired;
  }

  /** Bytes in use, without capacity. */
  bytes(): number {
    let bytes = 0;
    for (const level of this.#levels) {
      for (const column of level.columns) bytes += column.width * level.count;
    }
    for (const text of this.#texts) bytes += text.size;
    for (const dictionary of this.#dictionaries) bytes += dictionary.text.size;
    return bytes;
  }

  clear(): void {
    for (const level of this.#levels) level.clear();
    for (const text of this.#texts) text.clear();
    for (const dictionary of this.#dictionaries) dictionary.clear();
  }

  release(): void {
    for (const level of this.#levels) level.release();
    for (const text of this.#texts) text.release();
    for (const dictionary of this.#dictionaries) dictionary.release();
  }
}
