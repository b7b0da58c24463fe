/**
 * Redaction of remote-write requests 1.0: labels of series and of exemplars are rewritten where
 * they stand, and everything else is copied as it came, to the last bit of a stale marker. The
 * labels of 2.0 are in `symbol-redactor.ts`.
 *
 * Hot path while there are rules. Allocations per label: none, unless it is changed or new. Copies:
 * one of a changed request. Owner: the caller. Watched by `redact.bench.ts`.
 */
import { lengthSize } from '../../clickhouse/native/utf8.ts';
import { labelPart, readLabel } from '../decode/remote-write/exemplars.ts';
import { tagsOfV1 } from '../decode/remote-write/series-target.ts';
import { readLength, readTag, skipField, word } from '../decode/wire.ts';
import { Edits } from './edits.ts';
import type { LabelOwner, LabelPlace, LabelRules } from './label-rules.ts';
import type { RedactionCounts } from './redactor.ts';

const seriesTag = 0x0a;
const labelTag = 0x0a;
const nameTag = 0x0a;
const valueTag = 0x12;

export class LabelRedactor {
  readonly #rules: LabelRules;
  readonly #counts: RedactionCounts;
  readonly #edits = new Edits();
  readonly #place: LabelPlace = { nameStart: 0, nameLength: 0, valueStart: 0, valueLength: 0 };
  #source: Uint8Array = new Uint8Array(0);
  #view = new DataView<ArrayBufferLike>(this.#source.buffer);

  constructor(rules: LabelRules, counts: RedactionCounts) {
    this.#rules = rules;
    this.#counts = counts;
  }

  /** The request without what must go; the same object when nothing must. Throws Malformed. */
  rewrite(source: Uint8Array): Uint8Array {
    this.#source = source;
    this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    const edits = this.#edits;
    edits.begin();
    const end = source.length;
    let at = 0;
    while (at < end) {
      at = readTag(source, at, end);
      if (word[0] !== seriesTag) {
        at = skipField(source, at, end, word[0]!);
        continue;
      }
      const lengthAt = at;
      const start = readLength(source, at, end);
      at = start + word[0]!;
      const entered = edits.enter(lengthAt, start);
      this.#labels('series', start, at);
      edits.leave(entered, at - start);
    }
    return edits.isEmpty ? source : edits.applied(source, this.#view);
  }

  /** The labels of a series and of its exemplars, or of one exemplar. */
  #labels(owner: LabelOwner, from: number, end: number): void {
    const source = this.#source;
    let at = from;
    while (at < end) {
      const tagAt = at;
      at = readTag(source, at, end);
      const tag = word[0]!;
      const isExemplar = owner === 'series' && tag === tagsOfV1.exemplars;
      if (tag !== labelTag && !isExemplar) {
        at = skipField(source, at, end, tag);
        continue;
      }
      const lengthAt = at;
      const start = readLength(source, at, end);
      at = start + word[0]!;
      if (isExemplar) {
        const entered = this.#edits.enter(lengthAt, start);
        this.#labels('exemplar', start, at);
        this.#edits.leave(entered, at - start);
      } else this.#label(owner, tagAt, lengthAt, start, at);
    }
  }

  #label(owner: LabelOwner, tagAt: number, lengthAt: number, start: number, end: number): void {
    const source = this.#source;
    const place = this.#place;
    readLabel(source, start, end);
    place.nameStart = labelPart(0);
    place.nameLength = labelPart(1);
    place.valueStart = labelPart(2);
    place.valueLength = labelPart(3);
    const fate = this.#rules.fateOf(owner, source, this.#view, place);
    const edits = this.#edits;
    if (fate.fate === 'kept') return;
    if (fate.fate === 'dropped') {
      edits.replace(tagAt, end, edits.text.size);
      this.#counts.dropped += 1;
      return;
    }
    // A value that another one behind it hides was not looked at: it goes.
    if (fate.fate === 'seen' && isUsual(place, start, end)) return;
    if (fate.fate !== 'seen') this.#counts[fate.fate] += 1;
    const { nameStart, nameLength, valueStart, valueLength } = place;
    const name = source.subarray(nameStart, nameStart + nameLength);
    const value =
      fate.fate === 'seen' ? source.subarray(valueStart, valueStart + valueLength) : fate.value;
    const from = edits.text.size;
    edits.putLength(fieldSize(name) + fieldSize(value));
    edits.putByte(nameTag);
    edits.putLength(name.length);
    edits.putAll(name);
    edits.putByte(valueTag);
    edits.putLength(value.length);
    edits.putAll(value);
    edits.replace(lengthAt, end, from);
  }
}

function fieldSize({ length }: Uint8Array): number {
  return 1 + lengthSize(length) + length;
}

/** Whether a label is its name and its value and nothing else, as every sender writes it. */
function isUsual(place: LabelPlace, start: number, end: number): boolean {
  const { nameStart, nameLength, valueStart, valueLength } = place;
  const nameEnd = start + 1 + lengthSize(nameLength) + nameLength;
  if (nameStart + nameLength !== nameEnd) return false;
  if (valueLength === 0) return nameEnd === end || nameEnd + 2 === end;
  const valueEnd = nameEnd + 1 + lengthSize(valueLength) + valueLength;
  return valueStart + valueLength === valueEnd && valueEnd === end;
}
