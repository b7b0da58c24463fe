import { describe, expect, it } from '@jest/globals';
import { readWrite } from '../decode/remote-write/testdata/prompb.ts';
import { join, len, type Piece } from '../decode/testdata/wire-writer.ts';
import { Redaction } from './redaction.ts';
import {
  hashed,
  key,
  redactedBy,
  rules,
  staleSample,
  unknownField,
} from './testdata/remote-write.ts';

describe('redaction of remote write 1.0', () => {
  const label = (...pieces: Piece[]): Piece => len(1, join(...pieces));

  it('keeps the bits of all that is no label', () => {
    const series = (labels: Piece): Piece => len(1, join(labels, staleSample, unknownField));
    const body = join(series(label(len(1, 'user'), len(2, 'jane'))), unknownField);
    const rewritten = redactedBy(new Redaction({ rules }, key), 1, body);
    const wanted = join(series(label(len(1, 'user'), len(2, hashed('jane')))), unknownField);
    expect(Buffer.from(rewritten).toString('hex')).toBe(Buffer.from(wanted).toString('hex'));
  });

  it('finds name and value in every order and number that protobuf allows', () => {
    const odd = [
      label(len(2, '4711'), len(1, 'path')),
      label(len(1, 'user'), len(2, 'jane 4711'), len(1, 'path'), len(2, 'fine')),
      label(len(1, 'path'), len(2, '4711'), len(2, '')),
      label(len(2, '4711')),
    ];
    const body = len(1, join(...odd, staleSample));
    const rewritten = redactedBy(new Redaction({ rules }, key), 1, body);
    expect(Buffer.from(rewritten).includes('4711')).toBe(false);
    expect(readWrite(1, rewritten)[0]?.labels).toEqual([
      ['path', '##'],
      ['path', 'fine'],
      ['path', ''],
      ['', '##'],
    ]);
  });

  it('masks characters that are broken as they would be stored', () => {
    const broken = new Uint8Array([0x31, 0x32, 0xff, 0x33, 0x34]);
    const body = len(1, join(label(len(1, 'path'), len(2, broken)), staleSample));
    const rewritten = redactedBy(new Redaction({ rules }, key), 1, body);
    expect(readWrite(1, rewritten)[0]?.labels).toEqual([['path', '##\ufffd##']]);
  });
});
