/**
 * MessagePack as far as Terraform uses it for values (https://msgpack.org/): null, booleans,
 * numbers, texts, arrays, maps, and its own extension for a value that is not known yet.
 */
import { assert } from '../../core/assert.ts';

/** A value that only `apply` brings to light. */
export const unknown: unique symbol = Symbol('unknown');

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | typeof unknown
  | readonly Value[]
  | ReadonlyMap<string, Value>;

const depthMax = 64;

export function decodeValue(bytes: Uint8Array): Value {
  const reader = new Reader(Buffer.from(bytes));
  const value = reader.value(0);
  assert(reader.isAtEnd(), 'one value fills the message');
  return value;
}

class Reader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  value(depth: number): Value {
    assert(depth < depthMax, `values nest less than ${depthMax} deep`);
    const kind = this.#unsigned(1);
    if (kind < 0x80) return kind;
    if (kind < 0x90) return this.#map(kind & 0x0f, depth);
    if (kind < 0xa0) return this.#array(kind & 0x0f, depth);
    if (kind < 0xc0) return this.#text(kind & 0x1f);
    if (kind >= 0xe0) return kind - 0x100;
    return this.#long(kind, depth);
  }

  #long(kind: number, depth: number): Value {
    if (kind === 0xc0) return null;
    if (kind === 0xc2 || kind === 0xc3) return kind === 0xc3;
    // Extensions, all of them: what is known of an unknown value is of no use to us.
    if (kind >= 0xc7 && kind <= 0xc9) return this.#extension(this.#unsigned(1 << (kind - 0xc7)));
    if (kind >= 0xd4 && kind <= 0xd8) return this.#extension(1 << (kind - 0xd4));
    if (kind === 0xca) return this.#take(4).readFloatBE();
    if (kind === 0xcb) return this.#take(8).readDoubleBE();
    if (kind >= 0xcc && kind <= 0xce) return this.#unsigned(1 << (kind - 0xcc));
    if (kind === 0xcf) return this.#take(8).readBigUInt64BE();
    if (kind >= 0xd0 && kind <= 0xd2) {
      const size = 1 << (kind - 0xd0);
      return this.#take(size).readIntBE(0, size);
    }
    if (kind === 0xd3) return this.#take(8).readBigInt64BE();
    if (kind >= 0xd9 && kind <= 0xdb) return this.#text(this.#unsigned(1 << (kind - 0xd9)));
    if (kind === 0xdc || kind === 0xdd) {
      return this.#array(this.#unsigned(kind === 0xdc ? 2 : 4), depth);
    }
    assert(kind === 0xde || kind === 0xdf, `0x${kind.toString(16)} is a kind of value`);
    return this.#map(this.#unsigned(kind === 0xde ? 2 : 4), depth);
  }

  #extension(size: number): Value {
    this.#take(size + 1);
    return unknown;
  }

  #array(count: number, depth: number): Value {
    return Array.from({ length: count }, () => this.value(depth + 1));
  }

  #map(count: number, depth: number): Value {
    const entries = Array.from({ length: count }, (): [string, Value] => {
      const key = this.value(depth + 1);
      assert(typeof key === 'string', 'a key is a text');
      return [key, this.value(depth + 1)];
    });
    return new Map(entries);
  }

  #text(size: number): string {
    return this.#take(size).toString();
  }

  #unsigned(size: number): number {
    return this.#take(size).readUIntBE(0, size);
  }

  #take(size: number): Buffer {
    const end = this.#position + size;
    assert(end <= this.#bytes.length, 'the message is whole');
    const part = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return part;
  }
}

export function encodeValue(value: Value): Buffer {
  if (value === null) return Buffer.of(0xc0);
  if (value === unknown) return Buffer.of(0xd4, 0, 0);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([headed(0xdb, text.length), text]);
  }
  if (typeof value === 'bigint') {
    const number = Buffer.alloc(9, value < 0n ? 0xd3 : 0xcf);
    if (value < 0n) number.writeBigInt64BE(value, 1);
    else number.writeBigUInt64BE(value, 1);
    return number;
  }
  if (typeof value === 'number') {
    const number = Buffer.alloc(9, 0xcb);
    number.writeDoubleBE(value, 1);
    return number;
  }
  if (value instanceof Map) {
    const parts = [...value].flatMap(([key, one]) => [encodeValue(key), encodeValue(one)]);
    return Buffer.concat([headed(0xdf, value.size), ...parts]);
  }
  const list = value as readonly Value[];
  return Buffer.concat([headed(0xdd, list.length), ...list.map(encodeValue)]);
}

function headed(kind: number, count: number): Buffer {
  const head = Buffer.alloc(5, kind);
  head.writeUInt32BE(count, 1);
  return head;
}
