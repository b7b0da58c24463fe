/**
 * Redaction of remote-write requests 2.0, whose labels are references to symbols that series share:
 *
 *     references looked at, pair by pair ─▶ nothing to change: the bytes as they came
 *                                        └▶ references changed, new symbols behind the request,
 *                                           and symbols that nobody refers to any more emptied
 *
 * A value may stay under one name and go under another, so a symbol goes when no reference is left;
 * also when there never was one, because no rule has seen it under a name.
 *
 * Hot path while there are rules. Allocations: one entry for each different pair that a rule looks
 * at. Copies: one of a changed request. Owner: the caller. Watched by `redact.bench.ts`.
 */
import { lengthSize } from '../../clickhouse/native/utf8.ts';
import { tagsOfV2 } from '../decode/remote-write/series-target.ts';
import {
  hasSymbol,
  readSymbols,
  releaseSymbols,
  symbolCount,
  symbolLength,
  symbolStart,
} from '../decode/remote-write/symbols.ts';
import { Malformed, readLength, readTag, readVarint, skipField, word } from '../decode/wire.ts';
import { Edits } from './edits.ts';
import type { LabelFate, LabelOwner, LabelPlace, LabelRules } from './label-rules.ts';
import type { RedactionCounts } from './redactor.ts';

const symbolTag = 0x22;
const seriesTag = 0x2a;
const referencesTag = 0x0a;
/** One reference by itself: protobuf lets senders leave lists unpacked. */
const looseReferenceTag = 0x08;
const metadataTag = 0x2a;
const helpTag = 0x18;
const unitTag = 0x20;

const knownBytesKept = 1024 * 1024;

/** What a pair becomes: the reference of its value, if it is still there, and how it got so. */
type Pair = { readonly value: number; readonly fate: LabelFate['fate'] };

/** Bits of what is known of a symbol. */
const isUsed = 1;
const isLookedUp: Readonly<Record<LabelOwner, number>> = { series: 2, exemplar: 4 };
const isRuled: Readonly<Record<LabelOwner, number>> = { series: 8, exemplar: 16 };

