/** An answer: ClickHouse's headers, and the result's bytes in the encoding that was asked for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, deflate, gzip, zstdCompress } from 'node:zlib';
import { writeFrames } from '../frames/frames.ts';
import type { Engine, RunResult } from './engine.ts';
import type { EngineRequest } from './request.ts';
import type { Statement } from './statement.ts';

type Compressor = (body: Buffer) => Promise<Buffer>;

/** In ClickHouse's order of preference. */
const compressors: readonly (readonly [encoding: string, compress: Compressor])[] = [
  ['br', (body) => promisify(brotliCompress)(body)],
  ['gzip', (body) => promisify(gzip)(body, { level: 3 })],
  ['deflate', (body) => promisify(deflate)(body, { level: 3 })],
  ['zstd', (body) => promisify(zstdCompress)(body)],
];

export async function writeAnswer(
  engine: Engine,
  request: EngineRequest,
  statement: Statement,
  result: RunResult,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const format =
    statement.kind === 'insert' ? request.format : (statement.format ?? request.format);
  response.setHeader('X-ClickHouse-Format', format);
  response.setHeader('X-ClickHouse-Timezone', engine.timezone);
  response.setHeader('X-ClickHouse-Summary', summaryOf(result));
  response.setHeader('Content-Type', contentTypeOf(format));
  await writeBytes(request, result.bytes, message, response);
}

/** The bytes in ClickHouse's frames, in a content encoding, or as they are. */
export async function writeBytes(
  request: EngineRequest,
  bytes: Buffer,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = request.compressFrames ? await writeFrames(bytes) : bytes;
  const encoder = request.compressHttp ? chooseCompressor(message) : undefined;
  if (encoder === undefined || body.length === 0) {
    response.end(body);
    return;
  }
  response.setHeader('Content-Encoding', encoder[0]);
  response.end(await encoder[1](body));
}

function chooseCompressor(
  message: IncomingMessage,
): readonly [encoding: string, compress: Compressor] | undefined {
  const accepted = (message.headers['accept-encoding']?.toString() ?? '').toLowerCase();
  const names = new Set(accepted.split(',').map((part) => part.split(';')[0]?.trim()));
  return compressors.find(([encoding]) => names.has(encoding));
}

function summaryOf(result: RunResult): string {
  return JSON.stringify({
    read_rows: String(result.rowsRead),
    read_bytes: String(result.bytesRead),
    written_rows: String(result.rowsWritten),
    written_bytes: String(result.bytesWritten),
    total_rows_to_read: '0',
    result_rows: String(result.rowsWritten > 0 ? result.rowsWritten : result.rowsRead),
    result_bytes: String(result.rowsWritten > 0 ? result.bytesWritten : result.bytes.length),
  });
}

function contentTypeOf(format: string): string {
  if (/^JSONEachRow|^JSON.*EachRow/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (/^(TSV|TabSeparated)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8; header=absent';
  if (/^(Pretty|Vertical|Values|XML|Markdown)/.test(format)) return 'text/plain; charset=UTF-8';
  return 'application/octet-stream';
}
