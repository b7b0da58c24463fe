/**
 * CSV read strictly and in pieces (`csv-parse`): a quote out of place is refused, so that no column
 * slips by one unseen. Lines end with LF or CRLF; empty ones are left out.
 */
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';

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
const recordBytesMax = 1024 * 1024;

type Told = { readonly record: readonly string[]; readonly info: { readonly lines: number } };

/** Records of a text that comes in pieces. Throws {@link CsvFault}. */
export async function* readCsv(pieces: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  // Where the last record ended, also of those that a fault behind them keeps back.
  let lastLine = 0;
  const parser = parse({
    bom: true,
    info: true,
    max_record_size: recordBytesMax,
    record_delimiter: ['\r\n', '\n'],
    on_record: (record, { lines }) => {
      lastLine = lines;
      return record;
    },
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const source = Readable.from(pieces);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<Told>) {
      // What it counts are line ends up to the record's own.
      yield { line: info.lines - endsIn(record), fields: record };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Of a quote that stays open it knows the end of the text, and we where the record began.
    const isOpen = ['CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE'].includes(error.code);
    const line = isOpen ? lastLine + 1 : Number(error['lines'] ?? lastLine + 1);
    throw new CsvFault(line, sentenceOf(error.message));
  } finally {
    source.destroy();
    parser.destroy();
  }
}

function endsIn(record: readonly string[]): number {
  return record.reduce((sum, field) => sum + field.split('\n').length - 1, 0);
}

/** Its own name for the fault comes first: `Invalid Closing Quote: …`. */
function sentenceOf(message: string): string {
  return message.replace(/\s+at line \d+.*$/s, '').slice(0, 200);
}
