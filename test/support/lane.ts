/** A lane for tests: the real log in a real directory, the real decoder and insert client. */
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Answer, Submission } from '../../gateway/answer.ts';
import { createOpenBlocks } from '../../gateway/decode/blocks.ts';
import { decodeInto } from '../../gateway/decode/decode.ts';
import { openDeadLetter } from '../../gateway/deliver/dead-letter.ts';
import { createDestination } from '../../gateway/deliver/destination.ts';
import { createInsertClient } from '../../gateway/deliver/insert-client.ts';
import { createShards } from '../../gateway/deliver/shards.ts';
import type { LogShares } from '../../gateway/guard/log-shares.ts';
import { destinationName, Lane } from '../../gateway/lane/lane.ts';
import {
  type LaneLimits,
  type LaneParts,
  laneLimitsDefault,
} from '../../gateway/lane/lane-types.ts';
import type { Resends } from '../../gateway/lane/resends.ts';
import { createCounterMemory } from '../../gateway/telemetry/counters.ts';
import { LaneCounters } from '../../gateway/telemetry/lane-counters.ts';
import { openWal } from '../../gateway/wal/wal.ts';
import type { WalFs } from '../../gateway/wal/wal-fs.ts';
import type { Wal } from '../../gateway/wal/wal-types.ts';
import { logsRequest, tracesRequest } from '../crash/payload.ts';

export type TestLane = {
  readonly lane: Lane;
  readonly wal: Wal;
  readonly logId: string;
  readonly talk: readonly string[];
  /** The lane's counters, as they stand. */
  readonly counters: Float64Array;
  /** Spans `first` to `first + count - 1`; the span id tells which. */
  readonly sendSpans: (first: number, count: number) => Promise<Answer>;
  readonly sendLogs: (first: number, count: number) => Promise<Answer>;
  /** Closes the log without delivering more. */
  readonly close: () => Promise<void>;
};

export type TestLaneOptions = {
  readonly dir: string;
  readonly clickhouseUrl: string;
  /** Of further shards. */
  readonly moreShards?: readonly string[];
  readonly database: string;
  readonly limits?: Partial<LaneLimits>;
  readonly fs?: WalFs;
  /** Of the log, beside ClickHouse. */
  readonly moreDestinations?: readonly string[];
  readonly sizeBytesMax?: number;
  readonly clock?: Clock;
  readonly order?: 'oldest' | 'newest';
  readonly resends?: Resends;
  readonly throttles?: LaneParts['throttles'];
  readonly redaction?: LaneParts['redaction'];
  readonly shares?: LogShares;
  readonly series?: LaneParts['series'];
};

const recordBytesMax = 1024 ** 2;
const tickMs = 20;

export async function openTestLane(options: TestLaneOptions): Promise<TestLane> {
  const clock = options.clock ?? systemClock;
  const { wal, logId } = await openWal({
    dir: `${options.dir}/lane`,
    clock,
    sizeBytesMax: options.sizeBytesMax ?? 256 * 1024 ** 2,
    recordBytesMax,
    destinations: [destinationName, ...(options.moreDestinations ?? [])],
    ...(options.fs !== undefined && { fs: options.fs }),
  });
  const { database, clickhouseUrl, moreShards = [] } = options;
  const clients = [clickhouseUrl, ...moreShards].map((url) =>
    createInsertClient({ url, database, connectionsMax: 10 }),
  );
  const talk: string[] = [];
  const counterMemory = createCounterMemory();
  const lane = new Lane({
    id: logId,
    gateway: 'test',
    wal,
    decoder: {
      createBlocks: (shards = clients.length) => createOpenBlocks({ shards }),
      decode: decodeInto,
    },
    shards: createShards(
      clients.map((client) =>
        createDestination({ client, database, insertTimeoutMs: 20_000, clock }),
      ),
    ),
    deadLetter: openDeadLetter({
      directory: `${options.dir}/dead-letter`,
      gateway: 'test',
      lane: logId,
    }),
    order: options.order ?? 'oldest',
    clock,
    random: () => 0.1,
    counters: new LaneCounters(counterMemory),
    resends: options.resends,
    throttles: options.throttles,
    redaction: options.redaction,
    shares: options.shares,
    series: options.series,
    limits: { ...laneLimitsDefault, sealAgeMsMax: 50, ...options.limits },
    log: (level, message) => void talk.push(`${level}: ${message}`),
  });
  await lane.recover();
  const ticking = clock.every(tickMs, () => lane.tick());
  const send = (signal: Submission['signal'], wire: Uint8Array): Promise<Answer> =>
    lane.submit({
      signal,
      transport: 'http',
      contentType: 'protobuf',
      contentEncoding: 'identity',
      tenant: '',
      wire,
      body: wire,
    });
  return {
    ...{ lane, wal, logId },
    talk,
    counters: new Float64Array(counterMemory),
    sendSpans: (first, count) => send('traces', tracesRequest(first, count)),
    sendLogs: (first, count) => send('logs', logsRequest(first, count)),
    close: async () => {
      ticking.cancel();
      const closing = lane.close();
      for (const client of clients) client.destroy();
      await closing;
    },
  };
}
