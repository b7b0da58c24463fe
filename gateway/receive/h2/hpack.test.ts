import { describe, expect, it } from '@jest/globals';
import { HpackDecoder } from './hpack.ts';

/** RFC 7541, appendices C.3 to C.5: blocks in the order in which one connection sends them. */
const conversations: readonly (readonly [name: string, blocks: readonly [string, string][]])[] = [
  [
    'plain requests (C.3)',
    [
      [
        '828684410f7777772e6578616d706c652e636f6d',
        ':method=GET :scheme=http :path=/ :authority=www.example.com',
      ],
      [
        '828684be58086e6f2d6361636865',
        ':method=GET :scheme=http :path=/ :authority=www.example.com cache-control=no-cache',
      ],
      [
        '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
        ':method=GET :scheme=https :path=/index.html :authority=www.example.com ' +
          'custom-key=custom-value',
      ],
    ],
  ],
  [
    'requests with Huffman coding (C.4)',
    [
      [
        '828684418cf1e3c2e5f23a6ba0ab90f4ff',
        ':method=GET :scheme=http :path=/ :authority=www.example.com',
      ],
      [
        '828684be5886a8eb10649cbf',
        ':method=GET :scheme=http :path=/ :authority=www.example.com cache-control=no-cache',
      ],
      [
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
        ':method=GET :scheme=https :path=/index.html :authority=www.example.com ' +
          'custom-key=custom-value',
      ],
    ],
  ],
  [
    'answers that push each other out of a table of 256 bytes (C.5)',
    [
      [
        '3fe1014803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a3231' +
          '20474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        ':status=302 cache-control=private date=Mon, 21 Oct 2013 20:13:21 GMT ' +
          'location=https://www.example.com',
      ],
      [
        '4803333037c1c0bf',
        ':status=307 cache-control=private date=Mon, 21 Oct 2013 20:13:21 GMT ' +
          'location=https://www.example.com',
      ],
      [
        '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f' +
          '6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630' +
          '303b2076657273696f6e3d31',
        ':status=200 cache-control=private date=Mon, 21 Oct 2013 20:13:22 GMT ' +
          'location=https://www.example.com content-encoding=gzip ' +
          'set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      ],
      [
        'bebfc0',
        'set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1 ' +
          'content-encoding=gzip date=Mon, 21 Oct 2013 20:13:22 GMT',
      ],
    ],
  ],
];

function decode(decoder: HpackDecoder, hex: string): string | undefined {
  const bytes = Buffer.from(hex, 'hex');
  const decoded = decoder.decode(bytes, 0, bytes.length);
  if (decoded === undefined) return undefined;
  const pairs: string[] = [];
  for (let at = 0; at < decoded.fields.length; at += 2) {
    pairs.push(`${decoded.fields[at]}=${decoded.fields[at + 1]}`);
  }
  return pairs.join(' ');
}

describe('header blocks', () => {
  it.each(conversations)('of the standard read as it says: %s', (_, blocks) => {
    const decoder = new HpackDecoder();
    for (const [hex, fields] of blocks) expect(decode(decoder, hex)).toBe(fields);
  });

  it('leave the table in the order of their age, and what does not fit leaves it', () => {
    const decoder = new HpackDecoder();
    // A table of 100 bytes holds two entries of 34.
    expect(decode(decoder, '3f45 4001610131 4001620132 4001630133'.replaceAll(' ', ''))).toBe(
      'a=1 b=2 c=3',
    );
    expect(decode(decoder, 'be')).toBe('c=3');
    expect(decode(decoder, 'bf')).toBe('b=2');
    expect(decode(decoder, 'c0')).toBeUndefined();
  });

  it.each([
    ['index 0', '80'],
    ['an index that nobody entered', 'be'],
    ['a string longer than the block', '00017805'],
    ['a number without an end', 'ffffffffffffffff'],
    ['a table larger than announced', '3fe2 1f'.replace(' ', '')],
    ['a size of the table behind a field', '8220'],
    ['padding of eight ones', '0081ff0161'],
    ['padding that is not ones', '008100'],
    ['the end-of-string code', '0084fffffffc0161'],
  ])('with %s are broken', (_, hex) => {
    expect(decode(new HpackDecoder(), hex)).toBeUndefined();
  });

  it('with more than a request may hold say so, and keep the table in step', () => {
    const decoder = new HpackDecoder();
    const name = '40017883e7'.slice(0, 6);
    const large = Buffer.concat([
      Buffer.from(`${name}7f`, 'hex'),
      Buffer.from([0xe1, 0x16]),
      Buffer.alloc(127 + 0x61 + 0x16 * 128, 0x79),
    ]);
    const many = Buffer.concat([large, Buffer.alloc(10, 0xbe)]);
    const decoded = decoder.decode(many, 0, many.length);
    expect(decoded?.isTooLarge).toBe(true);
    expect(decoder.decode(Buffer.from([0xbe]), 0, 1)?.fields[0]).toBe('x');
  });
});
