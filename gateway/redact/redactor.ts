/**
 * Takes out of a request what must not be kept, before the request is known, decoded or logged:
 * what the log holds is the rewritten body, and the one that came is nowhere.
 *
 *     protobuf ─▶ read once, changes noted ─▶ nothing to change: the bytes as they came
 *     JSON ─▶ protobuf ┘                  └▶ a new body, identity-encoded
 *
 * Values are hashed as the text that would be stored. Keys inside maps are looked at under their
 * own name and under their path (`user.email`).
 *
 * Hot path while there are rules. Allocations per attribute: none, unless it is changed or new.
 * Copies: one of a changed request. Owner: the caller. Watched by `redact.bench.ts`.
 */
import type { HashSeed } from '../../clickhouse/native/hash.ts';
import { isWellFormed, lengthAt, lengthSize, wellFormed } from '../../clickhouse/native/utf8.ts';
import type { Signal } from '../answer.ts';
import { putAnyValue, valueDepthMax } from '../decode/any-value.ts';
import { findParts, parts } from '../decode/attributes.ts';
import {
  Malformed,
  need,
  readLength,
  readTag,
  readVarint,
  skipField,
  word,
} from '../decode/wire.ts';
import { Edits } from './edits.ts';
import { Hashes, hashDigits, KeyDecisions, utf8 } from './known.ts';
import { Masking } from './masking.ts';
import { requestShapes, type Shape } from './messages.ts';
import { combine, type Decision, keep, type Mask, type SignalRules } from './rules.ts';

/** What was done to values, since the redactor was made. */
export type RedactionCounts = { dropped: number; hashed: number; masked: number };

export class Redactor {
  readonly counts: RedactionCounts = { dropped: 0, hashed: 0, masked: 0 };
  readonly #shape: Shape;
  readonly #body: Decision;
  readonly #edits = new Edits();
  readonly #decisions: KeyDecisions;
  readonly #hashes: Hashes;
  readonly #masking = new Masking();
  #source: Uint8Array = new Uint8Array(0);
  #view = new DataView<ArrayBufferLike>(this.#source.buffer);

  /** `key` is what hashes are made with; `seed` makes key look-ups hard to attack. */
  constructor(signal: Signal, rules: SignalRules, key: Uint8Array, seed: HashSeed) {
    this.#shape = requestShapes[signal];
    this.#body = rules.ofBody();
    this.#decisions = new KeyDecisions(rules, seed);
    this.#hashes = new Hashes(key);
  }

  /** The request without what must go; the same object when nothing must. Throws Malformed. */
  rewrite(source: Uint8Array): Uint8Array {
    this.#source = source;
    this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    this.#edits.begin();
    this.#message(this.#shape, 0, source.length);
    return this.#edits.isEmpty ? source : this.#edits.applied(source, this.#view);
  }

