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

/**
 * Four words a label: where the name begins, its length, the same of the value. The complement of
 * the length says that the label is none of a row's: it belongs to what the row belongs to.
 */
export const places: Int32Array = new Int32Array(4 * (labelsMax + 1));

/** How many there are. */
let count = 0;
/** What is wrong with them; empty when nothing is. */
let fault = '';
let keepsTarget = false;

export const name: Int32Array = new Int32Array(2);
export const job: Int32Array = new Int32Array(2);
export const instance: Int32Array = new Int32Array(2);

/** The labels of a scope, as OpenTelemetry writes them for Prometheus: where in {@link places}. */
export const scopeLabels: Int32Array = new Int32Array(64);
let scopeCount = 0;

const nameLabel = bytesOf('__name__');
const jobLabel = bytesOf('job');
const instanceLabel = bytesOf('instance');
export const scopePrefix: Uint8Array = bytesOf('otel_scope_');

/** Begins a series. With `keeps` only its name is none of its rows' labels. */
export function beginLabels(keeps: boolean): void {
  keepsTarget = keeps;
  count = 0;
  fault = '';
  // Word by word: `fill` is a call.
  name[1] = 0;
  job[1] = 0;
  instance[1] = 0;
  scopeCount = 0;
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
  const isOwn = isOfRow(source, nameStart, nameLength, valueStart, valueLength);
  places[place] = nameStart;
  places[place + 1] = isOwn ? nameLength : ~nameLength;
  places[place + 2] = valueStart;
  places[place + 3] = valueLength;
  count += 1;
}

/** A label that cannot be read. */
export function spoilLabels(reason: string): void {
  fault = reason;
}

/** Ends the labels of a series; what is wrong with them, empty when nothing is. */
export function settleLabels(source: Uint8Array): string {
  if (scopeCount > 0) findScope(source);
  if (fault !== '') return fault;
  return name[1] === 0 ? 'it has no metric name' : '';
}

export function labelCount(): number {
  return count;
}

export function scopeLabelCount(): number {
  return scopeCount;
}

/** Whether a label is an attribute of the rows; takes name, job and instance out. */
function isOfRow(
  source: Uint8Array,
  start: number,
  length: number,
  valueStart: number,
  valueLength: number,
): boolean {
  if (valueLength === 0) return false;
  if (length === nameLabel.length || length === jobLabel.length) {
    const target = specialAt(source, start, length);
    if (target === undefined) return true;
    target[0] = valueStart;
    target[1] = valueLength;
    return keepsTarget && target !== name;
  }
  if (source[start] !== scopePrefix[0] || keepsTarget || !isOfScope(source, start, length)) {
    return true;
  }
  if (scopeCount === scopeLabels.length) return true;
  scopeCount += 1;
  return false;
}

/** Where the labels of the scope are, now that all are in order. */
function findScope(source: Uint8Array): void {
  let found = 0;
  for (let place = 0; place < 4 * count; place += 4) {
    const length = ~places[place + 1]!;
    if (length < 0 || places[place + 3] === 0) continue;
    if (isOfScope(source, places[place]!, length)) scopeLabels[found++] = place;
  }
}

/** The series in Prometheus' own words, shortened. */
export function describeSeries(source: Uint8Array): string {
  // Where nothing is, the place is one of another request.
  const of = (start: number, length: number): string =>
    length === 0 ? '' : Buffer.from(source.buffer, source.byteOffset + start, length).toString();
  let text = of(name[0]!, name[1]!);
  const pairs: string[] = [];
  const put = (label: string, [start = 0, length = 0]: Int32Array): void => {
    if (length !== 0) pairs.push(`${label}=${JSON.stringify(of(start, length))}`);
  };
  put('job', job);
  put('instance', instance);
  for (let place = 0; place < 4 * count && pairs.length < 8; place += 4) {
    const [start = 0, length = 0] = places.subarray(place, place + 2);
    if (length < 0 || specialAt(source, start, length) !== undefined) continue;
    put(of(start, length), places.subarray(place + 2, place + 4));
  }
  text = `${text}{${pairs.join(',')}}`;
  if (text.length <= describedCharsMax) return text;
  return `${text.slice(0, describedCharsMax).toWellFormed()}…`;
}

function specialAt(source: Uint8Array, start: number, length: number): Int32Array | undefined {
  if (length === jobLabel.length) return is(source, start, jobLabel) ? job : undefined;
  if (length !== nameLabel.length) return undefined;
  if (is(source, start, nameLabel)) return name;
  return is(source, start, instanceLabel) ? instance : undefined;
}

function isOfScope(source: Uint8Array, start: number, length: number): boolean {
  const isFit = length > scopePrefix.length && length <= scopeNameMax;
  return isFit && is(source, start, scopePrefix);
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
  const said = places[place + 1]!;
  const ownLength = said < 0 ? ~said : said;
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
