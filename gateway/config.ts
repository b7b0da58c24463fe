/**
 * The gateway's settings with their defaults and descriptions. Plain data, so that it can be
 * handed to worker threads as it is; the reference page is drawn from {@link gatewaySettings}.
 */
import { availableParallelism } from 'node:os';
import { defaultDatabase, defaultTableOptions } from '../clickhouse/ddl.ts';
import type { ProfileName } from '../clickhouse/schema/profiles.ts';
import type { Signal } from './answer.ts';
import type { ArchiveCodec } from './archive/parquet-file.ts';
import type { InfluxStrings } from './decode/influx/parameters.ts';
import type { DecodeCore } from './decode/wasm/core.ts';
import type { DeliveryOrder } from './deliver/delivery.ts';
import type { InsertQuorum } from './deliver/quorum.ts';
import type { TenantQuotas } from './guard/tenants.ts';
import { laneLimitsDefault } from './lane/lane-types.ts';
import type { GrpcFraming } from './receive/call-stream.ts';
import { bytesInFlightMaxDefault } from './receive/limits.ts';
import type { Address } from './receive/listen.ts';
import type { RemoteWriteLabels } from './receive/remote-write-http.ts';
import { isPatternFault, parsePattern } from './redact/pattern.ts';
import { compileProgram } from './redact/program.ts';
import type { RedactionSettings } from './redact/rules.ts';
import type { SamplingSettings } from './sampling/throttle.ts';

/** Of each shard in order, the URLs of its replicas, any of which takes its rows; none is empty. */
export type ShardUrls = readonly (readonly string[])[];

export type GatewayConfig = {
  /** Of ClickHouse's HTTP interface, with user and password if they have them. */
  readonly clickhouseShards: ShardUrls;
  readonly clickhouseUser: string | undefined;
  readonly clickhousePassword: string | undefined;
  /** Files go before values, and are read again when they change. */
  readonly clickhouseUserFile: string | undefined;
  readonly clickhousePasswordFile: string | undefined;
  readonly database: string;
  readonly dataDir: string;
  /** Port 0 takes a free one. */
  readonly otlpGrpc: Address;
  readonly otlpHttp: Address;
  readonly admin: Address;
  /** What serves plain gRPC connections: our own HTTP/2, or `node:http2` as the fallback. */
  readonly grpcFraming: GrpcFraming;
  /** What decodes ordinary spans and log records. */
  readonly decodeCore: DecodeCore;
  /** Where job and instance of remote write go. */
  readonly remoteWriteLabels: RemoteWriteLabels;
  /** Whether reports of agents are answered, at `/v1/opamp` of the HTTP listener. */
  readonly opamp: boolean;
  /** UDP; absent: nobody listens for datagrams. */
  readonly dogstatsd: Address | undefined;
  /** Unix sockets for the same: a stream of packets, and datagrams. */
  readonly dogstatsdStream: string | undefined;
  readonly dogstatsdDatagram: string | undefined;
  /** How long a window of aggregation is. */
  readonly dogstatsdWindowMs: number;
  /** Aggregates and percentiles of histograms and timers, as they are typed. */
  readonly dogstatsdAggregates: string;
  readonly dogstatsdPercentiles: string;
  /** How windows become points: `datadog`, `simple`, or the path of a module. */
  readonly dogstatsdWrapper: string;
  /** Whether the lines are plain StatsD: signed gauges are changes. */
  readonly dogstatsdPlain: boolean;
  /** Certificate and key of both OTLP listeners; absent: plain. Read again when they change. */
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  /** Who signs senders' certificates; absent: senders need none. */
  readonly tlsClientCaFile: string | undefined;
  /** Absent: everybody may send. Read again when it changes. */
  readonly credentialsFile: string | undefined;
  /** Absent: everybody who reaches the admin listener may read its metrics. */
  readonly adminCredentialsFile: string | undefined;
  /** Networks whose clients may send; empty: all. */
  readonly allowFrom: readonly string[];
  /** Origins whose pages may send from a browser; empty: none. */
  readonly corsOrigins: readonly string[];
  /** What each tenant may send. */
  readonly tenants: TenantQuotas;
  /** How much of a flood becomes rows; empty: all of it. */
  readonly sampling: SamplingSettings;
  /** What becomes of string fields of Influx lines. */
  readonly influxStrings: InfluxStrings;
  /** What is taken out of requests before they are logged; no rules: nothing. */
  readonly redaction: RedactionSettings;
  /** The key of hashes; needed by rules that hash. */
  readonly redactionKeyFile: string | undefined;
  /** Worker threads, each with a log of its own. */
  readonly workers: number;
  /** Bytes that all logs together may use before requests are refused. */
  readonly walBytesMax: number;
  /** Bytes of requests in memory that are not yet answered, over all workers. */
  readonly bytesInFlightMax: number;
  /** Largest body, on the wire and inflated. */
  readonly bodyBytesMax: number;
  readonly sealRowsMax: number;
  readonly sealBytesMax: number;
  readonly sealAgeMsMax: number;
  readonly insertTimeoutMs: number;
  /** How many replicas must have an insert; undefined: what the server's settings say. */
  readonly insertQuorum: InsertQuorum | undefined;
  /** Which seals go first when ClickHouse is back; those in doubt go before all others. */
  readonly deliveryOrder: DeliveryOrder;
  /** How long the same bytes are answered as stored without being stored again; 0: never. */
  readonly resendWindowMs: number;
  /** How long SIGTERM waits for delivery. */
  readonly graceMs: number;
  /** Where Parquet files of everything that is stored go; absent: nowhere. */
  readonly archiveDir: string | undefined;
  /** How their columns are compressed. */
  readonly archiveCodec: ArchiveCodec;
  /** A batch of files is closed when it has this many bytes, or is this old. */
  readonly archiveFileBytes: number;
  readonly archiveFileAgeMs: number;
  /** What its files may take together; then the log keeps what comes. */
  readonly archiveBytesMax: number;
  /** How often the gateway reports about itself; 0 switches it off. */
  readonly telemetryIntervalMs: number;
  /** Days by signal that the tables keep, where somebody named them; else the tables' default. */
  readonly retentionDays: Partial<Readonly<Record<Signal, number>>>;
  /** What searches may cost ClickHouse in indexes and merges; for tables that migrate makes. */
  readonly profile: ProfileName;
  /** Whether the schema is brought up to date at start. */
  readonly migrate: boolean;
  /** For crash tests: kills the process at `durable`, `sealed` or `inserted`; fails at `sealed:throw`, hangs at `sealed:hang`. */
  readonly crashAt: string | undefined;
};

