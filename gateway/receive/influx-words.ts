/**
 * Answers in the words of each InfluxDB: its clients decide by them whether to send the same lines
 * again. All three have stored the good lines when they call a write partial.
 */
import { isOutOfTime, type ToldLine } from '../decode/influx/faults.ts';
import type { Reply } from './http-protocol.ts';

export type InfluxVersion = 'v1' | 'v2' | 'v3';

type Words = {
  /** Good lines are stored, `rejected` others never can be. */
  readonly partial: (rejected: number, message: string, lines: readonly ToldLine[]) => Reply;
  readonly refused: (httpStatus: number, message: string, lines: readonly ToldLine[]) => Reply;
};

/** What InfluxDB 2 calls a status. */
const codes: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  413: 'request too large',
  415: 'unsupported media type',
  422: 'unprocessable entity',
  429: 'too many requests',
  503: 'unavailable',
};

export const influxWords: Readonly<Record<InfluxVersion, Words>> = {
  v1: {
    partial: (rejected, message) => replyInV1(400, `partial write: ${message} dropped=${rejected}`),
    // Its clients were written before 429: what is none of 5xx they give up for good.
    refused: (httpStatus, message) => replyInV1(httpStatus === 429 ? 503 : httpStatus, message),
  },
  v2: {
    partial: (rejected, message, lines) => {
      const isMeaning = lines.length > 0 && lines.every(isOutOfTime);
      const text = `partial write: ${message} dropped=${rejected}`;
      return replyInV2(isMeaning ? 422 : 400, text, lines);
    },
    refused: replyInV2,
  },
  v3: {
    partial: (rejected, message, lines) => {
      const error = 'partial write of line protocol occurred';
      const rest = lines.length > 0 ? {} : { message: `${message} dropped=${rejected}` };
      return json(400, { error, ...rest, data: lines.map(dataOf) });
    },
    refused: (httpStatus, message, [first]) => {
      if (first === undefined) return json(httpStatus, { error: message });
      const error = 'parsing failed for write_lp endpoint';
      return json(httpStatus, { error, data: dataOf(first) });
    },
  },
};

/** As InfluxDB 1 says it in the body and again in a header, where its clients look. */
export function replyInV1(httpStatus: number, error: string): Reply {
  const { headers, body } = json(httpStatus, { error });
  return { httpStatus, headers: { ...headers, 'x-influxdb-error': headerText(error) }, body };
}

function replyInV2(httpStatus: number, message: string, lines: readonly ToldLine[]): Reply {
  const [first] = lines;
  const line = first === undefined ? {} : { line: first.line };
  return json(httpStatus, { code: codes[httpStatus] ?? 'internal error', message, ...line });
}

function dataOf({ line, original, reason }: ToldLine): object {
  return { original_line: original, line_number: line, error_message: reason };
}

export function json(httpStatus: number, content: object): Reply {
  const body = Buffer.from(JSON.stringify(content));
  return { httpStatus, headers: { 'content-type': 'application/json' }, body };
}

/** A header has one line of printable ASCII. */
function headerText(text: string): string {
  return text.replaceAll('\n', '; ').replace(/[^\x20-\x7e]/g, '?');
}
