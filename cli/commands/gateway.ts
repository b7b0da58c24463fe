/** `obsctl gateway`: telemetry in by OTLP, kept in a log on disk, delivered to ClickHouse once. */
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import { formatBytes, parseBytes, parseDurationMs } from '../../core/units.ts';
import type { GatewayConfig } from '../../gateway/config.ts';
import type { DecodeCore } from '../../gateway/decode/wasm/core.ts';
import type { GrpcFraming } from '../../gateway/receive/call-stream.ts';
import { addressText, parseAddress } from '../address.ts';
import { type ArchiveOptions, addArchiveOptions, archiveConfigOf } from '../archive-options.ts';
import type { CliContext } from '../context.ts';
import { addDataOptions, type DataOptions, dataConfigOf, dataOfStack } from '../data-options.ts';
import { addDeliveryOptions, type DeliveryOptions, deliveryConfigOf } from '../delivery-options.ts';
import {
  addGuardOptions,
  type GuardOptions,
  guardConfigOf,
  guardOfStack,
} from '../guard-options.ts';
import { parseCount, parseOption } from '../parse-option.ts';
import { addProtocolOptions, type ProtocolOptions, protocolConfigOf } from '../protocol-options.ts';
import { parseRetention } from '../retention.ts';
import { parseShards } from '../shards.ts';
import { version } from '../version.ts';

type GatewayCommandOptions = GuardOptions &
  DeliveryOptions &
  ArchiveOptions &
  DataOptions &
  ProtocolOptions & {
    readonly file?: string;
    readonly clickhouse?: string;
    readonly database?: string;
    readonly dataDir?: string;
    readonly otlpGrpc?: string;
    readonly otlpHttp?: string;
    readonly admin?: string;
    readonly workers?: string;
    readonly walSize?: string;
    readonly grace?: string;
    readonly resendWindow?: string;
    readonly telemetryInterval?: string;
    readonly retention?: string;
    readonly crashAt?: string;
    readonly drain?: boolean;
    readonly migrate: boolean;
    readonly json?: boolean;
  };

const workersMax = 64;
const walShare = 0.9;

/**
 * Each socket read is memory outside V8's heap, and V8 answers every 64 MiB of that by marking a
 * heap of 13 MB, on threads of its own: a quarter of the gateway's CPU. Short-lived buffers are
 * freed by scavenges anyway, and V8 still collects fully when memory runs short
 * (docs/performance.md, section Gateway).
 */
const markWhenNeeded = '--no-incremental-marking';

export function registerGateway(program: Command, context: CliContext): void {
  const command = program
    .command('gateway')
    .description('receive OTLP, keep it in a log on disk, deliver it to ClickHouse once')
    .option('-f, --file <file>', 'stack file; its keys `clickhouse` and `gateway` are used')
    .option(
      '--clickhouse <url>',
      "HTTP interface of ClickHouse, 'URL|URL,URL|URL': | between replicas, commas between" +
        ' shards; CLICKHOUSE_URL (default: http://127.0.0.1:8123)',
    )
    .option('--database <name>', 'database of the tables (default: otel)')
    .option(
      '--data-dir <dir>',
      'where the log is kept; one gateway a directory (default: obsctl-data/gateway)',
    )
    .option(
      '--otlp-grpc <address>',
      'OTLP over gRPC; port 0 takes a free one (default: 127.0.0.1:4317)',
    )
    .option(
      '--otlp-http <address>',
      'OTLP over HTTP; port 0 takes a free one (default: 127.0.0.1:4318)',
    )
    .option(
      '--admin <address>',
      '/livez, /readyz, /metrics; port 0 takes a free one (default: 127.0.0.1:8890)',
    )
    .option(
      '--workers <n>',
      'worker threads, each with a log of its own ' +
        '(default: 1 on up to two cores, else half the cores, at most 4)',
    )
    .option('--wal-size <bytes>', 'what the log may use before requests are refused (default: 4Gi)')
    .option(
      '--resend-window <duration>',
      'how long the same bytes are stored only once; 0s: as often as they come (default: 10m)',
    )
    .option('--grace <duration>', 'how long SIGTERM waits for delivery (default: 10s)')
    .option(
      '--telemetry-interval <duration>',
      'how often it reports about itself; 0s: never (default: 10s)',
    )
    .option(
      '--retention <list>',
      'how long tables keep items (default: traces=7d,logs=7d,metrics=30d)',
    )
    .option('--drain', 'deliver what the data directory holds, without listening, and exit')
    .option('--no-migrate', 'leave the schema of ClickHouse as it is')
    .option('--json', 'print the chosen addresses on stdout as one JSON line when ready')
    .addHelpText(
      'after',
      '\nThe user and password of ClickHouse come from CLICKHOUSE_USER and CLICKHOUSE_PASSWORD,\n' +
        'or from the files that CLICKHOUSE_USER_FILE and CLICKHOUSE_PASSWORD_FILE name.\n' +
        '\nExample:\n  obsctl gateway --clickhouse http://127.0.0.1:8123 --data-dir ./gateway\n' +
        '  curl http://127.0.0.1:8890/readyz\n',
    )
    .action((options: GatewayCommandOptions) => runGateway(options, context));
  addDeliveryOptions(command);
  addArchiveOptions(command);
  addDataOptions(command);
  addProtocolOptions(command);
  addGuardOptions(command);
}

