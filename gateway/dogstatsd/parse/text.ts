/** Texts of lines: pieces of datagrams as strings, lists of tags, times. Not in the hot path. */

/** Times that fit into nanoseconds of 63 bits. */
const secondsMax = 9_223_372_036;
const secondsDigitsMax = 20;

/** UTF-8 as a string; what is ill-formed becomes U+FFFD, as everywhere in this gateway. */
export function textOf(source: Uint8Array, from: number, end: number): string {
  return Buffer.from(source.buffer, source.byteOffset + from, end - from).toString('utf8');
}

/** Unix seconds, at least 1 (DSD-6), digits with or without a plus; 0 when they are not. */
export function readSeconds(source: Uint8Array, from: number, end: number): number {
  const start = source[from] === 0x2b ? from + 1 : from;
  if (start >= end || end - start > secondsDigitsMax) return 0;
  let seconds = 0;
  for (let at = start; at < end; at += 1) {
    const digit = source[at]! - 0x30;
    if (digit < 0 || digit > 9) return 0;
    seconds = seconds * 10 + digit;
  }
  return seconds <= secondsMax ? seconds : 0;
}

/** Whether `word` stands at `from`. */
export function startsWith(source: Uint8Array, from: number, end: number, word: string): boolean {
  if (end - from < word.length) return false;
  for (let index = 0; index < word.length; index += 1) {
    if (source[from + index] !== word.charCodeAt(index)) return false;
  }
  return true;
}

/** Tags as they stand between commas, without the empty ones. */
export function splitTags(text: string): readonly string[] {
  return text.split(',').filter((tag) => tag !== '');
}

/** Where the field that begins at `from` ends: at a pipe or at `end`. */
export function pipeAt(source: Uint8Array, from: number, end: number): number {
  const found = source.indexOf(0x7c, from);
  return found < 0 || found > end ? end : found;
}

/** Texts of events and checks have their newlines as a backslash and an n (DSD-9). */
export function withNewlines(text: string): string {
  return text.replaceAll('\\n', '\n');
}
