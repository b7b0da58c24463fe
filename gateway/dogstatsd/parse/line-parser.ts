/**
 * Datagrams into lines: metrics of DogStatsD 1.0 to 1.6 and of plain StatsD in place, events and
 * service checks by their own files (DSD-1, DSD-3 to DSD-8, DSD-11). What a metric line said
 * stands in the parser's fields until the next line; texts are ranges of the datagram.
 *
 * Hot path. Allocations per metric line: none; one array more when a line packs more values than
 * any before. Copies: none. Owner: the caller owns the datagram, the parser its fields. Watched by
 * `gateway/dogstatsd/dogstatsd.bench.ts`.
 */
import { fault, ignored, ParseCounts } from './counts.ts';
import { type EventLine, parseEvent } from './event-line.ts';
import { metricType } from './metric-types.ts';
import { noFault, number, readNumber } from './number.ts';
import { parseServiceCheck, type ServiceCheckLine } from './service-check-line.ts';
import { readSeconds, startsWith } from './text.ts';

/** What {@link LineParser.next} found. */
export const lineKind = { end: 0, metric: 1, event: 2, serviceCheck: 3 } as const;

export type LineParserOptions = {
  /** Plain StatsD: a sign in front of a gauge makes it a change (DSD-11). */
  readonly isPlain: boolean;
};

/** Rates below are refused: so little is never meant, and weights would outgrow exact sums. */
const rateMin: number = 2 ** -32;

const valuesMin = 64;

const newline = 0x0a;
const carriageReturn = 0x0d;
const hash = 0x23;
const colon = 0x3a;
const at = 0x40;
const pipe = 0x7c;
const underscore = 0x5f;

