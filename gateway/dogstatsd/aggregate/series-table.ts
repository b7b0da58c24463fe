/**
 * Which series a line belongs to: name, type, tags in order and each once, and origin, as bytes.
 * Two steps: what the line says as it says it, in the dictionary that blocks use too (seeded hash),
 * and for what is new there the series, found by its canonical key, ill-formed UTF-8 repaired. The
 * first step may be forgotten at any time and is, when it is full.
 *
 * Hot path. Allocations per known line: none; a series, and some strings, when a line is new.
 * Copies: one of name, tags and origin. Owner: the aggregator; series live until they are idle.
 * Watched by `gateway/dogstatsd/dogstatsd.bench.ts`.
 */
import { isUtf8 } from 'node:buffer';
import { Budget, isBlockFull, putBytes, Text } from '../../../clickhouse/native/buffers.ts';
import { Dictionary } from '../../../clickhouse/native/dictionary.ts';
import type { HashSeed } from '../../../clickhouse/native/hash.ts';
import { canonicalTags, labelsOf, parseOrigin } from '../identity.ts';
import type { LineParser } from '../parse/line-parser.ts';
import { Series } from './series.ts';

/** Bytes of lines as they came that are remembered. */
const knownBytesMax = 32 * 1024 * 1024;
const pipe = '|';
/** Letters of types in keys; places as in `typeNames`. */
const typeLetters = 'cgshmd';

export type SeriesTableOptions = {
  readonly seriesMax: number;
  /** What their keys and labels may hold together, about. */
  readonly bytesMax: number;
  readonly seed: HashSeed;
  /** Whether `c:` and `e:` tell series apart. */
  readonly isOriginUsed: boolean;
};

export class SeriesTable {
  /** Lines whose series was new and not taken, because there was no room for it. */
  refused = 0;
  readonly #options: SeriesTableOptions;
  readonly #known: Dictionary;
  /** The series of each known line; undefined where it was refused. */
  #seriesOfKnown: (Series | undefined)[] = [];
  readonly #byKey: Map<string, Series> = new Map();
  #sorted: Series[] = [];
  #isSorted = true;
  #bytes = 0;
  /** Series that known lines still point to although they are forgotten. */
  #goneCount = 0;
  readonly #line: Text = new Text(new Budget(Number.POSITIVE_INFINITY));

  constructor(options: SeriesTableOptions) {
    this.#options = options;
    this.#known = new Dictionary(new Budget(knownBytesMax), options.seed);
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The series of the line that the parser stands at; undefined when it was refused. */
  find(parser: LineParser): Series | undefined {
    this.#copyLine(parser);
    const index = this.#indexOfLine();
    const known = this.#seriesOfKnown[index];
    if (known !== undefined && !known.isGone) return known;
    const { bytes, size } = this.#line;
    const series = this.#intern(canonicalKey(bytesString(bytes.subarray(0, size))));
    this.#seriesOfKnown[index] = series;
    return series;
  }

  /** The series of a key that {@link Series.key} once was; undefined when there is no room. */
  restore(key: string): Series | undefined {
    return this.#intern(key);
  }

  /** All series, ascending by key. */
  sorted(): readonly Series[] {
    if (!this.#isSorted) {
      // One long run in order and a short one that is not: what this sort is quick with.
      this.#sorted.sort((left, right) => (left.key < right.key ? -1 : 1));
      this.#isSorted = true;
    }
    return this.#sorted;
  }

  /** Forgets the series that saw nothing since window `since`. */
  expire(since: number): void {
    const kept: Series[] = [];
    for (const series of this.#sorted) {
      if (series.lastWindow >= since) kept.push(series);
      else {
        series.isGone = true;
        this.#goneCount += 1;
        this.#byKey.delete(series.key);
        this.#bytes -= series.bytes;
      }
    }
    this.#sorted = kept;
    if (this.#goneCount > kept.length) this.#forgetLines();
  }

  /** Type, name and what tells series apart besides, as the line has it. */
  #copyLine(parser: LineParser): void {
    const { source, view } = parser;
    const line = this.#line;
    line.size = 0;
    const nameBytes = parser.nameEnd - parser.nameFrom;
    const tagsBytes = parser.tagsEnd - parser.tagsFrom;
    const originBytes = parser.originEnd - parser.originFrom;
    const externalBytes = parser.externalEnd - parser.externalFrom;
    line.reserve(nameBytes + tagsBytes + originBytes + externalBytes + 4);
    line.bytes[line.size++] = typeLetters.charCodeAt(parser.type);
    putBytes(line, source, view, parser.nameFrom, nameBytes);
    line.bytes[line.size++] = 0x7c;
    putBytes(line, source, view, parser.tagsFrom, tagsBytes);
    if (originBytes + externalBytes === 0 || !this.#options.isOriginUsed) return;
    line.bytes[line.size++] = 0x7c;
    putBytes(line, source, view, parser.originFrom, originBytes);
    line.bytes[line.size++] = 0x7c;
    putBytes(line, source, view, parser.externalFrom, externalBytes);
  }

  #indexOfLine(): number {
    const { bytes, view, size } = this.#line;
    try {
      return this.#known.identify(bytes, view, 0, size);
    } catch (error) {
      if (!isBlockFull(error)) throw error;
      this.#forgetLines();
      return this.#known.identify(bytes, view, 0, size);
    }
  }

  #forgetLines(): void {
    this.#known.clear();
    this.#seriesOfKnown = [];
    this.#goneCount = 0;
  }

  #intern(key: string): Series | undefined {
    const found = this.#byKey.get(key);
    if (found !== undefined) return found;
    const series = seriesOf(key);
    const { seriesMax, bytesMax } = this.#options;
    if (this.#byKey.size >= seriesMax || this.#bytes + series.bytes > bytesMax) {
      this.refused += 1;
      return undefined;
    }
    this.#bytes += series.bytes;
    this.#byKey.set(key, series);
    this.#sorted.push(series);
    this.#isSorted = false;
    return series;
  }
}

/** A string of one character a byte, out of UTF-8 that may be ill-formed. */
function bytesString(bytes: Uint8Array): string {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return (isUtf8(line) ? line : Buffer.from(line.toString('utf8'))).toString('latin1');
}

/** The text behind a string of {@link bytesString}. */
function textOf(bytes: string): string {
  return /^[\0-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/**
 * `name|type|tags|container id|inode|pod uid|container name` out of what a line says, in a string
 * of bytes (Latin-1), whose order is the order of its bytes.
 */
function canonicalKey(line: string): string {
  const [name = '', tags = '', local = '', external = ''] = line.slice(1).split(pipe);
  const origin = parseOrigin(local, external);
  return [
    name,
    line[0],
    canonicalTags(tags.split(',')).join(','),
    origin.containerId,
    origin.inode,
    origin.podUid,
    origin.containerName,
  ].join(pipe);
}

/** The series of a canonical key. */
function seriesOf(key: string): Series {
  const parts = textOf(key).split(pipe);
  const [name = '', letter = '', tags = '', containerId = '', inode = ''] = parts;
  const [podUid = '', containerName = ''] = parts.slice(5);
  const labels = labelsOf(tags === '' ? [] : tags.split(','), {
    containerId,
    inode,
    podUid,
    containerName,
  });
  return new Series({ key, name, type: typeLetters.indexOf(letter), ...labels });
}
