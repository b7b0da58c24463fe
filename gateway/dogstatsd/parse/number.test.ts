/** Numbers, judged by what Go's own `strconv.ParseFloat` (1.26) said of the same texts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { lineFaults } from './counts.ts';
import { magnitudeMax, noFault, number, readNumber } from './number.ts';

type Row = { readonly text: string; readonly bits?: string; readonly error?: string };

const file = join(import.meta.dirname, '../testdata/go-floats.json');
const rows: readonly Row[] = JSON.parse(readFileSync(file, 'utf8'));

function read(text: string): number | string {
  const bytes = Buffer.from(text);
  const wrong = readNumber(bytes, 0, bytes.length);
  return wrong === noFault ? number[0]! : lineFaults[wrong]!;
}

/** What we promise of a text, by what Go says. */
function promised({ text, bits, error }: Row): number | string {
  if (error !== undefined) return error === 'range' ? 'out_of_range' : 'value';
  if (text.includes('_')) return 'value';
  const value = Buffer.from(String(bits), 'hex').readDoubleBE();
  if (!Number.isFinite(value)) return 'not_finite';
  return Math.abs(value) > magnitudeMax ? 'out_of_range' : value + 0;
}

describe('a number', () => {
  it('is read as Go reads it, to the last bit, underscores apart', () => {
    const all = rows.map((row) => [row.text, read(row.text)]);
    expect(all).toEqual(rows.map((row) => [row.text, promised(row)]));
    expect(rows.length).toBeGreaterThan(300);
  });

  it('is the same wherever in a datagram it stands', () => {
    const bytes = Buffer.from('x:12.5|c');
    expect(readNumber(bytes, 2, 6)).toBe(noFault);
    expect(number[0]).toBe(12.5);
  });

  it('is never a negative zero', () => {
    for (const text of ['-0', '-0.0', '-0e5', '-0x0p1', '-1e-400']) {
      expect([text, Object.is(read(text), 0)]).toEqual([text, true]);
    }
  });

  it('has at most 512 bytes', () => {
    expect(read(`${'0'.repeat(511)}7`)).toBe(7);
    expect(read(`${'0'.repeat(512)}7`)).toBe('value');
  });
});
