import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CopyParser, type RowSink } from './copy-parser.ts';

type Row = readonly (Uint8Array | null)[];

/** By the manual's description of the format, with Node's own writers of numbers. */
function encode(rows: readonly Row[], extension = 0): Buffer {
  const header = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0', 'latin1');
  const numbers = (count: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(count);
    return bytes;
  };
  const short = (count: number): Buffer => {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(count);
    return bytes;
  };
  const fields = rows.flatMap((row) => [
    short(row.length),
    ...row.flatMap((value) => (value === null ? [numbers(-1)] : [numbers(value.length), value])),
  ]);
  return Buffer.concat([header, numbers(extension), Buffer.alloc(extension), ...fields, short(-1)]);
}

/** Keeps rows; asks to stop after each of them when `stops`. */
function collect(width: number, stops: boolean, kept = -1): { sink: RowSink; rows: Row[] } {
  const rows: Row[] = [];
  let row: (Uint8Array | null)[] = [];
  const sink: RowSink = {
    fields: Array.from({ length: width }, (_, field) => ({
      value: (bytes, from, to) => {
        if (field !== row.length) throw new Error(`field ${field} after ${row.length}`);
        row.push(Uint8Array.from(bytes.subarray(from, to)));
      },
      none: () => {
        if (field !== row.length) throw new Error(`field ${field} after ${row.length}`);
        row.push(null);
      },
    })),
    tooLong: () => kept,
    endRow: () => {
      rows.push(row);
      row = [];
      return stops;
    },
  };
  return { sink, rows };
}

function pushAll(parser: CopyParser, pieces: readonly Uint8Array[]): void {
  for (const piece of pieces) {
    let at = parser.push(piece, 0);
    while (at < piece.length) at = parser.push(piece, at);
  }
}

/** Cut at any places, even in the middle of a length. */
function cut(bytes: Buffer, places: readonly number[]): readonly Uint8Array[] {
  const at = [0, ...places.map((place) => place % bytes.length), bytes.length];
  const sorted = at.sort((left, right) => left - right);
  return sorted.slice(1).map((end, index) => Uint8Array.from(bytes.subarray(sorted[index], end)));
}

const field = fc.option(fc.uint8Array({ maxLength: 40 }));
const table = fc
  .integer({ min: 0, max: 5 })
  .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width })))
  .map((rows) => rows as readonly Row[]);

describe('the parser of binary COPY', () => {
  it('gives the same rows however the bytes are cut, stopping or not', () => {
    fc.assert(
      fc.property(
        table,
        fc.array(fc.nat()),
        fc.boolean(),
        fc.nat(20),
        (rows, places, stops, extra) => {
          const { sink, rows: got } = collect(rows[0]?.length ?? 3, stops);
          const parser = new CopyParser(1000, sink);
          pushAll(parser, cut(encode(rows, extra), places));
          expect(got).toEqual(rows);
          expect([parser.rows, parser.isDone]).toEqual([rows.length, true]);
        },
      ),
      { seed: 20_261_122, numRuns: 500 },
    );
  });

  it('cuts a value that is too long, or passes over it, and goes on behind it', () => {
    const rows = [[Buffer.alloc(50, 1), Buffer.from('a')]];
    for (const [kept, first] of [
      [-1, null],
      [0, new Uint8Array()],
      [7, new Uint8Array(7).fill(1)],
    ] as const) {
      fc.assert(
        fc.property(fc.array(fc.nat()), (places) => {
          const { sink, rows: got } = collect(2, false, kept);
          pushAll(new CopyParser(10, sink), cut(encode(rows), places));
          expect(got).toEqual([[first, new Uint8Array([97])]]);
        }),
        { seed: 20_261_122 },
      );
    }
  });

  it('is not done while any byte is missing', () => {
    const whole = encode([
      [Buffer.from('ab'), null],
      [null, Buffer.from('c')],
    ]);
    for (let length = 0; length < whole.length; length += 1) {
      const parser = new CopyParser(100, collect(2, false).sink);
      pushAll(parser, [whole.subarray(0, length)]);
      expect(parser.isDone).toBe(false);
    }
  });

  it('refuses what is not of the format', () => {
    const good = encode([[Buffer.from('ab')]]);
    const change = (at: number, byte: number): Buffer => {
      const bytes = Buffer.from(good);
      bytes[at] = byte;
      return bytes;
    };
    // Signature, flags, count of fields, length of a value, a byte after the end.
    for (const bytes of [change(0, 0), change(11, 1), change(20, 2), change(21, 0x80)]) {
      const parser = new CopyParser(100, collect(1, false).sink);
      expect(() => pushAll(parser, [bytes])).toThrow(expect.objectContaining({ code: 'OBS-6069' }));
    }
    const parser = new CopyParser(100, collect(1, false).sink);
    expect(() => pushAll(parser, [Buffer.concat([good, Buffer.from([0])])])).toThrow('follow');
  });
});
