/**
 * OTLP/JSON into protobuf bytes, so that one decoder decides what is stored. The slower path; it
 * is driven by the table in `messages.ts`.
 *
 * Where the specification is silent: a key that comes twice is what two occurrences are in
 * protobuf (the last scalar wins, repeated fields are joined, messages merge); of two members of
 * one oneof the last wins; `null` means not sent; an id that is not hexadecimal makes its item
 * rejected, like an id of a wrong length; a number that its type cannot hold is malformed.
 *
 * The slower path. Allocations per item: strings for keys and numbers, bigints for integers.
 * Copies: one of each value. Owner: the transcoder, for one request. Watched by
 * `decode.bench.ts`.
 */
import {
  BlockFull,
  Budget,
  isBlockFull,
  putLength,
  Text,
} from '../../../clickhouse/native/buffers.ts';
import type { ContentType, Signal, Transcoding } from '../../answer.ts';
import { valueDepthMax } from '../any-value.ts';
import { linesAsProtobuf } from '../influx/decode-lines.ts';
import {
  isMalformed,
  Malformed,
  wireBytes,
  wireFixed32,
  wireFixed64,
  wireVarint,
} from '../wire.ts';
import { anyValue, type Field, type Kind, type Message, requests } from './messages.ts';
import { Scanner } from './scanner.ts';

/** Beyond this the request is too large; {@link lengthBytes} could not hold its length. */
const transcodedBytesMax = 2 ** 28 - 1;
/** Lengths are written as varints of this many bytes, and shortened when one suffices. */
const lengthBytes = 4;
/** Digits that a number holds exactly. */
const exactDigitsMax = 15;

const wireTypes: Readonly<Record<Kind, number>> = {
  string: wireBytes,
  bytes: wireBytes,
  id: wireBytes,
  bool: wireVarint,
  enum: wireVarint,
  int32: wireVarint,
  uint32: wireVarint,
  sint32: wireVarint,
  int64: wireVarint,
  uint64: wireVarint,
  fixed32: wireFixed32,
  fixed64: wireFixed64,
  sfixed64: wireFixed64,
  double: wireFixed64,
};

