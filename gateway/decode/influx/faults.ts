/**
 * What can be wrong with a line, in the words that InfluxDB has for it where it has some, and the
 * list of the first bad lines of a request, for its sender.
 *
 * Off the hot path: only bad lines come here. Allocations: a text for each of the first
 * {@link toldMax} of a request. Copies: none. Owner: the request. What good lines cost is in
 * `influx.bench.ts`.
 */

/** By number; 0 is none. */
const texts = [
  '',
  'missing measurement',
  'missing tag key',
  'missing tag value',
  'invalid tag format: = in a value needs a backslash',
  'duplicate tags',
  'a tag may not be named time, _field or _measurement',
  'missing fields',
  'missing field key',
  'invalid field format: expected KEY=VALUE',
  'missing field value',
  'invalid number',
  'number out of range',
  'invalid value: neither a number, a boolean nor a quoted string',
  'invalid boolean',
  'unbalanced quotes',
  'invalid field format: expected a comma, a space or the end of the line behind a string',
  'a field may not be named time',
  'bad timestamp',
  'time outside range -9223372036854775806 - 9223372036854775806',
  'measurement and tags are longer than 65535 bytes',
  'more than 65536 fields',
  'the time lies outside the range that is stored',
  'its strings are older than log records are kept',
] as const;

export const fault = {
  none: 0,
  measurement: 1,
  tagKey: 2,
  tagValue: 3,
  tagFormat: 4,
  duplicateTag: 5,
  reservedTag: 6,
  fields: 7,
  fieldKey: 8,
  fieldFormat: 9,
  fieldValue: 10,
  number: 11,
  numberRange: 12,
  value: 13,
  boolean: 14,
  quotes: 15,
  afterString: 16,
  reservedField: 17,
  timestamp: 18,
  timeRange: 19,
  keyLength: 20,
  fieldCount: 21,
  storedRange: 22,
  stringsRange: 23,
} as const;

/** How many bad lines a sender is told of; of the others, how many they are. */
const toldMax = 8;
/** Of a bad line, in what its sender is told; nobody else sees it. */
const quotedBytesMax = 80;
const lineFeed = 0x0a;

/** The bad lines of one request. */
export class BadLines {
  /** Physical lines that no row came from; a quoted string may have several. */
  count = 0;
  /** Whether one of them is not a line at all, rather than one whose time is not stored. */
  isUnreadable = false;
  /** Byte offset of the first fault. */
  firstOffset = 0;
  readonly #source: Uint8Array;
  readonly #told: string[] = [];
  #untold = 0;
  /** Lines before {@link #countedTo}. */
  #lines = 0;
  #countedTo = 0;

  constructor(source: Uint8Array) {
    this.#source = source;
  }

  /** Notes what is wrong at `faultAt` with the line at `from`, which ends before `next`. */
  add(kind: number, from: number, faultAt: number, next: number): void {
    const first = this.#lineOf(from);
    const last = next === from ? first : this.#lineOf(Math.max(from, next - 1));
    if (this.count === 0) this.firstOffset = faultAt;
    this.count += last - first + 1;
    const isOutOfTime = kind === fault.storedRange || kind === fault.stringsRange;
    if (!isOutOfTime) this.isUnreadable = true;
    if (this.#told.length === toldMax) {
      this.#untold += 1;
      return;
    }
    const lines = first === last ? `line ${first}` : `lines ${first} to ${last}`;
    // The words by which Telegraf and others know that the same line will never do.
    const what = isOutOfTime ? '' : `unable to parse '${this.#textOf(from, next)}': `;
    this.#told.push(`${lines}: ${what}${texts[kind]}`);
  }

  /** A bad line each, as InfluxDB has it: `line 3: unable to parse 'cpu': missing fields`. */
  get message(): string {
    const more = this.#untold === 0 ? [] : [`and ${this.#untold} more`];
    return [...this.#told, ...more].join('\n');
  }

  /** The beginning of a line. */
  #textOf(from: number, next: number): string {
    const end = Math.min(next, from + quotedBytesMax);
    const text = Buffer.from(this.#source.subarray(from, end)).toString();
    const [line = ''] = text.split(/[\r\n]/, 1);
    return end < next && line === text ? `${line}…` : line;
  }

  /** Counted from 1. Only ever called with later places than before. */
  #lineOf(place: number): number {
    const source = this.#source;
    for (let at = source.indexOf(lineFeed, this.#countedTo); at >= 0 && at < place; ) {
      this.#lines += 1;
      this.#countedTo = at + 1;
      at = source.indexOf(lineFeed, this.#countedTo);
    }
    return this.#lines + 1;
  }
}

/** One of the bad lines that a message of {@link BadLines} tells of. */
export type ToldLine = {
  /** Counted from 1. */
  readonly line: number;
  /** How it begins; empty when its time is what is wrong. */
  readonly original: string;
  readonly reason: string;
};

/** What such a message tells; nothing of another message. */
export function toldLines(message: string): readonly ToldLine[] {
  return message.split('\n').flatMap((part) => {
    const match = /^lines? (\d+)(?: to \d+)?: (?:unable to parse '(.*)': )?(.+)$/.exec(part);
    if (match === null) return [];
    return [{ line: Number(match[1]), original: match[2] ?? '', reason: match[3] ?? '' }];
  });
}

/** Whether it is a line like others, whose time is not stored. */
export function isOutOfTime({ reason }: ToldLine): boolean {
  return reason === texts[fault.storedRange] || reason === texts[fault.stringsRange];
}
