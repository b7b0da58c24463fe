/**
 * DogStatsD as the main thread sees it. Its own thread costs some 25 MB, so it begins with the
 * first datagram: until it listens, the main thread holds the port and keeps what comes.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import { createRelayMemory, DatagramRelay, type RelayedSocket } from './datagram-relay.ts';
import type { LaneLog } from './lane/lane-types.ts';
import type { OwnTarget } from './own-post.ts';
import { type Datagrams, openDatagrams, probeDatagrams } from './receive/datagrams.ts';
import type { Address } from './receive/listen.ts';
import { openUnixDatagrams, type UnixDatagrams } from './receive/unix-datagrams.ts';
import { type RunningWorker, startWorker } from './running-worker.ts';
import { createCounterMemory } from './telemetry/counters.ts';

export type DogstatsdThread = {
  readonly memory: SharedArrayBuffer;
  /** Absent when nobody listens for datagrams. */
  readonly udp: Address | undefined;
  /** Rejects when the thread fails. */
  readonly failed: Promise<never>;
  readonly stop: (graceMs: number) => Promise<void>;
};

type Parts = { readonly clock: Clock; readonly log: LaneLog };

const bufferBytes = 1024 ** 2;
/** How long the port is still held when the thread listens: what is on the way arrives. */
const handOverMs = 50;

/** Undefined where nobody listens. */
export async function startDogstatsd(
  config: GatewayConfig,
  target: OwnTarget,
  parts: Parts,
): Promise<DogstatsdThread | undefined> {
  const { dogstatsd, dogstatsdStream, dogstatsdDatagram, dataDir } = config;
  if (!(dogstatsd ?? dogstatsdStream ?? dogstatsdDatagram)) return undefined;
  const address = dogstatsd && (await probeDatagrams(dogstatsd));
  const memory = createCounterMemory();
  const relayMemory = createRelayMemory();
  const failing = Promise.withResolvers<never>();
  failing.promise.catch(() => {});
  let running: RunningWorker | undefined;
  const begin = async (udp: Address | undefined): Promise<Address | undefined> => {
    const start = {
      config: { ...config, dogstatsd: udp },
      counterMemory: memory,
      relayMemory,
      target,
    };
    running = startWorker({ program: 'dogstatsd-worker', name: 'DogStatsD' }, start, parts);
    running.stopped.catch(failing.reject);
    return (await running.ready).udp;
  };
  // A thread that starts finds what was posted when it listens.
  const relayOf = (socket: RelayedSocket): DatagramRelay =>
    new DatagramRelay(relayMemory, socket, (datagrams) =>
      running?.post({ kind: 'datagrams', socket, datagrams }),
    );
  const isWaiting = dogstatsdStream === undefined && dogstatsdDatagram === undefined;
  // What an earlier gateway left is brought to its end.
  const hasLog = existsSync(join(dataDir, 'dogstatsd'));
  // First, because a socket that somebody else has is a reason not to start.
  const unix =
    dogstatsdDatagram === undefined
      ? undefined
      : await relayUnix(dogstatsdDatagram, relayOf('unixgram'), parts);
  let held: Datagrams | undefined;
  let udp: Address | undefined;
  if (address !== undefined && isWaiting && !hasLog) {
    held = await hold(address, relayOf('udp'), begin, parts.clock);
    udp = held.address;
  } else udp = await begin(address);
  return {
    memory,
    udp,
    failed: failing.promise,
    stop: async (graceMs) => {
      await held?.close();
      await unix?.close();
      running?.stop(graceMs);
      await running?.stopped.catch(() => {});
    },
  };
}

/** Reads Unix datagrams for the thread; undefined, and said, where the addon is missing. */
async function relayUnix(
  path: string,
  relay: DatagramRelay,
  { log }: Parts,
): Promise<UnixDatagrams | undefined> {
  const unix = await openUnixDatagrams(path, (datagram) => relay.take(datagram));
  if (unix === undefined) {
    log('warn', noAddon);
    return undefined;
  }
  const close = async (): Promise<void> => {
    await unix.close();
    relay.flush();
  };
  return { close };
}

const noAddon =
  'dogstatsd: --dogstatsd-datagram needs the optional package unix-dgram, ' +
  'which is not installed: Node has no Unix datagram sockets; ' +
  'use --dogstatsd-stream, or npm install unix-dgram';

/**
 * Holds the port; the first datagram begins the thread, which is given what came meanwhile. Senders
 * that began before the thread listened stay with this socket while it takes anything, so it turns
 * them away, and is closed when nothing waits in it: what it would take along nobody would count.
 */
async function hold(
  address: Address,
  relay: DatagramRelay,
  begin: (udp: Address) => Promise<unknown>,
  clock: Clock,
): Promise<Datagrams> {
  let isClosed = false;
  let hasBegun = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    relay.setDropped(datagrams.kernel()?.drops ?? 0);
    await datagrams.close();
    relay.flush();
  };
  const handOver = async (): Promise<void> => {
    await begin(datagrams.address);
    // Where that cannot be, a quiet moment has to do.
    await datagrams.turnAway().catch(() => {});
    while (!isClosed) {
      await clock.sleep(handOverMs);
      const kernel = datagrams.kernel();
      relay.setDropped(kernel?.drops ?? 0);
      if (kernel === undefined || kernel.waitingBytes === 0) await close();
    }
  };
  const datagrams: Datagrams = await openDatagrams(address, bufferBytes, (datagram) => {
    relay.take(Uint8Array.from(datagram));
    if (hasBegun) return;
    hasBegun = true;
    // What goes wrong is told by whoever waits for the thread's failure.
    handOver().catch(() => {});
  });
  return { ...datagrams, close };
}
