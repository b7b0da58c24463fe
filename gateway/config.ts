/**
 * The gateway's settings with their defaults (contract, section 2). Plain data, so that it can be
 * handed to worker threads as it is.
 */
import { availableParallelism } from 'node:os';
import { defaultDatabase } from '../clickhouse/ddl.ts';
import { laneLimitsDefault } from './lane/lane-types.ts';
import { bytesInFlightMaxDefault } from './receive/limits.ts';
import type { Address } from './receive/listen.ts';

export type GatewayConfig = {
  /** Of ClickHouse's HTTP interface, with user and password if it has them. */
  readonly clickhouseUrl: string;
  readonly clickhouseUser: string | undefined;
  readonly clickhousePassword: string | undefined;
  readonly database: string;
  readonly dataDir: string;
  /** Port 0 takes a free one. */
  readonly otlpGrpc: Address;
  readonly otlpHttp: Address;
  readonly admin: Address;
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
  /** How long SIGTERM waits for delivery. */
  readonly graceMs: number;
  /** How often the gateway reports about itself; 0 switches it off. */
  readonly telemetryIntervalMs: number;
  /** Whether the schema is brought up to date at start. */
  readonly migrate: boolean;
  /** Kills the process at a named point, for crash tests: `sealed` or `inserted`. */
  readonly crashAt: string | undefined;
};

const workersMax = 4;

export function gatewayConfigDefault(): GatewayConfig {
  return {
    clickhouseUrl: 'http://127.0.0.1:8123',
    clickhouseUser: undefined,
    clickhousePassword: undefined,
    database: defaultDatabase,
    dataDir: 'obsctl-data/gateway',
    otlpGrpc: { host: '127.0.0.1', port: 4317 },
    otlpHttp: { host: '127.0.0.1', port: 4318 },
    admin: { host: '127.0.0.1', port: 8890 },
    workers: defaultWorkers(availableParallelism()),
    walBytesMax: 4 * 1024 ** 3,
    bytesInFlightMax: bytesInFlightMaxDefault,
    bodyBytesMax: laneLimitsDefault.bodyBytesMax,
    sealRowsMax: laneLimitsDefault.sealRowsMax,
    sealBytesMax: laneLimitsDefault.sealBytesMax,
    sealAgeMsMax: laneLimitsDefault.sealAgeMsMax,
    insertTimeoutMs: 60_000,
    graceMs: 10_000,
    telemetryIntervalMs: 10_000,
    migrate: true,
    crashAt: undefined,
  };
}

/** One on up to two cores, so that ClickHouse beside us has the other. */
export function defaultWorkers(cores: number): number {
  return cores <= 2 ? 1 : Math.min(workersMax, Math.floor(cores / 2));
}
