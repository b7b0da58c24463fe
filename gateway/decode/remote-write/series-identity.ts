/**
 * What a series is known by: a hash of 64 bits over its labels, sorted, those without a value left
 * out; the same for both versions, however its labels are settled into resource and attributes.
 *
 *     hash(hash(name of metric) · hash(name) hash(value) · hash(name) hash(value) …)
 *
 * Hashes are seeded, so that nobody can make two series that are one.
 *
 * Hot path of requests whose series are counted. Allocations per item: none. Copies: none. Owner:
 * the request under way. Watched by `../../guard/series-limits.bench.ts`.
 */
import { type HashSeed, hashBytes } from '../../../clickhouse/native/hash.ts';
import { readLength, readTag, readVarint, skipField, word } from '../wire.ts';
import { putLabel, putReference, putReferences } from './label-fields.ts';
import {
  beginLabels,
  forgetLabels,
  labelCount,
  name,
  places,
  settleLabels,
  spoilLabels,
} from './labels.ts';
import type { SeriesTags } from './series-target.ts';
import { beginPairs, isPairOpen } from './symbols.ts';

const labelsTag = 0x0a;
const looseReferenceTag = 0x08;
const samplesTag = 0x12;

/** Texts of 2.0 are symbols and come again; so many of their hashes are remembered. */
const rememberedTexts = 4096;
const entryWords = 4;
const textsInitial = 128;

export class SeriesReader {
  /** Hashes of the series that was read last, and of its metric's name, both halves of each. */
  readonly identity = { seriesHigh: 0, seriesLow: 0, metricHigh: 0, metricLow: 0 };
  readonly #seeds: readonly [HashSeed, HashSeed];
  /**
   * Hashes of the texts of the series that was read last: of its metric's name, then of name and
   * value of each label; and where these texts lie. The next series shares most of them.
   */
  #hashes = new Int32Array(2 * textsInitial);
  #bytes = new Uint8Array(this.#hashes.buffer);
  #view = new DataView(this.#hashes.buffer);
  #places = new Int32Array(2 * textsInitial);
  /** How many texts there are. */
  #count = 0;
  /** By where a text of 2.0 begins: that place, the request, and both halves. */
  readonly #remembered = new Int32Array(rememberedTexts * entryWords);
  #request = 0;

  constructor(seeds: readonly [HashSeed, HashSeed]) {
    this.#seeds = seeds;
  }

  /** Begins a request: places in the body of another one say nothing. */
  begin(): void {
    this.#request = (this.#request + 1) | 0;
    forgetLabels();
    this.#count = 0;
  }

  /**
   * Reads the series at `[from, end)`; returns how many items it holds, samples and histograms, or
   * 1 when it only has exemplars. 0 when it is not one: the decoder says what is wrong with it.
   */
  read(source: Uint8Array, view: DataView, from: number, end: number, tags: SeriesTags): number {
    const items = readSeries(source, view, from, end, tags);
    if (settleLabels(source) !== '' || items === 0) return 0;
    const labels = labelCount();
    if (2 + 4 * labels > this.#hashes.length) this.#grow(1 + 2 * labels);
    const { isV2 } = tags;
    this.#put(0, source, view, name[0]!, name[1]!, isV2);
    let texts = 1;
    for (let place = 0; place < 4 * labels; place += 4) {
      const length = places[place + 1]!;
      // The name, and what has no value.
      if (length < 0) continue;
      this.#put(texts, source, view, places[place]!, length, isV2);
      this.#put(texts + 1, source, view, places[place + 2]!, places[place + 3]!, isV2);
      texts += 2;
    }
    this.#count = texts;
    const { identity } = this;
    identity.metricHigh = this.#hashes[0]!;
    identity.metricLow = this.#hashes[1]!;
    identity.seriesHigh = hashBytes(this.#seeds[0], this.#bytes, this.#view, 0, 8 * texts);
    identity.seriesLow = hashBytes(this.#seeds[1], this.#bytes, this.#view, 0, 8 * texts);
    return items;
  }

  /** Puts the hash of one text of a series. */
  #put(
    text: number,
    source: Uint8Array,
    view: DataView,
    start: number,
    length: number,
    isSymbol: boolean,
  ): void {
    const last = this.#places;
    const at = 2 * text;
    if (text < this.#count && length === last[at + 1]) {
      if (start === last[at] || (!isSymbol && isSame(source, view, start, last[at]!, length)))
        return;
    }
    last[at] = start;
    last[at + 1] = length;
    const hashes = this.#hashes;
    const remembered = this.#remembered;
    const entry = (Math.imul(start, 0x9e3779b1) >>> 20) * entryWords;
    if (isSymbol && remembered[entry] === start && remembered[entry + 1] === this.#request) {
      hashes[at] = remembered[entry + 2]!;
      hashes[at + 1] = remembered[entry + 3]!;
      return;
    }
    hashes[at] = hashBytes(this.#seeds[0], source, view, start, length);
    hashes[at + 1] = hashBytes(this.#seeds[1], source, view, start, length);
    if (!isSymbol) return;
    remembered[entry] = start;
    remembered[entry + 1] = this.#request;
    remembered[entry + 2] = hashes[at]!;
    remembered[entry + 3] = hashes[at + 1]!;
  }

  #grow(texts: number): void {
    this.#hashes = new Int32Array(4 * texts);
    this.#bytes = new Uint8Array(this.#hashes.buffer);
    this.#view = new DataView(this.#hashes.buffer);
    this.#places = new Int32Array(4 * texts);
    this.#count = 0;
  }
}

/** Whether `length` bytes at two places are the same. */
function isSame(
  source: Uint8Array,
  view: DataView,
  start: number,
  other: number,
  length: number,
): boolean {
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    if (view.getInt32(start + at, true) !== view.getInt32(other + at, true)) return false;
  }
  for (; at < length; at += 1) if (source[start + at] !== source[other + at]) return false;
  return true;
}

/** Enters the labels of a series; returns how many items it holds. */
function readSeries(
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  tags: SeriesTags,
): number {
  // Only its name is none of its labels.
  beginLabels(true);
  beginPairs();
  let items = 0;
  let exemplars = 0;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === looseReferenceTag && tags.isV2) {
      at = readVarint(source, at, end);
      putReference(source, word[0]!);
      continue;
    }
    if (tag !== labelsTag) {
      at = skipField(source, at, end, tag);
      if (tag === samplesTag || tag === tags.histograms) items += 1;
      else if (tag === tags.exemplars) exemplars += 1;
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    if (tags.isV2) putReferences(source, start, at);
    else putLabel(source, view, start, at);
  }
  if (isPairOpen()) spoilLabels('its labels_refs are an odd number');
  return items === 0 && exemplars > 0 ? 1 : items;
}
