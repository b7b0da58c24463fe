/** What a lane is given: its log, its decoder, its destinations, time and counters. */
import { defaultRetentionDays } from '../../clickhouse/ddl.ts';
import type { Clock } from '../../core/clock.ts';
import type { Signal } from '../answer.ts';
import type { Blocks } from '../decode/blocks.ts';
import type { DecodeInput, DecodeResult } from '../decode/decode-types.ts';
import type { DeadLetter } from '../deliver/dead-letter.ts';
import type { DeliveryOrder } from '../deliver/delivery.ts';
import type { Shards } from '../deliver/shards.ts';
import type { LogShares } from '../guard/log-shares.ts';
import type { SeriesGuard } from '../guard/series-guard.ts';
import type { Redaction } from '../redact/redaction.ts';
import type { Throttles } from '../sampling/throttle.ts';
import type { LaneCounters } from '../telemetry/lane-counters.ts';
import type { Wal } from '../wal/wal-types.ts';
import type { Resends } from './resends.ts';

type Decoder = {
  /** For as many shards as the gateway has now, or as a seal was made for. */
  readonly createBlocks: (shards?: number) => Blocks;
  readonly decode: (blocks: Blocks, input: DecodeInput) => DecodeResult;
};

export type LaneLimits = {
  /** A seal is written when the open blocks hold this many rows … */
  readonly sealRowsMax: number;
  /** … or this many bytes … */
  readonly sealBytesMax: number;
  /** … or would else be older than this when ClickHouse has them (see `seal-pace.ts`). */
  readonly sealAgeMsMax: number;
  /** Inflated bytes of one request. */
  readonly bodyBytesMax: number;
  /** How long the tables keep items; older ones are rejected, or they would be lost in silence. */
  readonly retentionDays: Readonly<Record<Signal, number>>;
};

export const laneLimitsDefault: LaneLimits = {
  sealRowsMax: 60_000,
  sealBytesMax: 48 * 1024 ** 2,
  sealAgeMsMax: 1_500,
  bodyBytesMax: 64 * 1024 ** 2,
  retentionDays: retentionDaysOf({}),
};

/** By signal, the tables' defaults where nothing is given. */
export function retentionDaysOf(given: Partial<Record<Signal, number>>): Record<Signal, number> {
  const { traces, logs, metrics } = defaultRetentionDays;
  return { traces, logs, metrics, ...given };
}

/** Something a person should read; goes to stderr through the gateway's log. */
export type LaneLog = (level: 'info' | 'warn' | 'error', message: string) => void;

export type LaneParts = {
  readonly id: string;
  readonly gateway: string;
  readonly wal: Wal;
  readonly decoder: Decoder;
  readonly shards: Shards;
  readonly deadLetter: DeadLetter;
  readonly order: DeliveryOrder;
  readonly clock: Clock;
  readonly random: () => number;
  readonly counters: LaneCounters;
  readonly limits: LaneLimits;
  /** Absent: the same bytes are stored as often as they come. */
  readonly resends: Resends | undefined;
  /** How much of the log each tenant fills; absent without limits. */
  readonly shares?: LogShares | undefined;
  /** Told how many items a request held, for the tenant's quota. */
  readonly onDecoded?: (tenant: string, items: number) => void;
  /** Absent: nobody's series are limited. */
  readonly series?: SeriesGuard | undefined;
  /** Absent: everything is kept. */
  readonly throttles?: Throttles | undefined;
  /** Absent: requests are logged and stored as they came. */
  readonly redaction?: Redaction | undefined;
  readonly log: LaneLog;
  /** Fault injection for tests: called at named points, may never return. */
  readonly at?: (point: 'durable' | 'sealed' | 'inserted') => void;
};
