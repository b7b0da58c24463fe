/**
 * The regular expressions of masks: read by a parser of our own, because what matches them must
 * be done in linear time, whatever the pattern and whatever a sender sends (decision 0009).
 *
 * Pure. What could not be matched so, or would mean something else than elsewhere, is refused with
 * the reason: back references, look-around, lazy repetition, Unicode properties.
 */

/** Code points from the first to the second, both included. */
export type Range = readonly [number, number];

export type Node =
  | { readonly kind: 'set'; readonly ranges: readonly Range[] }
  | { readonly kind: 'concat' | 'or'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }
  | { readonly kind: 'assert'; readonly what: Assertion };

export type Assertion = 'start' | 'end' | 'word' | 'not_word';

export class PatternFault extends Error {
  override readonly name: string = 'PatternFault';
  /** In UTF-16 units, as editors count. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Whether `error` is a {@link PatternFault}, also across realms. */
export function isPatternFault(error: unknown): error is PatternFault {
  return Error.isError(error) && error.name === 'PatternFault';
}

const patternCharsMax = 1000;
const groupDepthMax = 50;
const repeatMax = 1000;
const codePointMax = 0x10ffff;

const digits: readonly Range[] = [[0x30, 0x39]];
// biome-ignore format: one line a class
const wordChars: readonly Range[] = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
// biome-ignore format: one line a class
const spaces: readonly Range[] = [[0x09, 0x0d], [0x20, 0x20]];
const anyButNewline: readonly Range[] = complement([[0x0a, 0x0a]]);

const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };
const classes: Readonly<Record<string, readonly Range[]>> = {
  d: digits,
  D: complement(digits),
  w: wordChars,
  W: complement(wordChars),
  s: spaces,
  S: complement(spaces),
};

