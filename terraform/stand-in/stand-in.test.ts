import { describe, expect, it } from '@jest/globals';
import { decodeValue, encodeValue, unknown, type Value } from './msgpack.ts';
import type { BlockText } from './notation.ts';
import { plannedState } from './plan.ts';

/** Bytes by https://github.com/msgpack/msgpack/blob/master/spec.md, not by our encoder. */
describe('a value of Terraform', () => {
  it.each([
    ['null', 'c0', null],
    ['true', 'c3', true],
    ['a small number', '07', 7],
    ['a negative number', 'ff', -1],
    ['a number of two bytes', 'cd20fb', 8443],
    ['a negative number of two bytes', 'd1ff00', -256],
    ['a number of eight bytes', 'cf0020000000000001', 9007199254740993n],
    ['a fraction', 'cb402d000000000000', 14.5],
    ['a short text', 'a3616263', 'abc'],
    ['a text with its length in a byte', 'd903616263', 'abc'],
    ['a list', '92a161c0', ['a', null]],
    ['a map', '81a161c2', new Map([['a', false]])],
    ['what nobody knows yet', 'd40000', unknown],
    ['what nobody knows yet, refined', 'c7030c8101c2', unknown],
  ])('is read: %s', (_name, bytes, value) => {
    expect(decodeValue(Buffer.from(bytes, 'hex'))).toEqual(value);
  });

  it('is written as it is read', () => {
    const value: Value = new Map<string, Value>([
      ['a', [null, true, 1.5, 8443, 'ü', -9007199254740993n, unknown]],
    ]);
    expect(decodeValue(encodeValue(value))).toEqual(value);
  });

  it('is refused when it is not whole', () => {
    expect(() => decodeValue(Buffer.from('a36162', 'hex'))).toThrow('the message is whole');
    expect(() => decodeValue(Buffer.from('c0c0', 'hex'))).toThrow('one value fills the message');
  });
});

describe('a planned resource', () => {
  const block: BlockText = {
    attributes: {
      id: 'computed string',
      size: 'optional computed number',
      note: 'optional string',
      password: 'optional string sensitive write_only',
      address: { nested: 'optional single', attributes: { host: 'computed string' } },
    },
    blocks: {
      auth: { nesting: 'list', attributes: { hash: 'optional string sensitive write_only' } },
    },
  };

  it('keeps what is written down, leaves open what is computed, and no secret', () => {
    const proposed = new Map<string, never>(
      Object.entries({
        id: null,
        size: 3,
        note: null,
        password: 'canary',
        address: new Map([['host', null]]),
        auth: [new Map([['hash', 'canary']])],
      }) as never,
    );
    expect(plannedState(block, proposed)).toEqual(
      new Map<string, unknown>([
        ['id', unknown],
        ['size', 3],
        ['note', null],
        ['password', null],
        ['address', new Map([['host', unknown]])],
        ['auth', [new Map([['hash', null]])]],
      ]),
    );
  });

  it('that is gone stays gone', () => {
    expect(plannedState(block, null)).toBeNull();
  });
});
