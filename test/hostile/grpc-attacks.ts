/** Attacks over HTTP/2: floods of frames and streams, windows of nothing, compressed bombs. */
import { gzipSync } from 'node:zlib';
import { goodTraces } from '../conformance/odd/case.ts';
import type { Attack, AttackTarget } from './attack.ts';
import {
  frameType,
  h2Frame,
  headerBlock,
  hear,
  literal,
  messageFrames,
  preface,
} from './h2-wire.ts';
import { exchange } from './sockets.ts';

const endHeaders = 4;
/** Calls of one connection whose answers find no window. */
const callCount = 50;
const bomb = gzipSync(Buffer.alloc(100 * 1024 ** 2));

/** Odd numbers: streams that a client opens. */
const streamOf = (index: number): number => index * 2 + 1;

function open(stream: number, more: readonly (readonly [string, string])[] = []): Buffer {
  return h2Frame(frameType.headers, endHeaders, stream, headerBlock(more));
}

function goawayOr(after: (received: Buffer) => string | undefined) {
  return (received: Buffer): string | undefined => {
    const { goaway } = hear(received);
    return goaway !== undefined && goaway !== 0 ? `goaway ${goaway}` : after(received);
  };
}

const send = (
  { grpcPort }: AttackTarget,
  end: AbortSignal,
  frames: readonly Buffer[],
  outcomeOf: (received: Buffer) => string | undefined,
): Promise<string> =>
  exchange({ port: grpcPort, bytes: Buffer.concat([preface, ...frames]), end, outcomeOf });

const cutOff = /^goaway \d+$|^ended$|^held$/;

export const grpcAttacks: readonly Attack[] = [
  {
    id: 'grpc-gzip-bomb',
    fault: 'F23',
    subject: 'a compressed message of a thousand times its size',
    perSecond: 4,
    parallelMax: 8,
    attempt: (target, _index, end) =>
      send(
        target,
        end,
        [open(1, [['grpc-encoding', 'gzip']]), ...messageFrames(1, bomb, 1)],
        goawayOr((received) => (hear(received).answered > 0 ? 'answered' : undefined)),
      ),
    allowed: /^answered$|^ended$/,
  },
  {
    id: 'ten-thousand-streams',
    fault: 'F24',
    subject: '10 000 streams opened at once and never ended',
    perSecond: 5,
    parallelMax: 20,
    attempt: (target, _index, end) =>
      send(
        target,
        end,
        Array.from({ length: 10_000 }, (_, index) => open(streamOf(index))),
        goawayOr((received) => (hear(received).resets > 9_000 ? 'refused' : undefined)),
      ),
    allowed: /^goaway \d+$|^ended$|^held$|^refused$/,
  },
  {
    id: 'rapid-reset',
    fault: 'F24',
    subject: 'streams opened and reset, 20 000 a connection',
    perSecond: 5,
    parallelMax: 20,
    attempt: (target, _index, end) =>
      send(
        target,
        end,
        Array.from({ length: 20_000 }, (_, index) =>
          Buffer.concat([
            open(streamOf(index)),
            h2Frame(frameType.reset, 0, streamOf(index), Buffer.from([0, 0, 0, 8])),
          ]),
        ),
        goawayOr(() => undefined),
      ),
    allowed: cutOff,
  },
  {
    id: 'continuation-flood',
    fault: 'F24',
    subject: 'a block of headers that never ends',
    perSecond: 5,
    parallelMax: 20,
    attempt: (target, _index, end) =>
      send(
        target,
        end,
        [
          h2Frame(frameType.headers, 0, 1, headerBlock()),
          ...Array.from({ length: 2_000 }, (_, index) =>
            h2Frame(frameType.continuation, 0, 1, literal(`x-${index}`, 'x'.repeat(500))),
          ),
        ],
        goawayOr(() => undefined),
      ),
    allowed: cutOff,
  },
  {
    id: 'settings-flood',
    fault: 'F24',
    subject: '20 000 SETTINGS and PINGs that want to be acknowledged',
    perSecond: 5,
    parallelMax: 20,
    attempt: (target, _index, end) =>
      send(
        target,
        end,
        Array.from({ length: 20_000 }, (_, index) =>
          index % 2 === 0
            ? h2Frame(frameType.settings, 0, 0, Buffer.alloc(0))
            : h2Frame(frameType.ping, 0, 0, Buffer.alloc(8)),
        ),
        goawayOr((received) => (received.length >= 20_000 * 9 ? 'acknowledged' : undefined)),
      ),
    allowed: /^goaway \d+$|^ended$|^held$|^acknowledged$/,
  },
  {
    id: 'empty-frames',
    fault: 'F24',
    subject: '50 000 DATA frames without a byte',
    perSecond: 5,
    parallelMax: 20,
    attempt: (target, _index, end) =>
      send(
        target,
        end,
        [
          open(1),
          ...Array.from({ length: 50_000 }, () => h2Frame(frameType.data, 0, 1, Buffer.alloc(0))),
        ],
        goawayOr(() => undefined),
      ),
    allowed: cutOff,
  },
  {
    id: 'window-of-nothing',
    fault: 'F24',
    subject: 'requests whose answers find no window',
    perSecond: 20,
    parallelMax: 200,
    attempt: (target, _index, end) => {
      // SETTINGS_INITIAL_WINDOW_SIZE of 0: the answer's five bytes can never leave.
      const shut = h2Frame(frameType.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]));
      const calls = Array.from({ length: callCount }, (_, index) =>
        Buffer.concat([open(streamOf(index)), ...messageFrames(streamOf(index), goodTraces())]),
      );
      return send(
        target,
        end,
        [shut, ...calls],
        goawayOr((received) => (hear(received).resets >= callCount ? 'thrown away' : undefined)),
      );
    },
    allowed: /^goaway \d+$|^ended$|^held$|^thrown away$/,
  },
  {
    id: 'headers-of-bombs',
    fault: 'F24',
    subject: 'a small block of headers that names one large header again and again',
    perSecond: 20,
    parallelMax: 50,
    attempt: (target, _index, end) => {
      // One literal with indexing of 3 KB, then a thousand references to it.
      const large = Buffer.concat([
        Buffer.from([0x40]),
        literal('x-large', 'x'.repeat(3_000)).subarray(1),
      ]);
      const block = Buffer.concat([headerBlock(), large, Buffer.alloc(1_000, 0xbe)]);
      return send(
        target,
        end,
        [h2Frame(frameType.headers, endHeaders, 1, block)],
        goawayOr((received) => {
          const { answered, resets } = hear(received);
          return answered + resets > 0 ? 'refused' : undefined;
        }),
      );
    },
    allowed: /^goaway \d+$|^ended$|^refused$/,
  },
];
