/**
 * A JSON scanner over bytes, after RFC 8259: strict in syntax, bounded in depth, and it knows where
 * it is. A byte order mark before the document is skipped. Strings are unescaped straight into
 * their target; a lone surrogate becomes U+FFFD; bytes that are not UTF-8 are left for the columns'
 * rule (`clickhouse/native/utf8.ts`).
 *
 * The slower path. Allocations per item: keys and numbers become strings.
 * Copies: one of each value. Owner: the transcoder, for one request. Watched by
 * `decode.bench.ts`.
 */
import type { Text } from '../../../clickhouse/native/buffers.ts';
import { Malformed } from '../wire.ts';

/** Objects and arrays inside each other that are followed; deeper is malformed. */
const jsonDepthMax = 256;

/** Longer runs are copied by one call. */
const shortCopyMax = 64;

const quote = 0x22;
const backslash = 0x5c;
const byteOrderMark = [0xef, 0xbb, 0xbf];
const replacement = 0xfffd;

const escapes: Readonly<Record<number, number>> = {
  34: 0x22,
  47: 0x2f,
  92: 0x5c,
  98: 0x08,
  102: 0x0c,
  110: 0x0a,
  114: 0x0d,
  116: 0x09,
};

export class Scanner {
  /** Where the next byte is read. */
  at = 0;
  readonly #source: Buffer;
  #depth = 0;

  constructor(source: Uint8Array) {
    this.#source = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    if (byteOrderMark.every((byte, index) => source[index] === byte)) this.at = 3;
  }

  /** The next byte that is not white space, not consumed; -1 at the end. */
  peek(): number {
    const source = this.#source;
    for (; this.at < source.length; this.at += 1) {
      const byte = source[this.at]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
    }
    return -1;
  }

  /** Consumes `byte`, or says what was expected. */
  expect(byte: number, what: string): void {
    if (this.peek() !== byte) throw this.fault(`expected ${what}`);
    this.at += 1;
  }

  /** Enters an object (`{`) or array (`[`). */
  open(byte: 0x7b | 0x5b): void {
    this.expect(byte, byte === 0x7b ? 'an object' : 'an array');
    this.#depth += 1;
    if (this.#depth > jsonDepthMax) throw this.fault('objects and arrays are nested too deeply');
  }

  /**
   * Whether another member follows; consumes the comma before it, or the bracket at the end.
   * `isFirst` before the first member.
   */
  next(close: 0x7d | 0x5d, isFirst: boolean): boolean {
    const byte = this.peek();
    if (byte === close) {
      this.at += 1;
      this.#depth -= 1;
      return false;
    }
    if (!isFirst) {
      if (byte !== 0x2c) throw this.fault('expected a comma or the end');
      this.at += 1;
    }
    return true;
  }

  /** Consumes a string and returns it: for keys and short values. */
  string(): string {
    const start = this.#stringStart();
    const isPlain = this.#findQuote();
    const text = this.#source.toString('utf8', start, this.at);
    this.at += 1;
    if (isPlain) return text;
    return JSON.parse(`"${text}"`);
  }

  /** Consumes a string if it is written exactly as `bytes`, without escapes. */
  takeKey(bytes: Uint8Array): boolean {
    const source = this.#source;
    const start = this.at + 1;
    const end = start + bytes.length;
    if (source[this.at] !== quote || source[end] !== quote) return false;
    for (let index = 0; index < bytes.length; index += 1) {
      if (source[start + index] !== bytes[index]) return false;
    }
    this.at = end + 1;
    return true;
  }

  /** Consumes a string and appends its bytes to `target`. */
  copyString(target: Text): void {
    let plain = this.#stringStart();
    const source = this.#source;
    for (;;) {
      const byte = source[this.at];
      if (byte === undefined) throw this.fault('a string does not end');
      if (byte !== quote && byte !== backslash) {
        if (byte < 0x20) throw this.fault('a control character in a string');
        this.at += 1;
        continue;
      }
      append(target, source, plain, this.at);
      if (byte === quote) break;
      this.at += 1;
      putCodePoint(target, this.#escape());
      plain = this.at;
    }
    this.at += 1;
  }

  /** Consumes a number and returns its text. */
  number(): string {
    this.peek();
    const start = this.at;
    const source = this.#source;
    while (isNumberByte(source[this.at])) this.at += 1;
    const text = source.toString('latin1', start, this.at);
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) {
      this.at = start;
      throw this.fault('expected a value');
    }
    return text;
  }

  /** Consumes `true`, `false` or `null`. */
  word(text: 'true' | 'false' | 'null'): void {
    if (this.#source.toString('latin1', this.at, this.at + text.length) !== text) {
      throw this.fault('expected a value');
    }
    this.at += text.length;
  }

  /** Consumes any value, checking its syntax. The depth bound holds the recursion. */
  skip(): void {
    switch (this.peek()) {
      case 0x7b:
        this.open(0x7b);
        for (let isFirst = true; this.next(0x7d, isFirst); isFirst = false) {
          this.#skipString();
          this.expect(0x3a, 'a colon');
          this.skip();
        }
        break;
      case 0x5b:
        this.open(0x5b);
        for (let isFirst = true; this.next(0x5d, isFirst); isFirst = false) this.skip();
        break;
      case quote:
        this.#skipString();
        break;
      case 0x74:
        this.word('true');
        break;
      case 0x66:
        this.word('false');
        break;
      case 0x6e:
        this.word('null');
        break;
      default:
        this.number();
    }
  }

  /** Nothing but white space may follow. */
  end(): void {
    if (this.peek() !== -1) throw this.fault('expected the end of the document');
  }

  fault(message: string): Malformed {
    return new Malformed(`JSON: ${message}`, this.at);
  }

  #stringStart(): number {
    this.expect(quote, 'a string');
    return this.at;
  }