async function runGateway(options: GatewayCommandOptions, context: CliContext): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString(markWhenNeeded);
  const config = await configOf(options, context);
  const { startGateway, drainGateway } = await import('../../gateway/gateway.ts');
  const parts = {
    clock: systemClock,
    env: context.env,
    version,
    log: (level: string, message: string) => context.stderr(`${level}: ${message}\n`),
  };
  if (options.drain === true) {
    const left = await drainGateway(config, parts, context.signal);
    if (left > 0) {
      const text = `${formatBytes(left)} of the log are not delivered yet`;
      throw new Problem('OBS-2041', text, { where: config.dataDir, reach: 'outside' });
    }
    context.stderr('everything in the log is delivered\n');
    return;
  }
  const gateway = await startGateway(config, parts);
  const announced = {
    otlp_grpc: addressText(gateway.otlpGrpc),
    otlp_http: addressText(gateway.otlpHttp),
    ...(gateway.dogstatsd !== undefined && { dogstatsd: addressText(gateway.dogstatsd) }),
    admin: addressText(gateway.admin),
    pid: process.pid,
  };
  if (options.json === true) context.stdout(`${JSON.stringify(announced)}\n`);
  const udp = announced.dogstatsd === undefined ? '' : `DogStatsD ${announced.dogstatsd}/udp, `;
  context.stderr(
    `gateway: OTLP/gRPC ${announced.otlp_grpc}, OTLP/HTTP ${announced.otlp_http}, ${udp}` +
      `admin http://${announced.admin}\n`,
  );
  // A worker that failed takes the others along, and `stop` throws its failure: half a gateway is
  // worse than one that is started again.
  await Promise.race([stopRequested(context.signal), gateway.failed.catch(() => {})]);
  const left = await gateway.stop();
  if (left > 0) context.stderr(`gateway: ${formatBytes(left)} stay in the log until next time\n`);
}

