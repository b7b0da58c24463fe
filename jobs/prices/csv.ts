/**
 * CSV as RFC 4180 has it, read strictly and in pieces: fields in quotes may hold commas, quotes
 * written twice and ends of lines. Lines end with LF or CRLF; what is neither a plain field nor one
 * in quotes is refused, so that no column slips by one unseen.
 */

export type CsvRecord = {
  /** 1-based, where the record begins. */
  readonly line: number;
  readonly fields: readonly string[];
};

/** Where and why a text is no CSV. */
export class CsvFault extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** A record that is longer than this is an open quote, and would be the rest of the file. */
const recordCharsMax = 1024 * 1024;

/** Records of a text that comes in pieces; empty lines are none. Throws {@link CsvFault}. */
export async function* readCsv(pieces: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  let rest = '';
  let line = 1;
  let isFirst = true;
  for await (const piece of pieces) {
    rest += isFirst ? piece.replace(/^\u{feff}/u, '') : piece;
    isFirst = false;
    let begin = 0;
    for (;;) {
      const end = endOfRecord(rest, begin);
      if (end === undefined) break;
      const text = rest.slice(begin, end);
      yield* recordOf(text, line);
      line += countLines(text) + 1;
      begin = end + 1;
    }
    rest = rest.slice(begin);
    if (rest.length > recordCharsMax) {
      throw new CsvFault(line, `a record of more than ${recordCharsMax} characters: an open quote`);
    }
  }
  if (rest !== '') yield* recordOf(rest, line);
}

/** Index of the line feed that ends a record: the first one outside of quotes. */
function endOfRecord(text: string, begin: number): number | undefined {
  let from = begin;
  let quotes = 0;
  for (;;) {
    const end = text.indexOf('\n', from);
    if (end < 0) return undefined;
    quotes += countQuotes(text, from, end);
    if (quotes % 2 === 0) return end;
    from = end + 1;
  }
}

function countQuotes(text: string, begin: number, end: number): number {
  let count = 0;
  for (let at = text.indexOf('"', begin); at >= 0 && at < end; at = text.indexOf('"', at + 1)) {
    count += 1;
  }
  return count;
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}

function* recordOf(text: string, line: number): Generator<CsvRecord> {
  const record = text.endsWith('\r') ? text.slice(0, -1) : text;
  if (record === '') return;
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|$)/y;
  for (let at = 0; at <= record.length; ) {
    field.lastIndex = at;
    const match = field.exec(record);
    if (match === null) {
      throw new CsvFault(line, `field ${fields.length + 1}: a quote or line end out of place`);
    }
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') break;
    at = field.lastIndex;
  }
  yield { line, fields };
}
