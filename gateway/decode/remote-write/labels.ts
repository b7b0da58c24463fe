/**
 * The labels of the series under way, as places in the body: sorted by name on receipt, because
 * senders may not have done it (PRW1-7), and told apart into what a row has of its own and what
 * belongs to its resource, its scope and its metric. Series of one target and family follow one
 * another and share most labels, so what comes again at the same place is not looked at again.
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
/**
 * What a label was read from, two words: where its message lies and how long it is (1.0), or its
 * two references (2.0). What lies behind {@link count} is of the series before.
 */
const origins = new Int32Array(2 * (labelsMax + 1));
/** What a label is by its name, and whether a row has it. */
const roles = new Uint8Array(labelsMax + 1);
const roleOfRow = 0;
const roleName = 1;
const roleJob = 2;
const roleInstance = 3;
const roleOther = 4;
/** How many labels of the series before lie where they came; 0 when it had to sort or to fail. */
let known = 0;
/** Whether all labels of this series lie where they came and nothing is wrong with them. */
let isOrderly = true;
/** Whether the label before has the name that the one at its place had in the series before. */
let isSameBefore = true;
/** The role of the label under way. */
let role = roleOfRow;
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

/** Begins a request: places in the body of another one say nothing. */
export function forgetLabels(): void {
  count = 0;
  isOrderly = true;
}

/** Begins a series. With `keeps` only its name is none of its rows' labels. */
export function beginLabels(keeps: boolean): void {
  keepsTarget = keeps;
  known = isOrderly ? count : 0;
  isOrderly = true;
  isSameBefore = true;
  count = 0;
  fault = '';
  // Word by word: `fill` is a call.
  name[1] = 0;
  job[1] = 0;
  instance[1] = 0;
  scopeCount = 0;
}

/** Whether the next label is the one of the series before, of 1.0; it is taken then. */
export function takesMessageAgain(
  source: Uint8Array,
  view: DataView,
  start: number,
  length: number,
): boolean {
  const at = 2 * count;
  if (count >= known || origins[at + 1] !== length) return false;
  return isSame(view, origins[at]!, start, length) && takesAgain(source);
}

/** The same of 2.0, whose references say it. */
export function takesPairAgain(source: Uint8Array, key: number, value: number): boolean {
  const at = 2 * count;
  return count < known && origins[at] === key && origins[at + 1] === value && takesAgain(source);
}

/** Whether the next label, of 2.0, has at least the name of the one of the series before. */
export function isKeyAgain(key: number): boolean {
  return count < known && origins[2 * count] === key;
}

/** The same of 1.0, whose message begins with `head` bytes of the name's field. */
export function isNameAgain(view: DataView, start: number, head: number): boolean {
  return count < known && isSame(view, origins[2 * count]!, start, head);
}

/** Takes the label of the series before with another value, unless it must be looked at anew. */
export function takesValue(
  source: Uint8Array,
  originFirst: number,
  originSecond: number,
  valueStart: number,
  valueLength: number,
): boolean {
  if (valueLength === 0) return false;
  const at = 2 * count;
  const place = 4 * count;
  const before = places[place + 2]!;
  const lengthBefore = places[place + 3]!;
  places[place + 2] = valueStart;
  places[place + 3] = valueLength;
  if (takesAgain(source)) {
    origins[at] = originFirst;
    origins[at + 1] = originSecond;
    return true;
  }
  places[place + 2] = before;
  places[place + 3] = lengthBefore;
  return false;
}

function takesAgain(source: Uint8Array): boolean {
  const again = roles[count]!;
  if (again === roleOther) return false;
  const place = 4 * count;
  if (!isSameBefore) {
    const said = places[place + 1]!;
    const length = said < 0 ? ~said : said;
    if (compare(source, place - 4, places[place]!, length) >= 0) return false;
    isSameBefore = true;
  }
  if (again !== roleOfRow) {
    const target = again === roleName ? name : again === roleJob ? job : instance;
    target[0] = places[place + 2]!;
    target[1] = places[place + 3]!;
  }
  count += 1;
  return true;
}

/** How long name and value of the label that came last are together. */
export function lastLabelBytes(): number {
  const place = 4 * count - 4;
  const said = places[place + 1]!;
  return (said < 0 ? ~said : said) + places[place + 3]!;
}

/** One more label, in the order of the body. A label without a value is none. */
export function addLabel(
  source: Uint8Array,
  originFirst: number,
  originSecond: number,
  nameStart: number,
  nameLength: number,
  valueStart: number,
  valueLength: number,
): void {
  if (nameLength === 0) {
    spoilLabels('a label has no name');
    return;
  }
  if (count === labelsMax) {
    spoilLabels(`there are more than ${labelsMax} labels`);
    return;
  }
  let place = 4 * count;
  if (count > 0) {
    const order = compare(source, place - 4, nameStart, nameLength);
    if (order > 0) {
      place = open(source, nameStart, nameLength);
      isOrderly = false;
      known = 0;
    } else if (order === 0) spoilLabels('a label comes twice');
  }
  const isOwn = isOfRow(source, nameStart, nameLength, valueStart, valueLength);
  origins[2 * count] = originFirst;
  origins[2 * count + 1] = originSecond;
  roles[count] = role;
  isSameBefore = false;
  places[place] = nameStart;
  places[place + 1] = isOwn ? nameLength : ~nameLength;
  places[place + 2] = valueStart;
  places[place + 3] = valueLength;
  count += 1;
}

/** Says what is wrong with the labels; the next series looks at its own as if it were the first. */
export function spoilLabels(reason: string): void {
  fault = reason;
  isOrderly = false;
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
  role = roleOther;
  if (valueLength === 0) return false;
  role = roleOfRow;
  if (length === nameLabel.length || length === jobLabel.length) {
    const target = specialAt(source, start, length);
    if (target === undefined) return true;
    target[0] = valueStart;
    target[1] = valueLength;
    role = target === name ? roleName : target === job ? roleJob : roleInstance;
    return keepsTarget && target !== name;
  }
  if (source[start] !== scopePrefix[0] || keepsTarget || !isOfScope(source, start, length)) {
    return true;
  }
  if (scopeCount === scopeLabels.length) return true;
  scopeCount += 1;
  role = roleOther;
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
    if (order === 0) spoilLabels('a label comes twice');
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

/** Whether `length` bytes at two places are the same. */
function isSame(view: DataView, left: number, right: number, length: number): boolean {
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    if (view.getInt32(left + at, true) !== view.getInt32(right + at, true)) return false;
  }
  for (; at < length; at += 1) {
    if (view.getUint8(left + at) !== view.getUint8(right + at)) return false;
  }
  return true;
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