const ranges: Readonly<Partial<Record<Kind, readonly [bigint, bigint]>>> = {
  enum: [-(2n ** 31n), 2n ** 31n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

export type Transcoded = {
  readonly body: Uint8Array;
  /** Something a person should know although nothing is wrong; empty when there is nothing. */
  readonly warning: string;
  /** Items that cannot be read, and are in no form: lines. The warning says which. */
  readonly rejected?: number;
};

/** The protobuf form of a JSON request; throws Malformed with the offset in the JSON. */
export function transcode(signal: Signal, source: Uint8Array): Transcoded {
  const transcoder = new Transcoder(source);
  transcoder.message(requests[signal], 0);
  transcoder.scanner.end();
  const { text, warning } = transcoder;
  return { body: text.bytes.subarray(0, text.size), warning };
}

class Transcoder {
  readonly scanner: Scanner;
  readonly text = new Text(new Budget(transcodedBytesMax));
  warning = '';

  constructor(source: Uint8Array) {
    this.scanner = new Scanner(source);
  }

  /** The fields of one object. `depth` counts values inside values. */
  message(type: Message, depth: number): void {
    const scanner = this.scanner;
    if (depth > valueDepthMax) throw scanner.fault('values are nested too deeply');
    scanner.open(0x7b);
    for (let isFirst = true; scanner.next(0x7d, isFirst); isFirst = false) {
      const field = this.#key(type);
      scanner.expect(0x3a, 'a colon');
      if (field === undefined) {
        scanner.skip();
      } else if (scanner.peek() === 0x6e) scanner.word('null');
      else if (field.isRepeated) this.#repeated(field, depth);
      else this.#value(field, depth);
    }
  }

  /** The field that the next key names; undefined when the message has none of that name. */
  #key(type: Message): Field | undefined {
    const scanner = this.scanner;
    scanner.peek();
    const { keys } = type;
    for (let index = 0; index < keys.length; index += 1) {
      if (scanner.takeKey(keys[index]!.bytes)) return keys[index]!.field;
    }
    const key = scanner.string();
    const field = type.fields.get(key);
    if (field === undefined) this.#warnOf(type, key);
    return field;
  }

  #repeated(field: Field, depth: number): void {
    const scanner = this.scanner;
    scanner.open(0x5b);
    for (let isFirst = true; scanner.next(0x5d, isFirst); isFirst = false) {
      this.#value(field, depth);
    }
  }

  #value(field: Field, depth: number): void {
    const { kind } = field;
    if (typeof kind !== 'string') {
      this.#tag(field.number, wireBytes);
      const start = this.#beginLength();
      this.message(kind, kind === anyValue ? depth + 1 : depth);
      this.#endLength(start);
      return;
    }
    this.#tag(field.number, wireTypes[kind]);
    switch (kind) {
      case 'string': {
        const start = this.#beginLength();
        this.scanner.copyString(this.text);
        this.#endLength(start);
        break;
      }
      case 'bytes':
        this.#bytes(this.#base64());
        break;
      case 'id':
        this.#bytes(this.#id());
        break;
      case 'bool':
        this.#bool();
        break;
      case 'double':
        this.text.reserve(8);
        this.text.view.setFloat64(this.text.size, this.#double(), true);
        this.text.size += 8;
        break;
      default:
        this.#integer(kind, this.#wholeNumber(kind));
    }
  }

  #integer(kind: Kind, value: bigint): void {
    const text = this.text;
    if (wireTypes[kind] === wireFixed64) {
      text.reserve(8);
      text.view.setBigInt64(text.size, BigInt.asIntN(64, value), true);
      text.size += 8;
    } else if (kind === 'fixed32') {
      text.reserve(4);
      text.view.setUint32(text.size, Number(value), true);
      text.size += 4;
    } else if (kind === 'sint32') {
      this.#varint(value < 0n ? -value * 2n - 1n : value * 2n);
    } else this.#varint(BigInt.asUintN(64, value));
  }

  /** A whole number, as a JSON number or a string of one. */
  #wholeNumber(kind: Kind): bigint {
    const at = this.scanner.peek() === 0x22 ? this.scanner.at : -1;
    if (at >= 0 && kind === 'enum') throw this.scanner.fault('expected the number of an enum');
    const text = at >= 0 ? this.scanner.string() : this.scanner.number();
    const value = wholeNumber(text);
    const range = ranges[kind];
    if (value === undefined || range === undefined || value < range[0] || value > range[1]) {
      throw this.scanner.fault(`expected a whole number (${kind}) before here`);
    }
    return value;
  }

  #double(): number {
    const isText = this.scanner.peek() === 0x22;
    const text = isText ? this.scanner.string() : this.scanner.number();
    if (isText && /^(NaN|-?Infinity)$/.test(text)) return Number(text);
    const value = isNumberText(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value)) throw this.scanner.fault('expected a double before here');
    return value;
  }

  #bool(): void {
    const isTrue = this.scanner.peek() === 0x74;
    this.scanner.word(isTrue ? 'true' : 'false');
    this.#varuint(isTrue ? 1 : 0);
  }

  #base64(): Uint8Array {
    const text = this.scanner.string();
    if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1) {
      throw this.scanner.fault('expected base64 before here');
    }
    return Buffer.from(text, 'base64');
  }

  /** An id; one byte, which no id has, when the text is not hexadecimal. */
  #id(): Uint8Array {
    const text = this.scanner.string();
    const isHex = text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text);
    return isHex ? Buffer.from(text, 'hex') : new Uint8Array(1);
  }

  #bytes(bytes: Uint8Array): void {
    this.#varuint(bytes.length);
    this.text.reserve(bytes.length);
    this.text.bytes.set(bytes, this.text.size);
    this.text.size += bytes.length;
  }

  #tag(number: number, wireType: number): void {
    this.#varuint((number << 3) | wireType);
  }

  /** A varint below 2^31. */
  #varuint(value: number): void {
    this.text.reserve(5);
    putLength(this.text, value);
  }

  #varint(value: bigint): void {
    if (value < 0x7fffffffn) {
      this.#varuint(Number(value));
      return;
    }
    this.text.reserve(10);
    let rest = value;
    while (rest >= 0x80n) {
      this.text.bytes[this.text.size++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.text.bytes[this.text.size++] = Number(rest);
  }

  #beginLength(): number {
    this.text.reserve(lengthBytes);
    this.text.size += lengthBytes;
    return this.text.size;
  }

  #endLength(start: number): void {
    const { text } = this;
    const { bytes } = text;
    const length = text.size - start;
    if (length < 0x80) {
      bytes[start - lengthBytes] = length;
      bytes.copyWithin(start - lengthBytes + 1, start, text.size);
      text.size -= lengthBytes - 1;
      return;
    }
    for (let index = 0; index < lengthBytes; index += 1) {
      const more = index < lengthBytes - 1 ? 0x80 : 0;
      bytes[start - lengthBytes + index] = ((length >>> (7 * index)) & 0x7f) | more;
    }
  }

  /** Keys in snake_case are unknown fields by rule; a sender who uses them loses data unseen. */
  #warnOf(type: Message, key: string): void {
    if (this.warning !== '' || !key.includes('_')) return;
    const camel = key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    if (!type.fields.has(camel)) return;
    this.warning = `unknown field ${key} was ignored: OTLP/JSON spells it ${camel}`;
  }
}

