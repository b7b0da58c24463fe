/**
 * Bodies of line protocol into rows, and into one OTLP request.
 *
 * Hot path. Allocations per item: none; a few closures a body. Copies: those of the writers. Owner:
 * the blocks own the rows. Watched by `influx.bench.ts`.
 */
import { BlockFull, type Text } from '../../../clickhouse/native/buffers.ts';
import { assert } from '../../../core/assert.ts';
import type { Blocks } from '../blocks.ts';
import type { DecodeInput } from '../decode-types.ts';
import { decodeLogs } from '../logs.ts';
import { Malformed } from '../wire.ts';
import type { BadLines } from './faults.ts';
import { type LineTaker, readLines } from './lines.ts';
import { OtlpWriter } from './otlp-writer.ts';
import { type InfluxParameters, readParameters } from './parameters.ts';
import { RowWriter } from './row-writer.ts';

/** Of this thread; their scratch memory is used for body after body. */
const rows = new RowWriter();
const otlp = new OtlpWriter();

/** What became of a body of lines beside the rows. */
export type LinesRead = {
  /** Of the items in the blocks, how many are log records. */
  readonly logRecords: number;
  /** Physical lines that gave none. */
  readonly rejected: number;
  /** The first of these, by number and with the reason. */
  readonly message: string;
};

/** Beyond this a request is too large as protobuf; what is stored of one is far less. */
const protobufBytesMax = 2 ** 28 - 1;

/**
 * Decodes the request under way in the blocks' context. Throws Malformed when not one of its lines
 * is any, or when one is not and the sender wants all or nothing.
 */
export function decodeLines(blocks: Blocks, input: DecodeInput): LinesRead {
  const { context } = blocks;
  const parameters = readParameters(input.parameters ?? '');
  const isLogs = parameters.strings === 'logs';
  const bounds = { context, receivedAtNs: input.receivedAtNs };
  let logRecords = 0;
  rows.begin(parameters);
  otlp.begin(parameters, (request) => {
    const before = context.accepted;
    decodeLogs(blocks.logs, context, bytesOf(request), viewOf(request));
    logRecords += context.accepted - before;
    rows.forgetResource();
  });
  try {
    const body = plainBytes(input.body);
    const bad = readLines(body, parameters, bounds, (line, source, view, keepsStrings) => {
      const hasStrings = keepsStrings && line.stringCount > 0;
      rows.put(blocks, line, source, view, hasStrings && !isLogs);
      if (hasStrings && isLogs) otlp.putRecord(line, source, view);
    });
    otlp.flush();
    checkPartial(bad, parameters, context.accepted);
    return { logRecords, rejected: bad.count, message: bad.message };
  } finally {
    rows.release();
    otlp.release();
  }
}

/**
 * The same body as one request in protobuf, for whom rows are not the aim. Times that are not
 * stored are left to who decodes it.
 */
export function linesAsProtobuf(
  body: Uint8Array,
  parametersText: string,
): { readonly body: Uint8Array; readonly rejected: number; readonly warning: string } {
  const parameters = readParameters(parametersText);
  assert(parameters.strings === 'info', 'metrics only: one request has one signal');
  const pieces: Uint8Array[] = [];
  let size = 0;
  otlp.begin(parameters, (request) => {
    size += request.size;
    if (size > protobufBytesMax) throw new BlockFull('the lines are too large as protobuf');
    pieces.push(request.bytes.slice(0, request.size));
  });
  try {
    const take: LineTaker = (line, source, view) =>
      otlp.putPoints(line, source, view, line.stringCount > 0);
    const bad = readLines(plainBytes(body), parameters, undefined, take);
    otlp.flush();
    checkPartial(bad, parameters, otlp.items);
    return { body: Buffer.concat(pieces), rejected: bad.count, warning: bad.message };
  } finally {
    otlp.release();
  }
}

function checkPartial(bad: BadLines, parameters: InfluxParameters, items: number): void {
  if (bad.count === 0) return;
  const isNothing = items === 0 && bad.isUnreadable;
  if (isNothing || !parameters.acceptsPartial) throw new Malformed(bad.message, bad.firstOffset);
}

function bytesOf(text: Text): Uint8Array {
  return new Uint8Array(text.bytes.buffer, 0, text.size);
}

function viewOf(text: Text): DataView {
  return new DataView(text.bytes.buffer, 0, text.size);
}

/** See `decode.ts`: compiled code reads one class of bytes. */
function plainBytes(body: Uint8Array): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
}
