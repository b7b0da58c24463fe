/** What a rate of events needs: cores, disk and servers, from {@link figures}. Pure. */
import { type Figures, figures, type Signal, signals } from './figures.ts';

export type Question = {
  readonly eventsPerSecond: number;
  /** Shares; only how they relate counts. */
  readonly mix: Readonly<Record<Signal, number>>;
  readonly retentionDays: Readonly<Record<Signal, number>>;
  readonly replicas: number;
  /** Of one ClickHouse server. */
  readonly coresPerServer: number;
  /** How long ClickHouse may be away and nothing is refused. */
  readonly outageMs: number;
};

type SignalEstimate = {
  readonly signal: Signal;
  readonly perSecond: number;
  readonly bytesPerRow: number;
  readonly bytesPerDay: number;
  readonly retentionDays: number;
  readonly bytesKept: number;
  /** Busy, on average. */
  readonly gatewayCores: number;
  readonly engineCores: number;
  readonly logBytes: number;
};

export type Estimate = {
  readonly signals: readonly SignalEstimate[];
  readonly gateways: {
    readonly count: number;
    readonly coresEach: number;
    /** Volume of each, for the outage while another one is away. */
    readonly volumeBytesEach: number;
  };
  readonly clickhouse: {
    readonly shards: number;
    readonly replicas: number;
    readonly coresEach: number;
    readonly diskBytesEach: number;
  };
};

const secondsPerDay = 86_400;
const million = 1e6;
/** Peaks, queries and a merge at the wrong time: so much more than the average. */
const headroom = 2;
const coresPerGateway = 2;
/** One may be away: restarted, moved or broken. */
const gatewaysMin = 2;
/** A disk that is fuller than this has no room for merges. */
const diskFullMax = 0.7;

export function estimate(question: Question): Estimate {
  const all = signals.map((signal) => estimateSignal(signal, question));
  const sum = (key: 'gatewayCores' | 'engineCores' | 'bytesKept' | 'logBytes'): number =>
    all.reduce((total, one) => total + one[key], 0);
  const gateways = Math.max(
    gatewaysMin,
    Math.ceil((sum('gatewayCores') * headroom) / coresPerGateway) + 1,
  );
  const shards = Math.max(1, Math.ceil((sum('engineCores') * headroom) / question.coresPerServer));
  return {
    signals: all,
    gateways: {
      count: gateways,
      coresEach: coresPerGateway,
      volumeBytesEach: sum('logBytes') / (gateways - 1),
    },
    clickhouse: {
      shards,
      replicas: question.replicas,
      coresEach: question.coresPerServer,
      diskBytesEach: sum('bytesKept') / shards / diskFullMax,
    },
  };
}

function estimateSignal(signal: Signal, question: Question): SignalEstimate {
  const shares = signals.reduce((sum, one) => sum + question.mix[one], 0);
  const perSecond = (question.eventsPerSecond * question.mix[signal]) / shares;
  const { gatewayCpu, engineCpu, rollupCpu, bytes, logBytes }: Figures = figures[signal];
  const total = (parts: readonly number[]): number => parts.reduce((sum, one) => sum + one, 0);
  const bytesPerRow = total(bytes);
  const bytesPerDay = perSecond * secondsPerDay * bytesPerRow;
  const retentionDays = question.retentionDays[signal];
  return {
    signal,
    perSecond,
    bytesPerRow,
    bytesPerDay,
    retentionDays,
    bytesKept: bytesPerDay * retentionDays,
    gatewayCores: (perSecond * gatewayCpu) / million,
    engineCores: (perSecond * (engineCpu + total(rollupCpu))) / million,
    logBytes: (perSecond * logBytes * question.outageMs) / 1000,
  };
}