function isNumberText(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
}

/** `12`, `-3`, `1.5e3`, `1e2` as a whole number; undefined when it is none. */
function wholeNumber(text: string): bigint | undefined {
  if (/^-?\d+$/.test(text)) {
    if (text.length <= exactDigitsMax) return BigInt(Number(text));
    return text.length <= 21 ? BigInt(text) : undefined;
  }
  if (!isNumberText(text)) return undefined;
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return undefined;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  const exponent = Number(match[4] ?? 0) - fraction.length;
  if (exponent < -1000 || exponent > 30 || (match[2] ?? '').length > 40) return undefined;
  const digits = BigInt(`${match[2]}${fraction}`);
  const scale = 10n ** BigInt(Math.abs(exponent));
  if (exponent < 0 && digits % scale !== 0n) return undefined;
  const value = exponent < 0 ? digits / scale : digits * scale;
  return match[1] === '-' ? -value : value;
}

/** The same, with what is wrong with it as a result that other threads understand. */
export function tryTranscode(signal: Signal, source: Uint8Array): Transcoding {
  try {
    return { ok: true, ...transcode(signal, source) };
  } catch (error) {
    if (isMalformed(error)) {
      return { ok: false, reason: 'malformed', message: error.message, offset: error.offset };
    }
    if (!isBlockFull(error)) throw error;
    return { ok: false, reason: 'too_large', message: String(error) };
  }
}

/** What a body is in protobuf. Throws Malformed, or BlockFull when it would be too large. */
export function protobufOf(input: {
  readonly signal: Signal;
  readonly contentType: ContentType;
  readonly parameters?: string;
  readonly body: Uint8Array;
  readonly transcoding?: Transcoding | undefined;
}): Transcoded {
  const { signal, contentType, body, transcoding } = input;
  if (contentType === 'influx') return linesAsProtobuf(body, input.parameters ?? '');
  if (contentType !== 'json') return { body, warning: '' };
  if (transcoding === undefined) return transcode(signal, body);
  if (transcoding.ok) return transcoding;
  if (transcoding.reason === 'too_large') throw new BlockFull(transcoding.message);
  throw new Malformed(transcoding.message, transcoding.offset);
}
