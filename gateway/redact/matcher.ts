/**
 * Finds the longest match at the leftmost place, again and again, and masks it. States of a
 * deterministic automaton are made when they are first needed, so a byte is one look-up.
 *
 * Linear: a value without a match is read once. Where exactly matches lie takes one run from each
 * possible start; after `passesMax` times the value's length in all, the whole value is masked.
 *
 * Hot path where rules have a pattern. Allocations per value: none, but for states that are new.
 * Copies: one of a value that is masked. Owner: the caller's text. Watched by `redact.bench.ts`.
 */
import { putBytes, type Text } from '../../clickhouse/native/buffers.ts';
import type { Instruction, Program } from './program.ts';

/** States that are kept; beyond, all are forgotten and made again. */
const statesMax = 1_000;
/** How often a value is read at most, to find where its matches lie. */
const passesMax = 32;
const freeSteps = 1_024;

/** The symbol behind the last byte. */
const endSymbol = 256;
const symbols = 257;
const unknown = -1;
/** Nothing can match any more. */
const dead = 0;

/** Where a run begins: at the first byte, behind a word character, behind another one. */
const atStart = 0;
const behindWord = 1;
const behindOther = 2;

type State = {
  /** Instructions that take a byte or ask where they stand, ascending; or the match. */
  readonly instructions: readonly number[];
  /** {@link atStart}, {@link behindWord} or {@link behindOther}. */
  readonly place: number;
};

const rowsMin = 16;

export class Matcher {
  readonly #program: Program;
  readonly #anchored: Automaton;
  readonly #anywhere: Automaton;

  constructor(program: Program) {
    this.#program = program;
    this.#anchored = new Automaton(this.#program, false);
    this.#anywhere = new Automaton(this.#program, true);
  }

  /** Whether `[from, end)` has a match, be it an empty one. */
  matches(source: Uint8Array, from: number, end: number): boolean {
    return this.#anywhere.matches(source, from, end);
  }

  /**
   * Appends `[from, end)` to `text` with each match replaced; false, and nothing appended, when
   * there is none. The bytes are well-formed UTF-8.
   */
  mask(
    text: Text,
    source: Uint8Array,
    view: DataView,
    from: number,
    end: number,
    replacement: Uint8Array,
  ): boolean {
    if (!this.#anywhere.matches(source, from, end)) return false;
    const sizeBefore = text.size;
    const steps = { left: (end - from) * passesMax + freeSteps };
    let copied = from;
    let at = from;
    while (at < end) {
      const stop = this.#anchored.longest(source, from, at, end, steps);
      if (steps.left < 0) {
        text.size = sizeBefore;
        text.reserve(replacement.length);
        text.bytes.set(replacement, text.size);
        text.size += replacement.length;
        return true;
      }
      if (stop <= at) {
        at += 1;
        continue;
      }
      text.reserve(at - copied + replacement.length);
      putBytes(text, source, view, copied, at - copied);
      text.bytes.set(replacement, text.size);
      text.size += replacement.length;
      at = stop;
      copied = stop;
    }
    // Empty matches alone, such as of `x*`, mask nothing.
    if (copied === from && text.size === sizeBefore) return false;
    text.reserve(end - copied);
    putBytes(text, source, view, copied, end - copied);
    return true;
  }
}

class Automaton {
  readonly #program: Program;
  /** Whether a match may begin at every byte. */
  readonly #isAnywhere: boolean;
  #states: State[] = [];
  /**
   * By state and symbol: where the next state's row begins, times two, plus one when a match ends
   * before the symbol.
   */
  #table = new Int32Array(0);
  #known = new Map<string, number>();
  readonly #starts = new Int32Array(3);
  /** Instructions seen while a set is closed, by the number of that closing. */
  readonly #seen: Uint32Array;
  #closing = 0;

  constructor(program: Program, isAnywhere: boolean) {
    this.#program = program;
    this.#isAnywhere = isAnywhere;
    this.#seen = new Uint32Array(program.instructions.length);
    this.#forget();
  }