export class SymbolRedactor {
  readonly #rules: LabelRules;
  readonly #counts: RedactionCounts;
  readonly #edits = new Edits();
  readonly #place: LabelPlace = { nameStart: 0, nameLength: 0, valueStart: 0, valueLength: 0 };
  #source: Uint8Array = new Uint8Array(0);
  #view = new DataView<ArrayBufferLike>(this.#source.buffer);
  /** By symbol: whether something refers to it once all is redacted, and rules to its name. */
  #known = new Uint8Array(0);
  /** Pairs that rules look at, by name and value. */
  readonly #pairs: Readonly<Record<LabelOwner, Map<number, Pair>>> = {
    series: new Map(),
    exemplar: new Map(),
  };
  /** New symbols by their bytes; they come behind those of the request, in this order. */
  readonly #added = new Map<string, { readonly reference: number; readonly value: Uint8Array }>();
  #hasChanges = false;
  /** Where a reference was that leads nowhere; -1 when there was none. */
  #brokenAt = -1;
  /** The references of one message. */
  readonly #list: number[] = [];

  constructor(rules: LabelRules, counts: RedactionCounts) {
    this.#rules = rules;
    this.#counts = counts;
  }

  /** The request without what must go; the same object when nothing must. Throws Malformed. */
  rewrite(source: Uint8Array): Uint8Array {
    this.#source = source;
    this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    try {
      readSymbols(source);
      this.#begin(symbolCount());
      this.#survey();
      if (!this.#hasChanges && !this.#hasUnused()) return source;
      if (this.#brokenAt >= 0 && this.#added.size > 0) {
        // Behind the new symbols it would lead somewhere.
        throw new Malformed('a label refers to a symbol that is not there', this.#brokenAt);
      }
      return this.#changed();
    } finally {
      releaseSymbols();
      this.#added.clear();
      this.#pairs.series.clear();
      this.#pairs.exemplar.clear();
    }
  }

  #begin(count: number): void {
    this.#hasChanges = false;
    this.#brokenAt = -1;
    const isLarge = this.#known.length > knownBytesKept;
    if (isLarge || this.#known.length < count) this.#known = new Uint8Array(count);
    else this.#known.fill(0, 0, count);
  }

  #survey(): void {
    const source = this.#source;
    const end = source.length;
    let at = 0;
    while (at < end) {
      at = readTag(source, at, end);
      if (word[0] !== seriesTag) {
        at = skipField(source, at, end, word[0]!);
        continue;
      }
      const start = readLength(source, at, end);
      at = start + word[0]!;
      this.#surveyMessage('series', start, at);
    }
  }

  #surveyMessage(owner: LabelOwner, from: number, end: number): void {
    const source = this.#source;
    let isRead = false;
    let at = from;
    while (at < end) {
      const tagAt = at;
      at = readTag(source, at, end);
      const tag = word[0]!;
      if (!isRead && isOfReferences(tag)) {
        isRead = true;
        this.#collect(from, end);
        this.#surveyPairs(owner, tagAt);
      }
      if (owner === 'exemplar' || (tag !== tagsOfV2.exemplars && tag !== metadataTag)) {
        at = skipField(source, at, end, tag);
        continue;
      }
      const start = readLength(source, at, end);
      at = start + word[0]!;
      if (tag === metadataTag) this.#surveyMetadata(start, at);
      else this.#surveyMessage('exemplar', start, at);
    }
  }

  #surveyPairs(owner: LabelOwner, at: number): void {
    const list = this.#list;
    const known = this.#known;
    for (let index = 0; index + 1 < list.length; index += 2) {
      const name = list[index]!;
      const value = list[index + 1]!;
      if (!hasSymbol(name) || !hasSymbol(value)) {
        this.#brokenAt = at;
        continue;
      }
      const pair = this.#isRuled(owner, name) ? this.#pairOf(owner, name, value) : undefined;
      if (pair?.fate === 'dropped') continue;
      known[name]! |= isUsed;
      if (pair === undefined || pair.value === value) known[value]! |= isUsed;
    }
  }

  /** Help and unit are no attributes. */
  #surveyMetadata(from: number, end: number): void {
    const source = this.#source;
    let at = from;
    while (at < end) {
      at = readTag(source, at, end);
      const tag = word[0]!;
      if (tag !== helpTag && tag !== unitTag) {
        at = skipField(source, at, end, tag);
        continue;
      }
      const tagEnd = at;
      at = readVarint(source, at, end);
      if (hasSymbol(word[0]!)) this.#known[word[0]!]! |= isUsed;
      else this.#brokenAt = tagEnd;
    }
  }

  /** Whether rules look at values under the name that is symbol `name`. */
  #isRuled(owner: LabelOwner, name: number): boolean {
    const known = this.#known;
    if ((known[name]! & isLookedUp[owner]) === 0) {
      const [start, length] = [symbolStart(name), symbolLength(name)];
      const isSo = this.#rules.lookAt(owner, this.#source, this.#view, start, length);
      known[name]! |= isLookedUp[owner] | (isSo ? isRuled[owner] : 0);
    }
    return (known[name]! & isRuled[owner]) !== 0;
  }

  #pairOf(owner: LabelOwner, name: number, value: number): Pair {
    const pairs = this.#pairs[owner];
    const key = name * this.#known.length + value;
    let pair = pairs.get(key);
    if (pair === undefined) {
      const place = this.#place;
      place.nameStart = symbolStart(name);
      place.nameLength = symbolLength(name);
      place.valueStart = symbolStart(value);
      place.valueLength = symbolLength(value);
      const fate = this.#rules.fateOf(owner, this.#source, this.#view, place);
      pair = { fate: fate.fate, value: 'value' in fate ? this.#add(fate.value) : value };
      if (isChange(pair)) this.#hasChanges = true;
      pairs.set(key, pair);
    }
    return pair;
  }

  /** The reference of a new symbol. */
  #add(value: Uint8Array): number {
    if (value.length === 0) return 0;
    const key = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
    let added = this.#added.get(key);
    if (added === undefined) {
      added = { reference: symbolCount() + this.#added.size, value };
      this.#added.set(key, added);
    }
    return added.reference;
  }

  #hasUnused(): boolean {
    for (let symbol = 0; symbol < symbolCount(); symbol += 1) {
      if (this.#isUnused(symbol)) return true;
    }
    return false;
  }

  #isUnused(symbol: number): boolean {
    return (this.#known[symbol]! & isUsed) === 0 && symbolLength(symbol) > 0;
  }

  #changed(): Uint8Array {
    const source = this.#source;
    const edits = this.#edits;
    edits.begin();
    const end = source.length;
    let symbol = 0;
    let at = 0;
    while (at < end) {
      at = readTag(source, at, end);
      const tag = word[0]!;
      if (tag !== symbolTag && tag !== seriesTag) {
        at = skipField(source, at, end, tag);
        continue;
      }
      const lengthAt = at;
      const start = readLength(source, at, end);
      at = start + word[0]!;
      if (tag === seriesTag) {
        const entered = edits.enter(lengthAt, start);
        this.#change('series', start, at);
        edits.leave(entered, at - start);
      } else {
        if (this.#isUnused(symbol)) this.#empty(lengthAt, at);
        symbol += 1;
      }
    }
    for (const { value } of this.#added.values()) this.#append(value);
    return edits.applied(source, this.#view);
  }

  #empty(lengthAt: number, end: number): void {
    const from = this.#edits.text.size;
    this.#edits.putLength(0);
    this.#edits.replace(lengthAt, end, from);
  }

  #append(value: Uint8Array): void {
    const edits = this.#edits;
    const from = edits.text.size;
    edits.putByte(symbolTag);
    edits.putLength(value.length);
    edits.putAll(value);
    edits.replace(this.#source.length, this.#source.length, from);
  }

  /** References of a series or of an exemplar; where they change, they all stand in one place. */
  #change(owner: LabelOwner, from: number, end: number): void {
    const source = this.#source;
    const edits = this.#edits;
    let isRead = false;
    let hasChanged = false;
    let at = from;
    while (at < end) {
      const tagAt = at;
      at = readTag(source, at, end);
      const tag = word[0]!;
      if (owner === 'series' && tag === tagsOfV2.exemplars) {
        const start = readLength(source, at, end);
        const entered = edits.enter(at, start);
        at = start + word[0]!;
        this.#change('exemplar', start, at);
        edits.leave(entered, at - start);
        continue;
      }
      at = skipField(source, at, end, tag);
      if (!isOfReferences(tag)) continue;
      const textStart = edits.text.size;
      if (!isRead) {
        isRead = true;
        this.#collect(from, end);
        hasChanged = this.#changePairs(owner);
        if (hasChanged) this.#putList();
      }
      if (hasChanged) edits.replace(tagAt, at, textStart);
    }
  }

  /** Makes the list what it will be; whether that is something else. */
  #changePairs(owner: LabelOwner): boolean {
    const list = this.#list;
    let kept = 0;
    let hasChanged = false;
    for (let index = 0; index < list.length; index += 2) {
      const name = list[index]!;
      const value = list[index + 1];
      const pair = this.#pairs[owner].get(name * this.#known.length + (value ?? 0));
      list[kept] = name;
      kept += 1;
      if (value === undefined) break;
      if (pair === undefined || !isChange(pair)) {
        list[kept] = value;
        kept += 1;
        continue;
      }
      hasChanged = true;
      this.#counts[pair.fate] += 1;
      if (pair.fate === 'dropped') kept -= 1;
      else {
        list[kept] = pair.value;
        kept += 1;
      }
    }
    list.length = kept;
    return hasChanged;
  }

  #putList(): void {
    const edits = this.#edits;
    let bytes = 0;
    for (let index = 0; index < this.#list.length; index += 1) {
      bytes += lengthSize(this.#list[index]! >>> 0);
    }
    if (bytes === 0) return;
    edits.putByte(referencesTag);
    edits.putLength(bytes);
    for (let index = 0; index < this.#list.length; index += 1) {
      edits.putLength(this.#list[index]! >>> 0);
    }
  }

  /** All references of the message at `[from, end)`, packed or loose, in their order. */
  #collect(from: number, end: number): void {
    const source = this.#source;
    const list = this.#list;
    list.length = 0;
    let at = from;
    while (at < end) {
      at = readTag(source, at, end);
      const tag = word[0]!;
      if (!isOfReferences(tag)) {
        at = skipField(source, at, end, tag);
        continue;
      }
      let listEnd = at + 1;
      if (tag === referencesTag) {
        at = readLength(source, at, end);
        listEnd = at + word[0]!;
      }
      while (at < listEnd) {
        at = readVarint(source, at, tag === referencesTag ? listEnd : end);
        list.push(word[0]!);
      }
    }
  }
}

function isOfReferences(tag: number): boolean {
  return tag === referencesTag || tag === looseReferenceTag;
}

function isChange(pair: Pair): pair is Pair & { readonly fate: 'dropped' | 'hashed' | 'masked' } {
  return pair.fate !== 'kept' && pair.fate !== 'seen';
}
