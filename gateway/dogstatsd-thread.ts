/**
 * DogStatsD as the main thread sees it. Its own thread costs some 25 MB, so it begins with the
 * first datagram: until it listens, the main thread holds the port and keeps what comes.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import type { LaneLog } from './lane/lane-types.ts';
import type { OwnTarget } from './own-post.ts';
import { type Datagrams, openDatagrams, probeDatagrams } from './receive/datagrams.ts';
import type { Address } from './receive/listen.ts';
import { openUnixDatagrams, type UnixDatagrams } from './receive/unix-datagrams.ts';
import { type RunningWorker, startWorker } from './running-worker.ts';
import { createCounterMemory } from './telemetry/counters.ts';
import { createRelayMemory, UnixRelay } from './unix-relay.ts';

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
/** What is kept while the thread starts; more is lost, like what the kernel has no room for. */
const keptMax = 4_096;
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
  const isWaiting = dogstatsdStream === undefined && dogstatsdDatagram === undefined;
  // What an earlier gateway left is brought to its end.
  const hasLog = existsSync(join(dataDir, 'dogstatsd'));
  // First, because a socket that somebody else has is a reason not to start.
  const unix =
    dogstatsdDatagram === undefined
      ? undefined
      : await relayUnix(dogstatsdDatagram, relayMemory, () => running, parts);
  let held: Datagrams | undefined;
  let udp: Address | undefined;
  if (address !== undefined && isWaiting && !hasLog) {
    held = await hold(address, begin, () => running, parts.clock);
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
  memory: SharedArrayBuffer,
  running: () => RunningWorker | undefined,
  { log }: Parts,
): Promise<UnixDatagrams | undefined> {
  const relay = new UnixRelay(memory, (datagrams) =>
    running()?.post({ kind: 'datagrams', socket: 'unixgram', datagrams }),
  );
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

/** Holds the port; the first datagram begins the thread, which is given what came meanwhile. */
async function hold(
  address: Address,
  begin: (udp: Address) => Promise<unknown>,
  running: () => RunningWorker | undefined,
  clock: Clock,
): Promise<Datagrams> {
  let kept: Uint8Array[] = [];
  let isListening = false;
  const hand = (): void => {
    const worker = running();
    if (!isListening || worker === undefined) return;
    worker.post({ kind: 'datagrams', socket: 'udp', datagrams: kept });
    kept = [];
  };
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    hand();
    await datagrams.close();
  };
  const datagrams: Datagrams = await openDatagrams(address, bufferBytes, (datagram) => {
    const isFirst = running() === undefined;
    if (kept.length < keptMax) kept.push(Uint8Array.from(datagram));
    if (!isFirst) {
      hand();
      return;
    }
    void begin(datagrams.address).then(
      async () => {
        isListening = true;
        hand();
        await clock.sleep(handOverMs);
        await close();
      },
      // Told by whoever waits for the thread's failure.
      () => {},
    );
  });
  return { ...datagrams, close };
}