  /** Whether there is a match in `[from, end)`, be it an empty one. */
  matches(source: Uint8Array, from: number, end: number): boolean {
    let row = this.#start(atStart);
    let table = this.#table;
    for (let at = from; at < end; at += 1) {
      const symbol = source[at]!;
      let step = table[row + symbol]!;
      if (step === unknown) {
        step = this.#step(row, symbol);
        table = this.#table;
      }
      if ((step & 1) === 1) return true;
      row = step >> 1;
    }
    return (this.#step(row, endSymbol) & 1) === 1;
  }

  /** Where the longest match that begins at `at` ends; -1 without one. */
  longest(
    source: Uint8Array,
    from: number,
    at: number,
    end: number,
    steps: { left: number },
  ): number {
    const before = at === from ? atStart : isWord(source[at - 1]!) ? behindWord : behindOther;
    let row = this.#start(before);
    let table = this.#table;
    let stop = -1;
    let position = at;
    for (; position < end && row !== dead; position += 1) {
      const symbol = source[position]!;
      let step = table[row + symbol]!;
      if (step === unknown) {
        step = this.#step(row, symbol);
        table = this.#table;
      }
      if ((step & 1) === 1) stop = position;
      row = step >> 1;
    }
    if (row !== dead && (this.#step(row, endSymbol) & 1) === 1) stop = end;
    steps.left -= position - at + 1;
    return stop;
  }

  #start(place: number): number {
    let start = this.#starts[place]!;
    if (start === unknown) {
      start = this.#intern(this.#closed([this.#program.start], undefined), place);
      this.#starts[place] = start;
    }
    return start;
  }

  /** The step of one state on one symbol, found out and remembered. */
  #step(from: number, symbol: number): number {
    const known = this.#table[from + symbol]!;
    if (known !== unknown) return known;
    const state = this.#states[from / symbols]!;
    const { instructions } = this.#program;
    const here = this.#closed(state.instructions, {
      isStart: state.place === atStart,
      isEnd: symbol === endSymbol,
      isWordBefore: state.place === behindWord,
      isWordBehind: symbol !== endSymbol && isWord(symbol),
    });
    const isMatch = here.some((index) => instructions[index]!.kind === 'match');
    const reached: number[] = [];
    for (const index of here) {
      const entry = instructions[index]!;
      if (entry.kind !== 'byte' || symbol < entry.low || symbol > entry.high) continue;
      reached.push(entry.next);
    }
    if (this.#isAnywhere && symbol !== endSymbol) reached.push(this.#program.start);
    const place = symbol !== endSymbol && isWord(symbol) ? behindWord : behindOther;
    const to = reached.length === 0 ? dead : this.#intern(this.#closed(reached, undefined), place);
    const step = to * 2 + (isMatch ? 1 : 0);
    // All may have been forgotten meanwhile, and the row may be another state's.
    if (this.#states[from / symbols] === state) this.#table[from + symbol] = step;
    return step;
  }

  /** Follows everything that takes no byte; assertions only where they stand is known. */
  #closed(from: readonly number[], stand: Stand | undefined): number[] {
    const { instructions } = this.#program;
    this.#closing += 1;
    const found: number[] = [];
    const open = [...from];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (this.#seen[index] === this.#closing) continue;
      this.#seen[index] = this.#closing;
      const entry = instructions[index] as Instruction;
      if (entry.kind === 'split') open.push(entry.next, entry.other);
      else if (entry.kind === 'assert' && stand !== undefined) {
        if (holds(entry.what, stand)) open.push(entry.next);
      } else found.push(index);
    }
    return found.sort((left, right) => left - right);
  }

  #intern(instructions: number[], place: number): number {
    if (instructions.length === 0) return dead;
    const name = `${place}:${instructions.join(',')}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#states.length >= statesMax) this.#forget();
    const row = this.#addState({ instructions, place });
    this.#known.set(name, row);
    return row;
  }

  #forget(): void {
    this.#states = [];
    const nowhere = this.#addState({ instructions: [], place: behindOther });
    this.#table.fill(dead, nowhere, nowhere + symbols);
    this.#known.clear();
    this.#starts.fill(unknown);
  }

  /** Where its row begins. */
  #addState(state: State): number {
    const row = (this.#states.push(state) - 1) * symbols;
    if (row >= this.#table.length) {
      const grown = new Int32Array(Math.max(rowsMin * symbols, this.#table.length * 2));
      grown.set(this.#table);
      this.#table = grown;
    }
    this.#table.fill(unknown, row, row + symbols);
    return row;
  }
}

type Stand = {
  readonly isStart: boolean;
  readonly isEnd: boolean;
  readonly isWordBefore: boolean;
  readonly isWordBehind: boolean;
};

function holds(what: string, stand: Stand): boolean {
  if (what === 'start') return stand.isStart;
  if (what === 'end') return stand.isEnd;
  return (stand.isWordBefore !== stand.isWordBehind) === (what === 'word');
}

/** Letters, digits and underscore of ASCII. */
function isWord(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x5f ||
    (byte >= 0x61 && byte <= 0x7a)
  );
}