export class LineParser {
  readonly counts: ParseCounts = new ParseCounts();
  source: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));

  /** Of the metric under way: a place in `typeNames`. */
  type = 0;
  nameFrom = 0;
  nameEnd = 0;
  /** The value as text: what a set counts (DSD-4: colons included). */
  valueFrom = 0;
  valueEnd = 0;
  /** How many of {@link values} there are; none for a set. */
  valueCount = 0;
  values: Float64Array = new Float64Array(valuesMin);
  /** Whether value `index` changes a gauge instead of setting it; only in plain StatsD. */
  changes: Uint8Array = new Uint8Array(valuesMin);
  /** Where counts, histograms and distributions were sampled, else 1. */
  rate = 1;
  /** Unix seconds; 0 when the line has none or its type has no use for it (DSD-6). */
  timestampSeconds = 0;
  /** Ranges of `#`, `c:` and `e:`, without these marks; empty when there is none. */
  tagsFrom = 0;
  tagsEnd = 0;
  originFrom = 0;
  originEnd = 0;
  externalFrom = 0;
  externalEnd = 0;
  /** Of the event or service check under way. */
  event: EventLine | undefined;
  serviceCheck: ServiceCheckLine | undefined;

  readonly #isPlain: boolean;
  #at = 0;
  #end = 0;

  constructor(options: LineParserOptions) {
    this.#isPlain = options.isPlain;
  }

  /** Begins `source[from, end)`, one datagram or one packet of a stream; `view` is of the same. */
  open(source: Uint8Array, view: DataView, from: number, end: number): void {
    this.source = source;
    this.view = view;
    this.#at = from;
    this.#end = end;
  }

  /** The next line that could be read, or `end`. Faulty ones before it are counted. */
  next(): number {
    const source = this.source;
    while (this.#at < this.#end) {
      const from = this.#at;
      const first = source[from]!;
      if (first === newline) {
        this.#at = from + 1;
        continue;
      }
      if (first === carriageReturn && this.#endOfLine(from) === from) continue;
      this.counts.lines += 1;
      const kind = first === underscore ? this.#special(from) : this.#metric(from);
      if (kind !== lineKind.end) return kind;
    }
    return lineKind.end;
  }

  /** `name:value|type` and what follows; `end` when the line was faulty. */
  #metric(from: number): number {
    const source = this.source;
    const end = this.#end;
    let place = from;
    let byte = 0;
    for (; place < end; place += 1) {
      byte = source[place]!;
      if (byte === colon || byte === pipe || byte === newline) break;
    }
    if (place === end || byte !== colon) return this.#refuse(fault.form, place);
    if (place === from) return this.#refuse(fault.name, place);
    this.nameFrom = from;
    this.nameEnd = place;
    place += 1;
    this.valueFrom = place;
    let isPacked = false;
    for (; place < end; place += 1) {
      byte = source[place]!;
      if (byte === pipe || byte === newline) break;
      if (byte === colon) isPacked = true;
    }
    if (place === end || byte === newline) return this.#refuse(fault.form, place);
    if (place === this.valueFrom) return this.#refuse(fault.value, place);
    this.valueEnd = place;
    const typeEnd = this.#fieldEnd(place + 1);
    const type = typeOf(source, place + 1, this.#trimmed(typeEnd));
    if (type < 0) return this.#refuse(fault.type, typeEnd);
    this.type = type;
    this.valueCount = 0;
    if (type !== metricType.set) {
      const wrong = isPacked ? this.#packed() : this.#value(this.valueFrom, place);
      if (wrong !== noFault) return this.#refuse(wrong, typeEnd);
    }
    return this.#fields(typeEnd);
  }

  /** The optional fields, in any order; of a repeated one the last counts (DSD-7). */
  #fields(from: number): number {
    const source = this.source;
    this.rate = 1;
    this.timestampSeconds = 0;
    this.tagsFrom = this.tagsEnd = 0;
    this.originFrom = this.originEnd = 0;
    this.externalFrom = this.externalEnd = 0;
    let place = from;
    while (place < this.#end && source[place] === pipe) {
      const start = place + 1;
      place = this.#fieldEnd(start);
      const end = this.#trimmed(place);
      const first = start < end ? source[start]! : 0;
      if (first === hash) {
        this.tagsFrom = start + 1;
        this.tagsEnd = end;
      } else if (first === at) {
        if (!this.#readRate(start + 1, end)) return this.#refuse(fault.rate, place);
      } else if (!this.#rareField(first, start, end)) {
        return this.#refuse(fault.timestamp, place);
      }
    }
    this.#at = place + 1;
    if (this.type === metricType.gauge || this.type === metricType.set) this.rate = 1;
    if (this.timestampSeconds !== 0 && this.type > metricType.gauge) {
      this.timestampSeconds = 0;
      this.counts.ignored[ignored.timestampOfType]! += 1;
    }
    this.counts.metrics += 1;
    return lineKind.metric;
  }

  /** Timestamp, origin, external data, cardinality, and what is unknown. False: a bad timestamp. */
  #rareField(first: number, start: number, end: number): boolean {
    const source = this.source;
    const second = start + 1 < end ? source[start + 1]! : 0;
    // T, c, e
    if (first === 0x54) {
      this.timestampSeconds = readSeconds(source, start + 1, end);
      return this.timestampSeconds > 0;
    }
    if (first === 0x63 && second === colon) {
      this.originFrom = start + 2;
      this.originEnd = end;
    } else if (first === 0x65 && second === colon) {
      this.externalFrom = start + 2;
      this.externalEnd = end;
    } else if (!isCardinality(source, start, end)) {
      this.counts.ignored[ignored.unknownField]! += 1;
    }
    return true;
  }

  #readRate(from: number, end: number): boolean {
    if (readNumber(this.source, from, end) !== noFault) return false;
    this.rate = number[0]!;
    return this.rate >= rateMin && this.rate <= 1;
  }

  /** One value into {@link values}; a fault's place, or {@link noFault}. */
  #value(from: number, end: number): number {
    const wrong = readNumber(this.source, from, end);
    if (wrong !== noFault) return wrong;
    const index = this.valueCount;
    if (index === this.values.length) this.#grow();
    this.values[index] = number[0]!;
    if (this.#isPlain && this.type === metricType.gauge) {
      const first = this.source[from];
      this.changes[index] = first === 0x2b || first === 0x2d ? 1 : 0;
    }
    this.valueCount = index + 1;
    return noFault;
  }

  /** Values with colons between them; empty ones are passed over, one there must be (DSD-4). */
  #packed(): number {
    let start = this.valueFrom;
    for (let place = start; place <= this.valueEnd; place += 1) {
      if (place < this.valueEnd && this.source[place] !== colon) continue;
      const wrong = place === start ? noFault : this.#value(start, place);
      if (wrong !== noFault) return wrong;
      start = place + 1;
    }
    return this.valueCount === 0 ? fault.value : noFault;
  }

  #grow(): void {
    const values = new Float64Array(this.values.length * 2);
    values.set(this.values);
    this.values = values;
    const changes = new Uint8Array(values.length);
    changes.set(this.changes);
    this.changes = changes;
  }

  /** What begins with an underscore may be an event or a service check (DSD-9, DSD-10). */
  #special(from: number): number {
    const source = this.source;
    const isEvent = startsWith(source, from, this.#end, '_e{');
    if (!isEvent && !startsWith(source, from, this.#end, '_sc|')) return this.#metric(from);
    const end = this.#endOfLine(from);
    if (isEvent) {
      this.event = parseEvent(source, from, end, this.counts);
      if (this.event === undefined) return this.#count(fault.event);
      this.counts.events += 1;
      return lineKind.event;
    }
    this.serviceCheck = parseServiceCheck(source, from, end, this.counts);
    if (this.serviceCheck === undefined) return this.#count(fault.serviceCheck);
    this.counts.serviceChecks += 1;
    return lineKind.serviceCheck;
  }

  /** End of the line that begins at `from`, without its line end; the next line begins behind. */
  #endOfLine(from: number): number {
    let place = from;
    while (place < this.#end && this.source[place] !== newline) place += 1;
    this.#at = place + 1;
    return this.#trimmed(place);
  }

  /** End of the field that begins at `from`: a pipe, a newline or the end. */
  #fieldEnd(from: number): number {
    const source = this.source;
    const end = this.#end;
    let place = from;
    for (; place < end; place += 1) {
      const byte = source[place]!;
      if (byte === pipe || byte === newline) break;
    }
    return place;
  }

  /** `end`, or one less where a carriage return stands before the end of the line. */
  #trimmed(end: number): number {
    const isLast = end >= this.#end || this.source[end] === newline;
    return isLast && this.source[end - 1] === carriageReturn ? end - 1 : end;
  }

  /** Counts a fault and goes behind the line, which is known not to end before `place`. */
  #refuse(place: number, from: number): number {
    this.#endOfLine(from);
    return this.#count(place);
  }

  #count(place: number): number {
    this.counts.faults[place]! += 1;
    return lineKind.end;
  }
}

/** Type's place in `typeNames`, -1 when there is none of that name. */
function typeOf(source: Uint8Array, from: number, end: number): number {
  if (end - from === 1) {
    switch (source[from]) {
      case 0x63:
        return metricType.count;
      case 0x67:
        return metricType.gauge;
      case 0x68:
        return metricType.histogram;
      case 0x64:
        return metricType.distribution;
      case 0x73:
        return metricType.set;
      default:
        return -1;
    }
  }
  const isTimer = end - from === 2 && source[from] === 0x6d && source[from + 1] === 0x73;
  return isTimer ? metricType.timer : -1;
}

/** `card:` says which tags an agent should add; nobody adds any here (DSD-5). */
function isCardinality(source: Uint8Array, from: number, end: number): boolean {
  const isWord = source[from] === 0x63 && source[from + 1] === 0x61 && source[from + 2] === 0x72;
  return end - from >= 5 && isWord && source[from + 3] === 0x64 && source[from + 4] === colon;
}