  #message(shape: Shape, from: number, end: number): void {
    const source = this.#source;
    const { fields } = shape;
    let at = from;
    while (at < end) {
      const tagAt = at;
      at = readTag(source, at, end);
      const tag = word[0]!;
      const number = tag >>> 3;
      const child = (tag & 7) === 2 && number < fields.length ? fields[number] : undefined;
      if (child === undefined) {
        at = skipField(source, at, end, tag);
        continue;
      }
      const lengthAt = at;
      const start = readLength(source, at, end);
      at = start + word[0]!;
      if (child === 'attribute') this.#attribute(tagAt, lengthAt, start, at, keep, undefined, 0);
      else if (child === 'body') this.#value(tagAt, lengthAt, start, at, this.#body, '', 0);
      else {
        const entered = this.#edits.enter(lengthAt, start);
        this.#message(child, start, at);
        this.#edits.leave(entered, at - start);
      }
    }
  }

  /**
   * A KeyValue at `[start, end)`. `outer` is what holds for the value around it, whose path is
   * `path`; undefined outside of values.
   */
  #attribute(
    tagAt: number,
    lengthAt: number,
    start: number,
    end: number,
    outer: Decision,
    path: string | undefined,
    depth: number,
  ): void {
    const source = this.#source;
    // The form that every sender writes: key, value, lengths of one byte.
    const keyLength = source[start + 1]!;
    const valueAt = start + 2 + keyLength;
    let keyStart = start + 2;
    let keyEnd = valueAt;
    let valueStart = valueAt + 2;
    let valueEnd = end;
    const isUsual =
      source[start] === 0x0a &&
      keyLength < 0x80 &&
      valueStart <= end &&
      source[valueAt] === 0x12 &&
      source[valueAt + 1] === end - valueStart &&
      end - valueStart < 0x80;
    if (!isUsual) {
      findParts(source, start, end);
      keyStart = parts[0]!;
      keyEnd = parts[1]!;
      valueStart = parts[2]!;
      valueEnd = parts[3]!;
    }
    let decision = this.#decisions.ofKey(source, this.#view, keyStart, keyEnd);
    if (path === undefined) {
      // A value that nothing is asked of, and that is no map or list, needs no closer look.
      if (decision === keep && this.#isPlain(valueStart, valueEnd)) return;
      if (isUsual && this.#isUntouched(decision, valueStart, valueEnd)) return;
    } else {
      const name = path === '' ? '' : `${path}.${utf8(source, keyStart, keyEnd)}`;
      decision = combine(outer, combine(decision, this.#decisions.ofPath(name)));
    }
    if (decision.action === 'drop') {
      this.#edits.replace(tagAt, end, this.#edits.text.size);
      this.counts.dropped += 1;
      return;
    }
    if (decision.action === 'hash') {
      const text = this.#textOf(valueStart, valueEnd);
      if (text.length === 0) return;
      const edits = this.#edits;
      const hash = this.#hashes.of(text);
      const from = edits.text.size;
      const keyBytes = keyEnd - keyStart;
      const valueBytes = 2 + hashDigits;
      edits.putLength(1 + lengthSize(keyBytes) + keyBytes + 2 + valueBytes);
      edits.putByte(0x0a);
      edits.putLength(keyBytes);
      edits.putAll(source.subarray(keyStart, keyEnd));
      edits.putByte(0x12);
      edits.putLength(valueBytes);
      this.#putTextValue(hash);
      edits.replace(lengthAt, end, from);
      return;
    }
    const entered = this.#edits.enter(lengthAt, start);
    const inner = path === undefined || path === '' ? '' : `${path}.`;
    let at = start;
    while (at < end) {
      const fieldAt = at;
      at = readTag(source, at, end);
      const tag = word[0]!;
      if (tag !== 0x12) {
        at = skipField(source, at, end, tag);
        continue;
      }
      const valueLengthAt = at;
      const from = readLength(source, at, end);
      at = from + word[0]!;
      if (this.#isPlain(from, at)) {
        this.#value(fieldAt, valueLengthAt, from, at, decision, '', depth);
        continue;
      }
      const name = `${inner}${utf8(source, keyStart, keyEnd)}`;
      this.#value(fieldAt, valueLengthAt, from, at, decision, name, depth);
    }
    this.#edits.leave(entered, end - start);
  }

  /** An AnyValue at `[start, end)` that is called `path`; `tagAt` is where its field begins. */
  #value(
    tagAt: number,
    lengthAt: number,
    start: number,
    end: number,
    decision: Decision,
    path: string,
    depth: number,
  ): void {
    const edits = this.#edits;
    if (decision.action === 'drop') {
      edits.replace(tagAt, end, edits.text.size);
      this.counts.dropped += 1;
      return;
    }
    const whole = decision.masks.find(({ matcher }) => matcher === undefined);
    if (decision.action === 'hash' || whole !== undefined) {
      const text = this.#textOf(start, end);
      if (text.length === 0) return;
      const from = edits.text.size;
      if (whole === undefined || decision.action === 'hash') {
        edits.putLength(2 + hashDigits);
        this.#putTextValue(this.#hashes.of(text));
      } else {
        const { replacement } = whole;
        edits.putLength(1 + lengthSize(replacement.length) + replacement.length);
        edits.putByte(0x0a);
        edits.putLength(replacement.length);
        edits.putAll(replacement);
        this.counts.masked += 1;
      }
      edits.replace(lengthAt, end, from);
      return;
    }
    const entered = edits.enter(lengthAt, start);
    this.#cases(start, end, decision, path, depth);
    edits.leave(entered, end - start);
  }

  /** The fields of an AnyValue; only the last counts, but all are kept in the log. */
  #cases(from: number, end: number, decision: Decision, path: string, depth: number): void {
    const source = this.#source;
    if (depth > valueDepthMax) throw new Malformed('values are nested too deeply', from);
    let at = from;
    while (at < end) {
      const tagAt = at;
      at = readTag(source, at, end);
      const tag = word[0]!;
      if (tag === 0x0a || tag === 0x2a || tag === 0x32) {
        const lengthAt = at;
        const start = readLength(source, at, end);
        at = start + word[0]!;
        if (tag === 0x0a) this.#string(lengthAt, start, at, decision.masks);
        else {
          const entered = this.#edits.enter(lengthAt, start);
          this.#members(tag === 0x32, start, at, decision, path, depth + 1);
          this.#edits.leave(entered, at - start);
        }
      } else if (tag === 0x18 || tag === 0x21) {
        const start = at;
        if (tag === 0x18) at = readVarint(source, at, end);
        else {
          need(at, end, 8);
          at += 8;
        }
        if (decision.masks.length > 0) this.#number(tagAt, start, at, decision.masks);
      } else at = skipField(source, at, end, tag);
    }
  }

  /** The members of an ArrayValue or a KeyValueList. */
  #members(
    isMap: boolean,
    from: number,
    end: number,
    decision: Decision,
    path: string,
    depth: number,
  ): void {
    const source = this.#source;
    let at = from;
    while (at < end) {
      const tagAt = at;
      at = readTag(source, at, end);
      if (word[0] !== 0x0a) {
        at = skipField(source, at, end, word[0]!);
        continue;
      }
      const lengthAt = at;
      const start = readLength(source, at, end);
      at = start + word[0]!;
      if (isMap) this.#attribute(tagAt, lengthAt, start, at, decision, path, depth);
      else this.#value(tagAt, lengthAt, start, at, decision, path, depth);
    }
  }

  #string(lengthAt: number, start: number, end: number, masks: readonly Mask[]): void {
    if (masks.length === 0 || !this.#mask(this.#source, this.#view, start, end, masks)) return;
    const edits = this.#edits;
    const from = edits.text.size;
    const masked = this.#masking.result();
    edits.putLength(masked.length);
    edits.putAll(masked);
    edits.replace(lengthAt, end, from);
  }

  /** A number that a mask matches becomes a string. */
  #number(tagAt: number, start: number, end: number, masks: readonly Mask[]): void {
    const text = this.#textOf(tagAt, end);
    const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
    if (start === end || !this.#mask(text, view, 0, text.length, masks)) return;
    const edits = this.#edits;
    const from = edits.text.size;
    const masked = this.#masking.result();
    edits.putByte(0x0a);
    edits.putLength(masked.length);
    edits.putAll(masked);
    edits.replace(tagAt, end, from);
  }

  /** Whether a mask changes `[from, end)`; what it becomes is the masking's result. */
  #mask(
    bytes: Uint8Array,
    view: DataView,
    from: number,
    end: number,
    masks: readonly Mask[],
  ): boolean {
    const changes = this.#masking.run(bytes, view, from, end, masks);
    this.counts.masked += changes;
    return changes > 0;
  }

  /** The value at `[from, end)` as it would be stored. */
  #textOf(from: number, end: number): Uint8Array {
    const text = this.#masking.fresh();
    putAnyValue(text, this.#source, this.#view, from, end);
    const length = lengthAt(text.bytes, 0);
    const start = lengthSize(length);
    const isGood = isWellFormed(text.bytes, text.view, start, length);
    const bytes = text.bytes.subarray(start, start + length);
    return isGood ? bytes.slice() : wellFormed(bytes);
  }

  #putTextValue(text: string): void {
    this.#edits.putByte(0x0a);
    this.#edits.putLength(text.length);
    this.#edits.putAll(Buffer.from(text));
    this.counts.hashed += 1;
  }

  /** Whether a value is one short string of ASCII in which no mask finds anything. */
  #isUntouched({ action, masks }: Decision, from: number, end: number): boolean {
    const source = this.#source;
    if (action !== 'keep' || source[from] !== 0x0a || source[from + 1] !== end - from - 2)
      return false;
    for (let at = from + 2; at < end; at += 1) if (source[at]! >= 0x80) return false;
    for (let index = 0; index < masks.length; index += 1) {
      const { matcher } = masks[index]!;
      if (matcher === undefined || matcher.matches(source, from + 2, end)) return false;
    }
    return true;
  }

  /** Whether an AnyValue is one string or number, in the form that every sender writes. */
  #isPlain(from: number, end: number): boolean {
    if (from === end) return true;
    const source = this.#source;
    const tag = source[from]!;
    if (tag === 0x0a || tag === 0x3a) {
      const length = source[from + 1]!;
      return length < 0x80 && from + 2 + length === end;
    }
    return (tag === 0x10 || tag === 0x18) && readVarint(source, from + 1, end) === end;
  }
}
