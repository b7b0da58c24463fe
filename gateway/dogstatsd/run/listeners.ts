/** Where DogStatsD comes from: UDP and Unix streams; Unix datagrams come by the main thread. */
import type { Clock } from '../../../core/clock.ts';
import type { RelayedSocket } from '../../datagram-relay.ts';
import { type Datagrams, openDatagrams } from '../../receive/datagrams.ts';
import type { Address } from '../../receive/listen.ts';
import { openPacketStream, type PacketStream } from '../../receive/packet-stream.ts';
import type { DogstatsdService } from './service.ts';

type ListenerOptions = {
  readonly udp: Address | undefined;
  readonly stream: string | undefined;
  readonly say: (level: 'info' | 'warn', text: string) => void;
};

type Source = 'udp' | 'unix' | 'unixgram';

export type Listeners = {
  readonly udp: Address | undefined;
  /** Datagrams and packets that came, by where from. */
  readonly received: Readonly<Record<Source, number>>;
  readonly kernelDrops: () => number | undefined;
  /** Datagrams that the main thread received. */
  readonly takeOver: (datagrams: readonly Uint8Array[], socket: RelayedSocket) => void;
  readonly close: () => Promise<void>;
};

/** The largest datagram there is. */
const packetBytesMax = 65_535;
const bufferBytes = 8 * 1024 ** 2;
const behindCheckMs = 20;

export async function startListeners(
  service: DogstatsdService,
  clock: Clock,
  options: ListenerOptions,
): Promise<Listeners> {
  const { udp, stream, say } = options;
  const received = { udp: 0, unix: 0, unixgram: 0 };
  const from = (source: Source) => (bytes: Uint8Array) => {
    received[source] += 1;
    service.take(bytes);
  };
  const onTooLarge = (): void => say('warn', 'a DogStatsD stream lost its place and was ended');
  const opened: { readonly close: () => Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    await Promise.all(opened.map((listener) => listener.close()));
  };
  try {
    let datagrams: Datagrams | undefined;
    if (udp !== undefined) {
      datagrams = await openDatagrams(udp, bufferBytes, from('udp'));
      opened.push(datagrams);
      adviseOnBuffer(datagrams.bufferBytes, say);
    }
    if (stream !== undefined) {
      const packets = await openPacketStream(stream, packetBytesMax, from('unix'), onTooLarge);
      opened.push(packets, holdWhileBehind(packets, service, clock));
    }
    const kernelDrops = (): number | undefined => datagrams?.kernel()?.drops;
    const takeOver: Listeners['takeOver'] = (list, socket) => list.forEach(from(socket));
    return { udp: datagrams?.address, received, kernelDrops, takeOver, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Linux tells twice what it was asked for, and gives no more than net.core.rmem_max. */
function adviseOnBuffer(givenBytes: number, say: ListenerOptions['say']): void {
  if (givenBytes >= bufferBytes) return;
  const given = `${Math.round(givenBytes / 1024)} KiB`;
  say(
    'info',
    `the UDP receive buffer has ${given}; net.core.rmem_max of 8388608 lets bursts through`,
  );
}

/** A stream can wait where a datagram cannot. */
function holdWhileBehind(
  packets: PacketStream,
  service: DogstatsdService,
  clock: Clock,
): { readonly close: () => Promise<void> } {
  let isHeld = false;
  const timer = clock.every(behindCheckMs, () => {
    if (service.isBehind === isHeld) return;
    isHeld = !isHeld;
    packets.pause(isHeld);
  });
  return { close: async () => timer.cancel() };
}
