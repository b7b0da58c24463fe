/** Attacks over HTTP/1.1: bombs, slow and idle connections, pipelining, smuggling. */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { framingCases } from '../conformance/odd/framing-cases.ts';
import type { Attack } from './attack.ts';
import { exchange, httpOutcome, httpRequest } from './sockets.ts';

const bombBytes = 100 * 1024 ** 2;
/** 408 on a machine too busy to bring it in time. */
const refusedAsBomb = /^http (413|400|408|503)$|^ended$/;

const once = <Value>(make: () => Value): (() => Value) => {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

const bombs: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['gzip-bomb', 'gzip', once(() => gzipSync(Buffer.alloc(bombBytes)))],
  ['zstd-bomb', 'zstd', once(() => zstdCompressSync(Buffer.alloc(bombBytes)))],
  ['deflate-bomb', 'deflate', once(() => deflateSync(Buffer.alloc(bombBytes)))],
  ['bomb-in-a-bomb', 'gzip', once(() => gzipSync(gzipSync(Buffer.alloc(bombBytes))))],
  ['snappy-4-gib', 'snappy', () => Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0x78])],
  ['snappy-64-mib-of-nothing', 'snappy', () => Buffer.from([0x80, 0x80, 0x80, 0x20, 0, 0x78])],
];

const bombAttacks = bombs.map(
  ([id, encoding, body]): Attack => ({
    id,
    fault: 'F23',
    subject: `${encoding} that becomes far more than the limit`,
    perSecond: 4,
    parallelMax: 8,
    attempt: ({ httpPort }, _index, end) =>
      exchange({
        port: httpPort,
        bytes: httpRequest('/v1/logs', body(), [`Content-Encoding: ${encoding}`]),
        end,
        outcomeOf: httpOutcome,
      }),
    allowed: refusedAsBomb,
  }),
);

const held = /^held$|^ended$|^http (408|503|400)$/;
const trickleMs = 1_000;

/** Writes one byte a second for as long as the connection lives. */
function trickle(byte: string): (socket: import('node:net').Socket) => void {
  return (socket) => {
    const timer = setInterval(() => socket.write(byte), trickleMs);
    socket.on('close', () => clearInterval(timer));
  };
}

const slowAttacks: readonly Attack[] = [
  {
    id: 'slow-headers',
    fault: 'F24',
    subject: 'headers that come a byte a second',
    perSecond: 100,
    parallelMax: 1_000,
    attempt: ({ httpPort }, _index, end) =>
      exchange({
        port: httpPort,
        bytes: Buffer.from('POST /v1/traces HTTP/1.1\r\nHost: a\r\nX-Slow: '),
        end,
        onConnected: trickle('x'),
        outcomeOf: httpOutcome,
      }),
    allowed: held,
  },
  {
    id: 'slow-body',
    fault: 'F24',
    subject: 'a body of 4 KiB that comes a byte a second',
    perSecond: 100,
    parallelMax: 1_000,
    attempt: ({ httpPort }, _index, end) =>
      exchange({
        port: httpPort,
        bytes: httpRequest('/v1/traces', Buffer.alloc(4096)).subarray(0, 140),
        end,
        onConnected: trickle('x'),
        outcomeOf: httpOutcome,
      }),
    allowed: held,
  },
  {
    id: 'slow-reader',
    fault: 'F24',
    subject: 'requests without end whose answers are never read',
    perSecond: 20,
    parallelMax: 100,
    attempt: ({ httpPort }, _index, end) =>
      exchange({
        port: httpPort,
        bytes: Buffer.concat(
          Array.from({ length: 200 }, () => httpRequest('/v1/none', Buffer.alloc(0))),
        ),
        end,
        onConnected: (socket) => socket.pause(),
        outcomeOf: () => undefined,
      }),
    allowed: held,
  },
  {
    id: 'idle-connections',
    fault: 'F24',
    subject: 'thousands of connections that say nothing',
    perSecond: 2_000,
    parallelMax: 8_000,
    attempt: ({ httpPort }, _index, end) =>
      exchange({ port: httpPort, bytes: Buffer.alloc(0), end, outcomeOf: httpOutcome }),
    allowed: held,
  },
  {
    id: 'pipelining',
    fault: 'F24',
    subject: 'hundreds of requests in one write',
    perSecond: 5,
    parallelMax: 20,
    attempt: ({ httpPort }, _index, end) =>
      exchange({
        port: httpPort,
        bytes: Buffer.concat(
          Array.from({ length: 200 }, () => httpRequest('/v1/traces', Buffer.alloc(0))),
        ),
        end,
        outcomeOf: (received) => {
          const answers = received.toString('latin1').split('HTTP/1.1 200').length - 1;
          return answers === 200 ? 'all 200 answered' : undefined;
        },
      }),
    allowed: /^all 200 answered$/,
  },
  {
    id: 'endless-headers',
    fault: 'F24',
    subject: 'headers of a megabyte',
    perSecond: 20,
    parallelMax: 20,
    attempt: ({ httpPort }, _index, end) =>
      exchange({
        port: httpPort,
        bytes: httpRequest('/v1/traces', Buffer.alloc(0), [`X-Long: ${'x'.repeat(1_000_000)}`]),
        end,
        outcomeOf: httpOutcome,
      }),
    allowed: /^http 431$|^ended$/,
  },
];

const smuggling: Attack = {
  id: 'smuggling',
  fault: 'F30',
  subject: 'both lengths, broken chunks, folded headers and all other odd framing',
  perSecond: 100,
  parallelMax: 100,
  attempt: ({ httpPort }, index, end) => {
    const one = framingCases[index % framingCases.length];
    const bytes = one?.kind === 'http' ? one.bytes : Buffer.alloc(0);
    return exchange({
      port: httpPort,
      bytes,
      end,
      onConnected: (socket) => socket.end(),
      outcomeOf: httpOutcome,
    });
  },
  allowed: /^http (200|400|404|405|413|415|417|431|501|503|505)$|^ended$/,
};

export const httpAttacks: readonly Attack[] = [...bombAttacks, ...slowAttacks, smuggling];