/** The same gateway with each of its shards alone: for what is done to every one of them. */
export function ofEachShard(config: GatewayConfig): readonly GatewayConfig[] {
  return config.clickhouseShards.map((replicas) => ({ ...config, clickhouseShards: [replicas] }));
}

const workersMax = 4;

export function gatewayConfigDefault(): GatewayConfig {
  return {
    clickhouseShards: [['http://127.0.0.1:8123']],
    clickhouseUser: undefined,
    clickhousePassword: undefined,
    clickhouseUserFile: undefined,
    clickhousePasswordFile: undefined,
    database: defaultDatabase,
    dataDir: 'obsctl-data/gateway',
    otlpGrpc: { host: '127.0.0.1', port: 4317 },
    otlpHttp: { host: '127.0.0.1', port: 4318 },
    admin: { host: '127.0.0.1', port: 8890 },
    grpcFraming: 'own',
    decodeCore: 'wasm',
    remoteWriteLabels: 'otel',
    opamp: true,
    dogstatsd: { host: '127.0.0.1', port: 8125 },
    dogstatsdStream: undefined,
    dogstatsdDatagram: undefined,
    dogstatsdWindowMs: 10_000,
    dogstatsdAggregates: 'max,median,avg,count',
    dogstatsdPercentiles: '0.95',
    dogstatsdWrapper: 'datadog',
    dogstatsdPlain: false,
    tlsCertFile: undefined,
    tlsKeyFile: undefined,
    tlsClientCaFile: undefined,
    credentialsFile: undefined,
    adminCredentialsFile: undefined,
    allowFrom: [],
    corsOrigins: [],
    tenants: {},
    sampling: {},
    influxStrings: 'info',
    redaction: { rules: [] },
    redactionKeyFile: undefined,
    workers: defaultWorkers(availableParallelism()),
    walBytesMax: 4 * 1024 ** 3,
    bytesInFlightMax: bytesInFlightMaxDefault,
    bodyBytesMax: laneLimitsDefault.bodyBytesMax,
    sealRowsMax: laneLimitsDefault.sealRowsMax,
    sealBytesMax: laneLimitsDefault.sealBytesMax,
    sealAgeMsMax: laneLimitsDefault.sealAgeMsMax,
    insertTimeoutMs: 60_000,
    insertQuorum: undefined,
    deliveryOrder: 'oldest',
    resendWindowMs: 600_000,
    graceMs: 10_000,
    archiveDir: undefined,
    archiveCodec: 'zstd',
    archiveFileBytes: 64 * 1024 ** 2,
    archiveFileAgeMs: 600_000,
    archiveBytesMax: 50 * 1024 ** 3,
    telemetryIntervalMs: 10_000,
    retentionDays: {},
    profile: defaultTableOptions.profile,
    migrate: true,
    crashAt: undefined,
  };
}

