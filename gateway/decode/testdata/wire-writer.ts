/** Protobuf bytes by hand, also such as no encoder writes: for tests of the rules. */

export type Piece = Uint8Array;

export function varint(value: bigint | number): Piece {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Uint8Array.from([...bytes, Number(rest)]);
}

export function join(...pieces: Piece[]): Piece {
  return new Uint8Array(Buffer.concat(pieces));
}

export const tag = (number: number, wire: number): Piece => varint((number << 3) | wire);

/** A field of wire type 2: a message, a string or bytes. */
export function len(number: number, content: Piece | string): Piece {
  const bytes = typeof content === 'string' ? new Uint8Array(Buffer.from(content)) : content;
  return join(tag(number, 2), varint(bytes.length), bytes);
}

export const int = (number: number, value: bigint | number): Piece =>
  join(tag(number, 0), varint(value));

export function fixed64(number: number, value: bigint): Piece {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return join(tag(number, 1), bytes);
}

export function double(number: number, value: number): Piece {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return join(tag(number, 1), bytes);
}

/** One attribute with a string value, as field `number` of its message. */
export const attribute = (number: number, key: string, value: string): Piece =>
  len(number, join(len(1, key), len(2, len(1, value))));

/** A request with one resource, one scope and `items`. */
export function request(items: readonly Piece[], resource?: Piece, scope?: Piece): Piece {
  const scoped = join(
    ...(scope === undefined ? [] : [len(1, scope)]),
    ...items.map((item) => len(2, item)),
  );
  return len(1, join(...(resource === undefined ? [] : [len(1, resource)]), len(2, scoped)));
}

export const traceId = new Uint8Array(16).fill(0x5a);
export const spanId = new Uint8Array(8).fill(0xa5);

/** A span that is accepted, with more fields behind. */
export function span(startNs: bigint, ...more: Piece[]): Piece {
  return join(len(1, traceId), len(2, spanId), len(5, 'work'), fixed64(7, startNs), ...more);
}
