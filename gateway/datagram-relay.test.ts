/** What the relay of datagrams has no room for is counted, at the socket it came to. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  createRelayMemory,
  DatagramRelay,
  lossesOfRelay,
  type RelayedSocket,
  releaseRelayed,
} from './datagram-relay.ts';
import { receivedOf } from './telemetry/dogstatsd-counters.ts';

const datagramBytes = 1024 ** 2;
const room = 16;

function relayOf(
  memory: SharedArrayBuffer,
  socket: RelayedSocket,
): { readonly take: (count: number) => void; readonly posted: Uint8Array[] } {
  const posted: Uint8Array[] = [];
  const relay = new DatagramRelay(memory, socket, (datagrams) => posted.push(...datagrams));
  const take = (count: number): void => {
    for (let index = 0; index < count; index += 1) relay.take(new Uint8Array(datagramBytes));
  };
  return { take, posted };
}

describe('datagrams on their way to the thread', () => {
  it('refuses what exceeds the room, by socket, and takes when there is room', async () => {
    const memory = createRelayMemory();
    const udp = relayOf(memory, 'udp');
    const unix = relayOf(memory, 'unixgram');
    udp.take(room + 3);
    unix.take(2);
    await nextTurn();
    expect([udp.posted.length, unix.posted.length]).toEqual([room, 0]);
    expect(lossesOfRelay(memory)).toEqual({ refused: { udp: 3, unixgram: 2 }, dropped: 0 });
    releaseRelayed(memory, udp.posted);
    unix.take(1);
    await nextTurn();
    expect(unix.posted.length).toBe(1);
    const losses = lossesOfRelay(memory);
    expect(losses.refused).toEqual({ udp: 3, unixgram: 2 });
    // All that came: what the thread received, and what never reached it.
    const received = receivedOf({ udp: room, unix: 7, unixgram: 1 }, losses);
    expect(received).toEqual({ udp: room + 3, unix: 7, unixgram: 3 });
  });
});
