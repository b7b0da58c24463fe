/** The options of `obsctl gateway` for what is not OTLP. */
import { type Command, Option } from 'commander';
import { type IntervalSetting, readInterval } from '../core/intervals.ts';
import { Problem } from '../core/problem.ts';
import type { GatewayConfig } from '../gateway/config.ts';
import { parseAddress } from './address.ts';

export type ProtocolOptions = {
  readonly remoteWriteLabels?: GatewayConfig['remoteWriteLabels'];
  readonly opamp?: boolean;
  readonly dogstatsd?: string;
  readonly dogstatsdStream?: string;
  readonly dogstatsdDatagram?: string;
  readonly dogstatsdWindow?: string;
  readonly dogstatsdAggregates?: string;
  readonly dogstatsdPercentiles?: string;
  readonly dogstatsdWrapper?: string;
  readonly dogstatsdPlain?: boolean;
};

/** A window is stamped in whole milliseconds, and a day is more than anybody waits. */
const windowSetting: IntervalSetting = {
  key: '--dogstatsd-window',
  variable: 'OBSCTL_DOGSTATSD_WINDOW',
  defaultMs: 10_000,
  minMs: 100,
  maxMs: 86_400_000,
};

/** Behind the other options, in one group of the help. */
export function addProtocolOptions(command: Command): void {
  command
    .optionsGroup('Other protocols:')
    .addOption(
      new Option(
        '--remote-write-labels <where>',
        'where job and instance go: to the resource, or also to the attributes (default: otel)',
      ).choices(['otel', 'prometheus']),
    )
    .option('--no-opamp', 'do not answer reports of agents by OpAMP')
    .option('--dogstatsd <address>', 'DogStatsD over UDP, or off (default: 127.0.0.1:8125)')
    .option('--dogstatsd-stream <path>', 'the same over a Unix stream socket (default: none)')
    .option('--dogstatsd-datagram <path>', 'the same over a Unix datagram socket (default: none)')
    .option('--dogstatsd-window <duration>', 'how long values are brought together (default: 10s)')
    .option(
      '--dogstatsd-aggregates <list>',
      'what becomes of histograms (default: max,median,avg,count)',
    )
    .option('--dogstatsd-percentiles <list>', 'and which percentiles (default: 0.95)')
    .option(
      '--dogstatsd-wrapper <name>',
      'how windows become points: datadog, simple, or a module (default: datadog)',
    )
    .option('--dogstatsd-plain', 'plain StatsD: a gauge with a sign is a change');
}

/** Undefined where nothing was given. */
export function protocolConfigOf(
  options: ProtocolOptions,
  env: Readonly<Record<string, string | undefined>>,
): Partial<GatewayConfig> {
  const aggregates = options.dogstatsdAggregates ?? env['HISTOGRAM_AGGREGATES'];
  const percentiles = options.dogstatsdPercentiles ?? env['HISTOGRAM_PERCENTILES'];
  return {
    ...(options.remoteWriteLabels !== undefined && {
      remoteWriteLabels: options.remoteWriteLabels,
    }),
    ...(options.opamp === false && { opamp: false }),
    ...(options.dogstatsd !== undefined && { dogstatsd: listenerOf(options.dogstatsd) }),
    ...(options.dogstatsdStream !== undefined && { dogstatsdStream: options.dogstatsdStream }),
    ...(options.dogstatsdDatagram !== undefined && {
      dogstatsdDatagram: options.dogstatsdDatagram,
    }),
    // An option goes before the environment, as everywhere here.
    dogstatsdWindowMs: readInterval(
      windowSetting,
      options.dogstatsdWindow,
      options.dogstatsdWindow === undefined ? env : {},
    ),
    ...(aggregates !== undefined && { dogstatsdAggregates: aggregates }),
    ...(percentiles !== undefined && { dogstatsdPercentiles: percentiles }),
    ...(options.dogstatsdWrapper !== undefined && { dogstatsdWrapper: options.dogstatsdWrapper }),
    ...(options.dogstatsdPlain !== undefined && { dogstatsdPlain: options.dogstatsdPlain }),
  };
}

function listenerOf(text: string): GatewayConfig['dogstatsd'] {
  if (text === 'off') return undefined;
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new Problem('OBS-1003', `--dogstatsd ${text}: expected HOST:PORT or off`);
}