/** Why a mask's pattern cannot be used; undefined when it can. */
export function patternFault(pattern: string): string | undefined {
  try {
    compileProgram(parsePattern(pattern));
    return undefined;
  } catch (error) {
    if (!isPatternFault(error)) throw error;
    return `${error.message} (at character ${error.offset + 1})`;
  }
}

/** One on up to two cores, so that ClickHouse beside us has the other. */
export function defaultWorkers(cores: number): number {
  return cores <= 2 ? 1 : Math.min(workersMax, Math.floor(cores / 2));
}

export type Setting = {
  /** How it is written and shown; the unit follows from it. */
  readonly type:
    | 'url'
    | 'text'
    | 'list'
    | 'file'
    | 'directory'
    | 'address'
    | 'count'
    | 'size'
    | 'duration'
    | 'switch';
  readonly description: string;
  /** The command line option that sets it, without its value; absent: fixed in this version. */
  readonly option?: string;
  /** The environment variable that sets it; an option goes first. */
  readonly variable?: string;
  /** The key of a stack file that sets it; option and variable go first. */
  readonly stackKey?: string;
  /** Where the default is not a plain value of {@link gatewayConfigDefault}. */
  readonly defaultText?: string;
  /** As it is typed. */
  readonly example: string;
};

/** What a person may want to know of every key; a new key without an entry does not compile. */
// biome-ignore format: a table reads as a table, one key a line
export const gatewaySettings: Readonly<Record<keyof GatewayConfig, Setting>> = {
  clickhouseShards: { type: 'url', option: '--clickhouse', variable: 'CLICKHOUSE_URL', stackKey: 'clickhouse.url', description: 'HTTP interface of ClickHouse; a path names the database. Several, with commas: one of every shard, always in the same order; a trace is on one of them, and so is a series. Replicas of a shard, with |: any one takes its rows, the next one when it fails', example: '--clickhouse http://127.0.0.1:8123/otel' },
  clickhouseUser: { type: 'text', variable: 'CLICKHOUSE_USER', defaultText: '`default`', description: 'User of ClickHouse; the one in the URL goes first', example: 'CLICKHOUSE_USER=otel' },
  clickhousePassword: { type: 'text', variable: 'CLICKHOUSE_PASSWORD', defaultText: 'none', description: 'Its password; never an option, so that no process list shows it', example: 'CLICKHOUSE_PASSWORD="$(cat /run/secrets/clickhouse)"' },
  clickhouseUserFile: { type: 'text', variable: 'CLICKHOUSE_USER_FILE', defaultText: 'none', description: 'File with the user; goes before the value, and is read again when it changes', example: 'CLICKHOUSE_USER_FILE=/run/secrets/clickhouse/user' },
  clickhousePasswordFile: { type: 'text', variable: 'CLICKHOUSE_PASSWORD_FILE', defaultText: 'none', description: 'File with the password; goes before the value, and is read again when it changes', example: 'CLICKHOUSE_PASSWORD_FILE=/run/secrets/clickhouse/password' },
  database: { type: 'text', option: '--database', description: "Database of the tables; goes before the URL's path", example: '--database otel' },
  dataDir: { type: 'directory', option: '--data-dir', description: 'Where the log, the dead letters and the identity are kept; one gateway a directory', example: '--data-dir /var/lib/obsctl/gateway' },
  otlpGrpc: { type: 'address', option: '--otlp-grpc', description: 'OTLP over gRPC; port 0 takes a free one', example: '--otlp-grpc 0.0.0.0:4317' },
  otlpHttp: { type: 'address', option: '--otlp-http', description: 'OTLP over HTTP, protobuf and JSON; port 0 takes a free one', example: '--otlp-http 0.0.0.0:4318' },
  admin: { type: 'address', option: '--admin', description: '`/livez`, `/readyz`, `/metrics`; port 0 takes a free one', example: '--admin 127.0.0.1:8890' },
  grpcFraming: { type: 'text', variable: 'OBSCTL_GRPC_FRAMING', description: 'What serves gRPC connections without TLS: `own` is the HTTP/2 of this program, `node` that of Node, which costs about a fifth more CPU in all. Those with TLS are always Node\'s', example: 'OBSCTL_GRPC_FRAMING=node' },
  decodeCore: { type: 'text', variable: 'OBSCTL_DECODE_CORE', description: 'What decodes ordinary spans and log records: `wasm` is a module in WebAssembly, `plain` the TypeScript that decodes everything else, with the same rows for about a third more CPU in all', example: 'OBSCTL_DECODE_CORE=plain' },
  remoteWriteLabels: { type: 'text', option: '--remote-write-labels', description: 'Where job and instance of a remote-written series go: `otel` makes them the resource (`service.name`, `service.namespace`, `service.instance.id`), `prometheus` also leaves them among the attributes', example: '--remote-write-labels prometheus' },
  opamp: { type: 'switch', option: '--no-opamp', defaultText: 'on', description: 'Whether agents may report version, health and configuration by OpAMP at `/v1/opamp` of the HTTP listener; status only, nothing is ever sent to them', example: '--no-opamp' },
  dogstatsd: { type: 'address', option: '--dogstatsd', description: 'DogStatsD and StatsD over UDP; port 0 takes a free one, `off` listens nowhere', example: '--dogstatsd 0.0.0.0:8125' },
  dogstatsdStream: { type: 'text', option: '--dogstatsd-stream', defaultText: 'none', description: 'The same over a Unix stream socket at this path', example: '--dogstatsd-stream /run/obsctl/dsd.stream' },
  dogstatsdDatagram: { type: 'text', option: '--dogstatsd-datagram', defaultText: 'none', description: 'The same over a Unix datagram socket at this path; needs the optional package `unix-dgram`', example: '--dogstatsd-datagram /run/obsctl/dsd.socket' },
  dogstatsdWindowMs: { type: 'duration', option: '--dogstatsd-window', variable: 'OBSCTL_DOGSTATSD_WINDOW', description: 'How long values are brought together before they become points', example: '--dogstatsd-window 10s' },
  dogstatsdAggregates: { type: 'list', option: '--dogstatsd-aggregates', variable: 'HISTOGRAM_AGGREGATES', description: 'What becomes of histograms and timers: `max`, `median`, `avg`, `count`, `min`, `sum`', example: '--dogstatsd-aggregates max,avg,count' },
  dogstatsdPercentiles: { type: 'list', option: '--dogstatsd-percentiles', variable: 'HISTOGRAM_PERCENTILES', description: 'And which percentiles, between 0 and 1', example: '--dogstatsd-percentiles 0.95,0.99' },
  dogstatsdWrapper: { type: 'text', option: '--dogstatsd-wrapper', description: 'How windows become points: `datadog`, `simple` (count and mean), or the path of a module of your own', example: '--dogstatsd-wrapper ./wrapper.ts' },
  dogstatsdPlain: { type: 'switch', option: '--dogstatsd-plain', defaultText: 'off', description: 'Whether lines are plain StatsD, where a gauge with a sign is a change', example: '--dogstatsd-plain' },
  tlsCertFile: { type: 'file', option: '--tls-cert', stackKey: 'gateway.tls', defaultText: 'none', description: 'Certificate of both OTLP listeners, PEM, with its chain; without one they are plain. Read again when it changes', example: '--tls-cert /etc/obsctl/tls/tls.crt' },
  tlsKeyFile: { type: 'file', option: '--tls-key', stackKey: 'gateway.tls', defaultText: 'none', description: 'Key of that certificate, PEM', example: '--tls-key /etc/obsctl/tls/tls.key' },
  tlsClientCaFile: { type: 'file', option: '--tls-client-ca', stackKey: 'gateway.tls', defaultText: 'none', description: 'Authorities that sign the certificates of senders, PEM; a sender without one is then turned away (mutual TLS)', example: '--tls-client-ca /etc/obsctl/tls/ca.crt' },
  credentialsFile: { type: 'file', option: '--credentials', stackKey: 'gateway.auth', defaultText: 'none', description: 'Who may send, a line each, as `obsctl token` prints them; without a file everybody may. Read again when it changes', example: '--credentials /etc/obsctl/credentials' },
  adminCredentialsFile: { type: 'file', option: '--admin-credentials', defaultText: 'none', description: 'The same for `/metrics` of the admin listener; `/livez` and `/readyz` stay open', example: '--admin-credentials /etc/obsctl/admin-credentials' },
  allowFrom: { type: 'list', option: '--allow-from', stackKey: 'gateway.allow_from', defaultText: 'everywhere', description: 'Networks whose clients may connect to the OTLP listeners; others are cut off before anything is read', example: '--allow-from 10.0.0.0/8,fd00::/8' },
  corsOrigins: { type: 'list', option: '--cors-origins', stackKey: 'gateway.cors_origins', defaultText: 'none', description: 'Origins whose pages may send from a browser; `https://*.shop.example` stands for subdomains', example: '--cors-origins https://shop.example' },
  tenants: { type: 'text', option: '--tenant', stackKey: 'gateway.tenants', defaultText: 'no limits', description: 'What a tenant may send: bytes and items a second, the share of the log that its undelivered requests may fill, and how many series of remote write it may have, in all and of one metric; may be given several times, `*` is every other tenant', example: '--tenant shop,bytes=10Mi,items=50000,log=0.5,series=500000,series_per_metric=10000' },
  sampling: { type: 'text', option: '--sample', stackKey: 'gateway.sampling', defaultText: 'all', description: 'How many spans or log records a second become rows, for each tenant, over all workers; `keep_errors` keeps errors in any case; a tenant in front is meant alone. What is left out is counted by the rates, and by the weight of the rows that stay. Several times', example: '--sample traces=10000,keep_errors --sample shop/logs=500' },
  influxStrings: { type: 'text', option: '--influx-strings', variable: 'OBSCTL_INFLUX_STRINGS', description: 'What becomes of the string fields of Influx lines: with `info` they are attributes of one gauge `<measurement>_info` a line, with `logs` one log record. `logs` and redaction exclude each other', example: '--influx-strings logs' },
  redaction: { type: 'file', option: '--redact', stackKey: 'gateway.redaction', defaultText: 'none', description: 'Rules by which attributes and log bodies are hashed, dropped or masked before a request is logged; YAML with the key `rules`, as in a stack file', example: '--redact /etc/obsctl/redaction.yaml' },
  redactionKeyFile: { type: 'file', option: '--redaction-key', variable: 'OBSCTL_REDACTION_KEY_FILE', stackKey: 'gateway.redaction.key', defaultText: 'none', description: 'File with the key under which values are hashed, at least 16 bytes; equal values have equal hashes for as long as the key stays', example: '--redaction-key /run/secrets/redaction' },
  workers: { type: 'count', option: '--workers', defaultText: '1 on up to two cores, else half the cores, at most 4', description: 'Worker threads, each with listeners and a log of its own; at most 64', example: '--workers 2' },
  walBytesMax: { type: 'size', option: '--wal-size', stackKey: 'gateway.volume', description: 'What the log may use on disk before requests are refused; less than 257 MiB a worker is raised to that, so that four of the largest requests fit. A stack file names the volume, and nine tenths of it are used', example: '--wal-size 20Gi' },
  bytesInFlightMax: { type: 'size', description: 'Requests in memory that are not yet answered, over all workers; beyond it senders are told to come back', example: '192Mi' },
  bodyBytesMax: { type: 'size', description: 'Largest request, on the wire and again inflated; larger ones answer 413', example: '64Mi' },
  sealRowsMax: { type: 'count', option: '--seal-rows', description: 'Rows that are inserted together at most; fewer and larger inserts cost ClickHouse less', example: '--seal-rows 60000' },
  sealBytesMax: { type: 'size', description: 'Bytes of open blocks at which they are sealed for insertion', example: '48Mi' },
  sealAgeMsMax: { type: 'duration', option: '--freshness', description: 'How fresh the tables are while ClickHouse takes inserts: blocks wait for more rows as long as this allows, less the time that an insert took of late, because few large inserts cost ClickHouse less; after a silence rows leave sooner', example: '--freshness 3s' },
  insertQuorum: { type: 'text', option: '--insert-quorum', variable: 'OBSCTL_INSERT_QUORUM', defaultText: "the server's own", description: 'How many replicas of a shard must have an insert before it counts as stored: a number, or `auto` for more than half of them; 0 and 1 wait for no other one. Until then it waits in the log, and is sent again under its token. Only for Replicated tables', example: '--insert-quorum auto' },
  deliveryOrder: { type: 'text', option: '--delivery-order', description: 'What goes first when ClickHouse was away: the `oldest` data, or the `newest`, so that dashboards are current while the rest follows; inserts in doubt always go before', example: '--delivery-order newest' },
  insertTimeoutMs: { type: 'duration', option: '--insert-timeout', description: 'How long one insert may take before it is in doubt and settled', example: '--insert-timeout 30s' },
  resendWindowMs: { type: 'duration', option: '--resend-window', defaultText: '`10m`', description: 'How long the bytes of a request are known: a sender whose answer got lost sends them again, and they are answered as stored without being stored twice. Only requests whose items carry their own times; `0s` switches it off', example: '--resend-window 30m' },
  graceMs: { type: 'duration', option: '--grace', description: 'How long SIGTERM waits for delivery; what is left stays in the log', example: '--grace 30s' },
  archiveDir: { type: 'directory', option: '--archive', defaultText: 'none', description: 'Where Parquet files of all spans, log records and data points are written, beside ClickHouse and independent of it; the log keeps what is not yet in a file', example: '--archive /var/lib/obsctl/archive' },
  archiveCodec: { type: 'text', option: '--archive-codec', description: 'How the columns of these files are compressed: `zstd` or `snappy`', example: '--archive-codec snappy' },
  archiveFileBytes: { type: 'size', option: '--archive-file-size', description: 'Bytes of files written side by side at which they are closed', example: '--archive-file-size 64Mi' },
  archiveFileAgeMs: { type: 'duration', option: '--archive-file-age', description: 'Age at which they are closed even if they are small', example: '--archive-file-age 10m' },
  archiveBytesMax: { type: 'size', option: '--archive-size', description: 'What these files may take together. Nothing that was not shipped is removed to make room: once they take this much, the log keeps what comes, and when it is full, requests are told to come back', example: '--archive-size 200Gi' },
  telemetryIntervalMs: { type: 'duration', option: '--telemetry-interval', description: 'How often the gateway reports about itself by OTLP; `0s` switches it off', example: '--telemetry-interval 15s' },
  retentionDays: { type: 'text', option: '--retention', stackKey: 'clickhouse.retention', defaultText: '`traces=7d,logs=7d,metrics=30d`', description: 'How long the tables keep items, in whole days by signal; older items are rejected with a reason, because the table would drop them. What is named here also changes the TTL of existing tables', example: '--retention traces=14d,metrics=90d' },
  profile: { type: 'text', stackKey: 'clickhouse.profile', description: 'What searches may cost ClickHouse in indexes and merges: `balanced`, `cheap_ingest` or `fast_search`', example: 'fast_search' },
  migrate: { type: 'switch', option: '--no-migrate', defaultText: 'on', description: 'Whether tables are created and brought up to date at start', example: '--no-migrate' },
  crashAt: { type: 'text', variable: 'OBSCTL_CRASH_AT', defaultText: 'none', description: 'For crash tests: kills the process at the point `durable` (a record is synced, its answer not sent), `sealed` `inserted`, `dogstatsd_closed` (results are in the log, not sent) or `dogstatsd_emitted` (stored, not noted); `sealed:throw` and `dogstatsd_closed:throw` make a thread fail there, `sealed:hang` hang', example: 'OBSCTL_CRASH_AT=sealed' },
};
