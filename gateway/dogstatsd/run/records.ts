/**
 * The records of the log of raw datagrams, as bodies. Numbers never change their meaning.
 *
 *     RAW     datagrams of one window, each behind its length and its time since the first
 *     RESULT  one OTLP request, as it is emitted
 *     CLOSE   the windows before a time are closed (`../close-mark.ts`), with these results
 *     DONE    JSON: what a CLOSE brought is stored
 *
 * A RESULT counts only with the CLOSE behind it: the two are written without a pause between, and a
 * crash may leave the first alone.
 */
import type { Signal } from '../../answer.ts';
import { decodeCloseMark, encodeCloseMark } from '../close-mark.ts';
import type { CloseMark } from '../intake.ts';

export const recordKinds = { raw: 32, result: 33, close: 34, done: 35 } as const;

const headBytes = 8;
const nsPerUs = 1_000n;

export type Datagram = { readonly receivedAtNs: bigint; readonly bytes: Uint8Array };

/** Where a result stands, and which signal it is. */
export type ResultPlace = {
  readonly position: number;
  readonly signal: Extract<Signal, 'metrics' | 'logs'>;
};

export type CloseRecord = CloseMark & { readonly results: readonly ResultPlace[] };

/** Bytes that a datagram takes in a RAW. */
export function datagramBytes(bytes: number): number {
  return headBytes + bytes;
}

/** Writes a datagram behind others; `receivedAtNs` is at or after the batch's. */
export function putDatagram(
  target: Buffer,
  at: number,
  batchAtNs: bigint,
  receivedAtNs: bigint,
  bytes: Uint8Array,
): number {
  target.writeUInt32LE(bytes.byteLength, at);
  target.writeUInt32LE(Number((receivedAtNs - batchAtNs) / nsPerUs), at + 4);
  target.set(bytes, at + headBytes);
  return at + headBytes + bytes.byteLength;
}

/** The datagrams of a RAW whose first came at `batchAtNs`; views into its body. */
export function* datagramsOf(batchAtNs: bigint, body: Uint8Array): Generator<Datagram> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at + headBytes <= body.byteLength; ) {
    const length = view.getUint32(at, true);
    const receivedAtNs = batchAtNs + BigInt(view.getUint32(at + 4, true)) * nsPerUs;
    const from = at + headBytes;
    at = from + length;
    if (at > body.byteLength) return;
    yield { receivedAtNs, bytes: body.subarray(from, at) };
  }
}

/** The mark behind its length, then the places of the results as JSON. */
export function encodeClose({ results, ...mark }: CloseRecord): Buffer {
  const head = encodeCloseMark(mark);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.byteLength);
  return Buffer.concat([length, head, Buffer.from(JSON.stringify({ version: 1, results }))]);
}

/** Throws for bytes that are no CLOSE of a version known here. */
export function decodeClose(body: Uint8Array): CloseRecord {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const end = 4 + view.getUint32(0, true);
  const mark = decodeCloseMark(body.subarray(4, end));
  const { results } = parse(body.subarray(end));
  if (mark === undefined || !Array.isArray(results)) throw new Error('a CLOSE that cannot be read');
  return {
    ...mark,
    results: results.map(({ position, signal }) => ({
      position: Number(position),
      signal: signal === 'logs' ? 'logs' : 'metrics',
    })),
  };
}

/** A DONE of the CLOSE at `position`. */
export function encodeDone(position: number): Buffer {
  return Buffer.from(JSON.stringify({ version: 1, close: position }));
}

/** The position of the CLOSE that a DONE is of. */
export function decodeDone(body: Uint8Array): number {
  return Number(parse(body)['close']);
}

function parse(body: Uint8Array): Record<string, unknown> {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) {
    throw new Error('a record that cannot be read');
  }
  if (parsed.version !== 1) throw new Error('a record of another version');
  return parsed as Record<string, unknown>;
}