  #skipString(): void {
    this.#stringStart();
    this.#findQuote();
    this.at += 1;
  }

  /** Moves to the closing quote, checking escapes; true when there were none. */
  #findQuote(): boolean {
    let isPlain = true;
    for (;;) {
      const byte = this.#source[this.at];
      if (byte === undefined) throw this.fault('a string does not end');
      if (byte === quote) return isPlain;
      if (byte < 0x20) throw this.fault('a control character in a string');
      this.at += 1;
      if (byte !== backslash) continue;
      isPlain = false;
      this.#escape();
    }
  }

  /** The code point of the escape whose backslash was consumed. */
  #escape(): number {
    const byte = this.#source[this.at] ?? 0;
    this.at += 1;
    if (byte !== 0x75) {
      const plain = escapes[byte];
      if (plain === undefined) throw this.fault('an unknown escape in a string');
      return plain;
    }
    const first = this.#hex4();
    if (first < 0xd800 || first > 0xdfff) return first;
    const isPair =
      first < 0xdc00 &&
      this.#source[this.at] === backslash &&
      this.#source[this.at + 1] === 0x75 &&
      /^d[c-f]/i.test(this.#source.toString('latin1', this.at + 2, this.at + 4));
    if (!isPair) return replacement;
    this.at += 2;
    return 0x10000 + ((first - 0xd800) << 10) + (this.#hex4() - 0xdc00);
  }

  #hex4(): number {
    const text = this.#source.toString('latin1', this.at, this.at + 4);
    if (!/^[0-9a-f]{4}$/i.test(text)) throw this.fault('expected four hexadecimal digits');
    this.at += 4;
    return Number.parseInt(text, 16);
  }
}

function append(target: Text, source: Buffer, from: number, end: number): void {
  const length = end - from;
  target.reserve(length);
  if (length > shortCopyMax) target.bytes.set(source.subarray(from, end), target.size);
  else {
    const { bytes, size } = target;
    for (let index = 0; index < length; index += 1) bytes[size + index] = source[from + index]!;
  }
  target.size += length;
}

function putCodePoint(target: Text, point: number): void {
  target.reserve(4);
  const bytes = Buffer.from(String.fromCodePoint(point));
  target.bytes.set(bytes, target.size);
  target.size += bytes.length;
}

function isNumberByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  if (byte >= 0x30 && byte <= 0x39) return true;
  return byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x45 || byte === 0x65;
}
