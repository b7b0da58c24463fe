/**
 * The labels of the series under way, as places in the body: sorted by name on receipt, because
 * senders may not have done it (PRW1-7), and told apart into what a row has of its own and what
 * belongs to its resource, its scope and its metric.
 *
 * Hot path. Allocations per item: none; text only for a fault. Copies: none. Owner: the series
 * under way. Watched by `remote-write.bench.ts`.
 */

/** More are refused: their order would cost more than they are worth. */
const labelsMax = 1024;
const describedCharsMax = 200;
/** So that its length is one byte where it is a key. */
const scopeNameMax = 127;

/** Four words a label: where the name begins, its length, the same of the value. */
const places = new Int32Array(4 * (labelsMax + 1));

/** How many there are. */
let count = 0;
/** What is wrong with them; empty when nothing is. */
let fault = '';

export const name = new Int32Array(2);
export const job = new Int32Array(2);
export const instance = new Int32Array(2);

/** The labels of a scope, as OpenTelemetry writes them for Prometheus; places as above. */
const scopePlaces = new Int32Array(4 * 64);
let scopeCount = 0;

const nameLabel = bytesOf('__name__');
const jobLabel = bytesOf('job');
const instanceLabel = bytesOf('instance');
export const scopePrefix: Uint8Array = bytesOf('otel_scope_');

/** Begins a series. */
export function beginLabels(): void {
  count = 0;
  fault = '';
}

/** One more label, in the order of the body. A label without a value is none. */
export function addLabel(
  source: Uint8Array,
  nameStart: number,
  nameLength: number,
  valueStart: number,
  valueLength: number,
): void {
  if (nameLength === 0) {
    fault = 'a label has no name';
    return;
  }
  if (count === labelsMax) {
    fault = `there are more than ${labelsMax} labels`;
    return;
  }
  let place = 4 * count;
  if (count > 0) {
    const order = compare(source, place - 4, nameStart, nameLength);
    if (order > 0) place = open(source, nameStart, nameLength);
    else if (order === 0) fault = 'a label comes twice';
  }
  places[place] = nameStart;
  places[place + 1] = nameLength;
  places[place + 2] = valueStart;
  places[place + 3] = valueLength;
  count += 1;
}

/** A label that cannot be read. */
export function spoilLabels(reason: string): void {
  fault = reason;
}

/**
 * Takes out name, job, instance and scope, and leaves the attributes of the rows. Returns what is
 * wrong with the labels, empty when nothing is. With `keepsTarget` only the name is taken out.
 */
export function settleLabels(source: Uint8Array, keepsTarget: boolean): string {
  name.fill(0);
  job.fill(0);
  instance.fill(0);
  scopeCount = 0;
  let kept = 0;
  for (let place = 0; place < 4 * count; place += 4) {
    const length = places[place + 3]!;
    if (length === 0) continue;
    const target = specialAt(source, place);
    if (target !== undefined) {
      target[0] = places[place + 2]!;
      target[1] = length;
      if (target === name || !keepsTarget) continue;
    } else if (!keepsTarget && isOfScope(source, place)) {
      scopePlaces.set(places.subarray(place, place + 4), 4 * scopeCount);
      scopeCount += 1;
      continue;
    }
    if (kept < place) places.copyWithin(kept, place, place + 4);
    kept += 4;
  }
  count = kept / 4;
  if (fault !== '') return fault;
  return name[1] === 0 ? 'it has no metric name' : '';
}

export function labelCount(): number {
  return count;
}

export function labelWord(label: number, part: number): number {
  return places[4 * label + part]!;
}

export function scopeLabelCount(): number {
  return scopeCount;
}

export function scopeWord(label: number, part: number): number {
  return scopePlaces[4 * label + part]!;
}

/** The series in Prometheus' own words, shortened. */
export function describeSeries(source: Uint8Array): string {
  const of = (start: number, length: number): string =>
    Buffer.from(source.buffer, source.byteOffset + start, length).toString();
  let text = of(name[0]!, name[1]!);
  const pairs: string[] = [];
  const put = (label: string, [start = 0, length = 0]: Int32Array): void => {
    if (length !== 0) pairs.push(`${label}=${JSON.stringify(of(start, length))}`);
  };
  put('job', job);
  put('instance', instance);
  for (let place = 0; place < 4 * count && pairs.length < 8; place += 4) {
    const special = specialAt(source, place);
    if (special !== undefined) continue;
    put(of(places[place]!, places[place + 1]!), places.subarray(place + 2, place + 4));
  }
  text = `${text}{${pairs.join(',')}}`;
  if (text.length <= describedCharsMax) return text;
  return `${text.slice(0, describedCharsMax).toWellFormed()}…`;
}

function specialAt(source: Uint8Array, place: number): Int32Array | undefined {
  const start = places[place]!;
  const length = places[place + 1]!;
  if (length === jobLabel.length) return is(source, start, jobLabel) ? job : undefined;
  if (length !== nameLabel.length) return undefined;
  if (is(source, start, nameLabel)) return name;
  return is(source, start, instanceLabel) ? instance : undefined;
}

function isOfScope(source: Uint8Array, place: number): boolean {
  const length = places[place + 1]!;
  if (
    length <= scopePrefix.length ||
    length > scopeNameMax ||
    source[places[place]!] !== scopePrefix[0]
  )
    return false;
  return is(source, places[place]!, scopePrefix) && 4 * scopeCount < scopePlaces.length;
}

/** Makes room for a name in the order; returns its place. */
function open(source: Uint8Array, nameStart: number, nameLength: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compare(source, 4 * middle, nameStart, nameLength);
    if (order === 0) fault = 'a label comes twice';
    if (order <= 0) low = middle + 1;
    else high = middle;
  }
  places.copyWithin(4 * low + 4, 4 * low, 4 * count);
  return 4 * low;
}

/** The name at `place` against another one: below 0 when it comes first. */
function compare(source: Uint8Array, place: number, start: number, length: number): number {
  const ownStart = places[place]!;
  const ownLength = places[place + 1]!;
  const shared = Math.min(ownLength, length);
  for (let index = 0; index < shared; index += 1) {
    const difference = source[ownStart + index]! - source[start + index]!;
    if (difference !== 0) return difference;
  }
  return ownLength - length;
}

/** Whether the name that begins at `start` is `text`, of the same length. */
function is(source: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (source[start + index] !== text[index]) return false;
  }
  return true;
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}
