/** A port that goes from one socket to another while datagrams come. */
import { createSocket } from 'node:dgram';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { openDatagrams } from './datagrams.ts';

const bufferBytes = 4 * 1024 ** 2;
const senders = 32;
const rounds = 40;
/** What is lost does not come later either. */
const waitMsMax = 20_000;

it.each(['127.0.0.1', '::1', '0.0.0.0', '::'])(
  'a socket at %s that turns away leaves everything to the other, and loses nothing',
  async (host) => {
    const taken = { old: 0, young: 0 };
    const old = await openDatagrams({ host, port: 0 }, bufferBytes, () => {
      taken.old += 1;
    });
    const young = await openDatagrams(old.address, bufferBytes, () => {
      taken.young += 1;
    });
    const to = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
    const type = to.includes(':') ? 'udp6' : 'udp4';
    const sockets = Array.from({ length: senders }, () => createSocket(type));
    const round = (): Promise<unknown> =>
      Promise.all(
        sockets.map(
          (socket) =>
            new Promise<void>((resolve) =>
              socket.send('one', old.address.port, to, () => resolve()),
            ),
        ),
      );
    const untilTaken = async (count: number): Promise<void> => {
      const endMs = Date.now() + waitMsMax;
      while (taken.old + taken.young < count && Date.now() < endMs) await pause(10);
    };
    for (let index = 0; index < rounds / 2; index += 1) await round();
    // Each sender stays with one of the two.
    const turning = old.turnAway();
    for (let index = 0; index < rounds / 2; index += 1) await round();
    await turning;
    await untilTaken(senders * rounds);
    const { old: before } = taken;
    expect(before).toBeGreaterThan(0);
    for (let index = 0; index < rounds; index += 1) await round();
    await untilTaken(senders * rounds * 2);
    expect(taken).toEqual({ old: before, young: senders * rounds * 2 - before });
    await Promise.all([old.close(), young.close()]);
    for (const socket of sockets) socket.close();
  },
);
