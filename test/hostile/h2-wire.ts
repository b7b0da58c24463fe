/** HTTP/2 frames by hand, as no client library would send them, and what came back in a word. */

export const frameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const preface: Buffer = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  h2Frame(frameType.settings, 0, 0, Buffer.alloc(0)),
]);

export function h2Frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** A header block of literals without indexing and without Huffman codes. */
export function headerBlock(more: readonly (readonly [string, string])[] = []): Buffer {
  const pairs = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'a'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ] as const;
  return Buffer.concat(pairs.map(([name, value]) => literal(name, value)));
}

export function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const head: number[] = [Math.min(bytes.length, 127)];
  if (bytes.length >= 127) {
    let rest = bytes.length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
    head.push(rest);
  }
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** A gRPC message in one DATA frame that ends its stream. */
export function messageFrames(stream: number, message: Uint8Array, flag = 0): readonly Buffer[] {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  const bytes = Buffer.concat([prefix, message]);
  const frames: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += 16_384) {
    const last = from + 16_384 >= bytes.length;
    frames.push(h2Frame(frameType.data, last ? 1 : 0, stream, bytes.subarray(from, from + 16_384)));
  }
  return frames;
}

export type Heard = {
  readonly goaway: number | undefined;
  /** Streams that were answered, and that were reset. */
  readonly answered: number;
  readonly resets: number;
};

export function hear(received: Buffer): Heard {
  let goaway: number | undefined;
  let answered = 0;
  let resets = 0;
  for (let at = 0; at + 9 <= received.length; ) {
    const length = received.readUIntBE(at, 3);
    const [type, flags] = [received[at + 3], received[at + 4] ?? 0];
    if (at + 9 + length > received.length) break;
    if (type === frameType.goaway) goaway = received.readUInt32BE(at + 13);
    if (type === frameType.headers && (flags & 1) === 1) answered += 1;
    if (type === frameType.reset) resets += 1;
    at += 9 + length;
  }
  return { goaway, answered, resets };
}
