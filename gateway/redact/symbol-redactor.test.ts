import { describe, expect, it } from '@jest/globals';
import { readWrite, symbolsOf } from '../decode/remote-write/testdata/prompb.ts';
import { int, join, len, type Piece, varint } from '../decode/testdata/wire-writer.ts';
import { Redaction } from './redaction.ts';
import {
  encodeWrite,
  hashed,
  key,
  redactedBy,
  rules,
  staleSample,
  submissionOf,
  unknownField,
} from './testdata/remote-write.ts';

describe('redaction of remote write 2.0', () => {
  const redaction = new Redaction({ rules }, key);

  it('keeps a value that goes under one name and stays under another', () => {
    const list = [
      {
        labels: [
          ['user', 'jane'],
          ['path', 'jane'],
        ] as const,
      },
    ];
    const rewritten = redactedBy(redaction, 2, encodeWrite(2, list));
    expect(readWrite(2, rewritten)[0]?.labels).toEqual([
      ['user', hashed('jane')],
      ['path', 'jane'],
    ]);
  });

  it('keeps a value that is also the name or the help of something', () => {
    const list = [
      {
        labels: [
          ['user', 'path'],
          ['path', 'x'],
        ] as const,
        help: 'jane',
      },
      { labels: [['user', 'jane']] as const },
    ];
    const rewritten = redactedBy(redaction, 2, encodeWrite(2, list));
    expect(readWrite(2, rewritten)).toMatchObject([
      {
        labels: [
          ['user', hashed('path')],
          ['path', 'x'],
        ],
        help: 'jane',
      },
      { labels: [['user', hashed('jane')]] },
    ]);
  });

  it('empties symbols to which nothing refers, and moves no other one', () => {
    const list = [
      {
        labels: [
          ['user', 'jane'],
          ['path', 'x'],
        ] as const,
      },
    ];
    const rewritten = redactedBy(redaction, 2, join(encodeWrite(2, list), len(4, 'secret')));
    expect(symbolsOf(rewritten)).toEqual(['', 'user', '', 'path', 'x', '', hashed('jane')]);
  });

  it('adds a new value once, and shares it', () => {
    const list = ['1111', '2222', '3333'].map((value) => ({ labels: [['path', value]] as const }));
    const rewritten = redactedBy(redaction, 2, encodeWrite(2, list));
    expect(symbolsOf(rewritten)).toEqual(['', 'path', '', '', '', '##']);
  });

  it('reads references that are not packed, in pieces, and pairs across them', () => {
    const symbols = join(...['', 'user', 'jane', 'path', '4711'].map((text) => len(4, text)));
    const packed = (...refs: number[]): Piece => len(1, join(...refs.map(varint)));
    const loose = (ref: number): Piece => int(1, ref);
    for (const refs of [
      [packed(1, 2, 3, 4)],
      [loose(1), loose(2), loose(3), loose(4)],
      [packed(1), staleSample, packed(2, 3), loose(4)],
      [packed(1, 2), unknownField, packed(3, 4)],
    ]) {
      const body = join(len(5, join(...refs, staleSample)), symbols);
      const rewritten = redactedBy(redaction, 2, body);
      expect(readWrite(2, rewritten)[0]?.labels).toEqual([
        ['user', hashed('jane')],
        ['path', '##'],
      ]);
      expect(Buffer.from(rewritten).includes('jane')).toBe(false);
      expect(Buffer.from(rewritten).includes('4711')).toBe(false);
    }
  });

  it('lets no reference that led nowhere lead to a new symbol', () => {
    const symbols = join(...['', 'path', '4711'].map((text) => len(4, text)));
    const series = (...refs: number[]): Piece =>
      len(5, join(len(1, join(...refs.map(varint))), staleSample));
    const broken = join(symbols, series(1, 2), series(1, 3));
    const result = redaction.redact(submissionOf(2, broken));
    expect(result).toMatchObject({ outcome: 'malformed', message: /symbol that is not there/ });
    const harmless = join(symbols, series(1, 0), series(1, 3));
    expect(redaction.redact(submissionOf(2, harmless)).outcome).toBe('redacted');
  });
});