/** The pattern as a tree; throws {@link PatternFault}. */
export function parsePattern(text: string): Node {
  if (text === '') throw new PatternFault('an empty pattern masks nothing', 0);
  if (text.length > patternCharsMax) {
    throw new PatternFault(`a pattern has at most ${patternCharsMax} characters`, patternCharsMax);
  }
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #ignoresCase = false;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Node {
    if (this.#text.startsWith('(?i)')) {
      this.#ignoresCase = true;
      this.#at = 4;
    }
    const node = this.#alternatives();
    if (this.#at < this.#text.length) throw this.#fault('a ) closes no group; write \\)');
    return node;
  }

  #alternatives(): Node {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'or', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#peek())) {
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: 'concat', parts };
  }

  #repeated(atom: Node): Node {
    let node = atom;
    for (let times = 0; ; times += 1) {
      const start = this.#at;
      const bounds = this.#bounds();
      if (bounds === undefined) return node;
      if (times > 0) {
        this.#at = start;
        const hint = 'a mask takes the longest match, so write [^x]*x instead of .*?x';
        throw this.#fault(`two repetitions follow each other; lazy ones are not known: ${hint}`);
      }
      if (atom.kind === 'assert') throw this.#fault('nothing here that could be repeated', start);
      node = { kind: 'repeat', node, ...bounds };
    }
  }

  #bounds(): { readonly min: number; readonly max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { min: 0, max: 1 };
    if (this.#peek() !== '{') return undefined;
    const found = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#text.slice(this.#at));
    if (found === null) throw this.#fault('expected {2}, {2,} or {2,5} here; write \\{ for a {');
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === '' ? Infinity : Number(found[3]);
    const most = max === Infinity ? min : max;
    if (most > repeatMax) throw this.#fault(`a repetition counts to ${repeatMax} at most`);
    if (max < min) throw this.#fault('a repetition ends before it begins');
    this.#at += found[0].length;
    return { min, max };
  }

  #atom(): Node {
    const start = this.#at;
    const char = this.#next();
    switch (char) {
      case '(':
        return this.#group(start);
      case '[':
        return this.#class();
      case '.':
        return { kind: 'set', ranges: anyButNewline };
      case '^':
        return { kind: 'assert', what: 'start' };
      case '$':
        return { kind: 'assert', what: 'end' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#fault(`nothing in front of ${char} that could be repeated`, start);
      default:
        return this.#set([single(char)]);
    }
  }

  #group(start: number): Node {
    if (this.#peek() === '?') {
      if (!this.#text.startsWith('?:', this.#at)) {
        throw this.#fault('expected ( or (?: here; look-around and names are not known', start);
      }
      this.#at += 2;
    }
    this.#depth += 1;
    if (this.#depth > groupDepthMax) throw this.#fault('groups are nested too deeply', start);
    const node = this.#alternatives();
    if (!this.#take(')')) throw this.#fault('this group is not closed', start);
    this.#depth -= 1;
    return node;
  }

  #escape(): Node {
    const char = this.#peek();
    if (char === 'b' || char === 'B') {
      this.#at += 1;
      return { kind: 'assert', what: char === 'b' ? 'word' : 'not_word' };
    }
    return this.#set(this.#escaped());
  }

  /** What stands behind a backslash, in a class or outside. */
  #escaped(): readonly Range[] {
    const start = this.#at - 1;
    const char = this.#at < this.#text.length ? this.#next() : '';
    const known = classes[char];
    if (known !== undefined) return known;
    const control = controls[char];
    if (control !== undefined) return [[control, control]];
    const hex = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\})/.exec(
      this.#text.slice(start + 1),
    );
    if (hex !== null) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '', 16);
      if (code > codePointMax) throw this.#fault('no character has this number', start);
      this.#at = start + 1 + hex[0].length;
      return [[code, code]];
    }
    if (char === '' || /^[A-Za-z0-9]$/.test(char)) {
      throw this.#fault(`\\${char} is not known; back references never are`, start);
    }
    return [single(char)];
  }

  #class(): Node {
    const start = this.#at - 1;
    const isNegated = this.#take('^');
    const ranges: Range[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      if (this.#at >= this.#text.length) throw this.#fault('this [ is not closed', start);
      if (isFirst && this.#peek() === ']') throw this.#fault('an empty class; write \\]', start);
      ranges.push(...this.#classItem());
    }
    this.#at += 1;
    const given = this.#ignoresCase ? bothCases(ranges) : ranges;
    return { kind: 'set', ranges: isNegated ? complement(given) : given };
  }

  #classItem(): readonly Range[] {
    const start = this.#at;
    if (this.#text.startsWith('[:', start)) throw this.#fault('[: is not known; write \\[');
    const from = this.#classChar();
    const isRange = this.#peek() === '-' && !['', ']'].includes(this.#text[this.#at + 1] ?? '');
    if (!isRange) return from;
    this.#at += 1;
    const to = this.#classChar();
    const [low, high] = [from[0]?.[0] ?? 0, to[0]?.[1] ?? 0];
    const areChars = [from, to].every((side) => side.length === 1 && side[0]?.[0] === side[0]?.[1]);
    if (!areChars || low > high) throw this.#fault('a range that ends before it begins', start);
    return [[low, high]];
  }

  #classChar(): readonly Range[] {
    const char = this.#next();
    return char === '\\' ? this.#escaped() : [single(char)];
  }

  #set(ranges: readonly Range[]): Node {
    return { kind: 'set', ranges: this.#ignoresCase ? bothCases(ranges) : ranges };
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }

  /** The next code point. */
  #next(): string {
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#at += char.length;
    return char;
  }

  #fault(message: string, offset = this.#at): PatternFault {
    return new PatternFault(message, offset);
  }
}

function single(char: string): Range {
  const code = char.codePointAt(0) ?? 0;
  return [code, code];
}

/** Every other code point. */
function complement(ranges: readonly Range[]): readonly Range[] {
  const sorted = [...ranges].sort((left, right) => left[0] - right[0]);
  const others: Range[] = [];
  let from = 0;
  for (const [low, high] of sorted) {
    if (low > from) others.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  if (from <= codePointMax) others.push([from, codePointMax]);
  return others;
}

/** With the other case of Latin letters; other alphabets are taken as they are. */
function bothCases(ranges: readonly Range[]): readonly Range[] {
  const more: Range[] = [];
  for (const [low, high] of ranges) {
    const upper: Range = [Math.max(low, 0x41), Math.min(high, 0x5a)];
    const lower: Range = [Math.max(low, 0x61), Math.min(high, 0x7a)];
    if (upper[0] <= upper[1]) more.push([upper[0] + 0x20, upper[1] + 0x20]);
    if (lower[0] <= lower[1]) more.push([lower[0] - 0x20, lower[1] - 0x20]);
  }
  return [...ranges, ...more];
}