async function configOf(
  options: GatewayCommandOptions,
  context: CliContext,
): Promise<GatewayConfig> {
  const { gatewayConfigDefault } = await import('../../gateway/config.ts');
  const base = gatewayConfigDefault();
  const file =
    options.file === undefined ? {} : await fromStackFile(options.file, options, context);
  const given = {
    ...serversOf(options.clickhouse ?? context.env['CLICKHOUSE_URL']),
    clickhouseUser: context.env['CLICKHOUSE_USER'],
    clickhousePassword: context.env['CLICKHOUSE_PASSWORD'],
    clickhouseUserFile: context.env['CLICKHOUSE_USER_FILE'],
    clickhousePasswordFile: context.env['CLICKHOUSE_PASSWORD_FILE'],
    dataDir: options.dataDir,
    otlpGrpc: parseOption('--otlp-grpc', options.otlpGrpc, parseAddress, 'HOST:PORT'),
    otlpHttp: parseOption('--otlp-http', options.otlpHttp, parseAddress, 'HOST:PORT'),
    admin: parseOption('--admin', options.admin, parseAddress, 'HOST:PORT'),
    workers: parseOption('--workers', options.workers, parseWorkers, `1 to ${workersMax}`),
    walBytesMax: parseOption('--wal-size', options.walSize, parseBytes, 'a size such as 4Gi'),
    resendWindowMs: parseOption(
      '--resend-window',
      options.resendWindow,
      parseDurationMs,
      'a duration such as 10m',
    ),
    graceMs: parseOption('--grace', options.grace, parseDurationMs, 'a duration such as 10s'),
    telemetryIntervalMs: parseOption(
      '--telemetry-interval',
      options.telemetryInterval,
      parseDurationMs,
      'a duration such as 10s',
    ),
    retentionDays: retentionOf(options.retention),
    grpcFraming: parseOption(
      'OBSCTL_GRPC_FRAMING',
      context.env['OBSCTL_GRPC_FRAMING'],
      (text): GrpcFraming | undefined => (text === 'own' || text === 'node' ? text : undefined),
      'own or node',
    ),
    decodeCore: parseOption(
      'OBSCTL_DECODE_CORE',
      context.env['OBSCTL_DECODE_CORE'],
      (text): DecodeCore | undefined => (text === 'wasm' || text === 'plain' ? text : undefined),
      'wasm or plain',
    ),
    crashAt: context.env['OBSCTL_CRASH_AT'],
  };
  const delivery = defined(deliveryConfigOf(options, context.env));
  const archive = defined(archiveConfigOf(options));
  const data = defined(await dataConfigOf(options, context.env));
  const guard = defined(guardConfigOf(options));
  const protocols = protocolConfigOf(options, context.env);
  return {
    ...base,
    ...file,
    ...defined(given),
    ...delivery,
    ...archive,
    ...data,
    ...protocols,
    ...guard,
    ...defined({ database: options.database }),
    migrate: options.migrate,
  };
}

/** A URL's path names the database, as everywhere in obsctl. */
function serversOf(
  text: string | undefined,
): Partial<Pick<GatewayConfig, 'clickhouseShards' | 'database'>> {
  if (text === undefined) return {};
  const { shards, database } = parseShards(text);
  return { clickhouseShards: shards, ...defined({ database }) };
}

/** Undefined when nothing was asked, so that the stack file's word stands. */
function retentionOf(text: string | undefined): GatewayConfig['retentionDays'] | undefined {
  return text === undefined ? undefined : parseRetention(text, ['traces', 'logs', 'metrics']);
}

/** What a stack file says of the gateway; every other key of it is checked and left alone. */
async function fromStackFile(
  path: string,
  options: GatewayCommandOptions,
  context: CliContext,
): Promise<Partial<GatewayConfig>> {
  const { readStack } = await import('../stack-file.ts');
  const { clickhouse, gateway } = await readStack(path, context);
  const bytes = parseBytes(gateway.volume);
  const { retention } = clickhouse;
  const names = Object.entries(retention).map(([name, days]) => `${name}=${days}`);
  return {
    ...(clickhouse.mode === 'external' &&
      clickhouse.url !== undefined && {
        database: clickhouse.database,
        ...serversOf(clickhouse.url),
      }),
    ...defined({
      retentionDays: retentionOf(names.join(',')),
      workers: gateway.workers,
      graceMs: parseDurationMs(gateway.grace),
    }),
    ...dataOfStack(gateway),
    // A drain lets nobody in.
    ...(options.drain !== true && guardOfStack(gateway, options)),
    profile: clickhouse.profile,
    // A tenth of the volume is left for dead letters and the file system.
    ...(bytes !== undefined && { walBytesMax: Math.floor(bytes * walShare) }),
  };
}

function parseWorkers(text: string): number | undefined {
  const workers = parseCount(text);
  return workers === undefined || workers > workersMax ? undefined : workers;
}

function defined<Value extends object>(
  value: Value,
): { [Key in keyof Value]: NonNullable<Value[Key]> } {
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Value]: NonNullable<Value[Key]> };
}

function stopRequested(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
