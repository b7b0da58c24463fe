/**
 * The single-machine product, composed: engine, gateway, dashboards page. `obsctl up` is this in
 * the foreground; `obsctl demo` is this plus live telemetry.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import type { DashboardJson } from '../dashboards/vocabulary/board.ts';
import { type RunningChild, startChild } from './child.ts';
import type { CliContext } from './context.ts';
import { freeAddress, freeUdpAddress } from './ports.ts';

export type SingleMachineOptions = {
  readonly dataDir: string;
  /** A server to use instead of the embedded engine. */
  readonly clickhouseUrl?: string;
  /** A stack file for the gateway. */
  readonly stackFile?: string;
  /** Dashboards beside those of the catalogue. */
  readonly dashboards?: readonly DashboardJson[];
  /** How often the gateway reports about itself. */
  readonly telemetryIntervalMs: number;
};

export type SingleMachine = {
  readonly clickhouseUrl: string;
  readonly otlpGrpc: string;
  readonly otlpHttp: string;
  readonly admin: string;
  readonly pageUrl: string;
  /** Resolves when a part ended by itself; the text says which and its last words. */
  readonly ended: Promise<string>;
  readonly stop: () => Promise<void>;
};

const host = '127.0.0.1';
const defaultPorts = {
  engine: 8123,
  grpc: 4317,
  http: 4318,
  dogstatsd: 8125,
  admin: 8890,
  page: 4320,
} as const;

/** Starts all parts in the order in which they need each other; stops what it began on failure. */
export async function startSingleMachine(
  options: SingleMachineOptions,
  context: CliContext,
): Promise<SingleMachine> {
  makeDataDirectory(options.dataDir);
  const stack: { readonly stop: () => Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    // Last started, first stopped: the page, then the gateway (which drains), then the engine.
    for (let part = stack.pop(); part !== undefined; part = stack.pop()) await part.stop();
  };
  const { promise: ended, resolve: endedWith } = Promise.withResolvers<string>();
  try {
    let clickhouseUrl = options.clickhouseUrl;
    if (clickhouseUrl === undefined) {
      const engine = await startEngine(options, context, endedWith);
      stack.push(engine);
      clickhouseUrl = `${engine.announced['url']}/otel`;
    }
    const gateway = await startGateway(options, clickhouseUrl, context, endedWith);
    stack.push(gateway);
    const page = await startPage(clickhouseUrl, options.dashboards ?? [], context);
    stack.push(page);
    return {
      clickhouseUrl,
      otlpGrpc: `http://${gateway.announced['otlp_grpc']}`,
      otlpHttp: `http://${gateway.announced['otlp_http']}`,
      admin: `http://${gateway.announced['admin']}`,
      pageUrl: page.url,
      ended,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function makeDataDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    const text = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-1003', `the directory cannot be made: ${text}`, {
      where: `--data-dir ${directory}`,
      next: 'Give a directory that this user may write to.',
      cause: error,
    });
  }
}

async function startEngine(
  options: SingleMachineOptions,
  context: CliContext,
  onUnexpectedEnd: (text: string) => void,
): Promise<RunningChild> {
  context.stderr('starting the embedded ClickHouse …\n');
  const listen = await freeAddress(
    'ClickHouse',
    { host, port: defaultPorts.engine },
    context.stderr,
  );
  const dataDir = join(options.dataDir, 'clickhouse');
  return await startChild({
    name: 'engine',
    args: ['embedded', '--data-dir', dataDir, '--listen', listen],
    env: context.env,
    logDir: options.dataDir,
    onUnexpectedEnd,
  });
}

/** An engine beside us shares our cores: fewer and larger inserts leave more of them to others. */
const embeddedFreshness = '3500ms';

async function startGateway(
  options: SingleMachineOptions,
  clickhouseUrl: string,
  context: CliContext,
  onUnexpectedEnd: (text: string) => void,
): Promise<RunningChild> {
  context.stderr('starting the gateway …\n');
  const say = context.stderr;
  const grpc = await freeAddress('OTLP/gRPC', { host, port: defaultPorts.grpc }, say);
  const http = await freeAddress('OTLP/HTTP', { host, port: defaultPorts.http }, say);
  const admin = await freeAddress('admin', { host, port: defaultPorts.admin }, say);
  const udp = await freeUdpAddress('DogStatsD', { host, port: defaultPorts.dogstatsd }, say);
  return await startChild({
    name: 'gateway',
    args: [
      'gateway',
      '--json',
      ...['--clickhouse', clickhouseUrl],
      ...(options.stackFile === undefined ? [] : ['--file', options.stackFile]),
      ...['--data-dir', join(options.dataDir, 'gateway')],
      ...['--otlp-grpc', grpc, '--otlp-http', http, '--admin', admin, '--dogstatsd', udp],
      ...['--telemetry-interval', `${options.telemetryIntervalMs}ms`],
      ...(options.clickhouseUrl === undefined ? ['--freshness', embeddedFreshness] : []),
    ],
    env: context.env,
    logDir: options.dataDir,
    onUnexpectedEnd,
  });
}

async function startPage(
  clickhouseUrl: string,
  more: readonly DashboardJson[],
  context: CliContext,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const { startPreview } = await import('../dashboards/preview/server.ts');
  const { dashboards } = await import('../dashboards/catalog.ts');
  const address = await freeAddress('page', { host, port: defaultPorts.page }, context.stderr);
  const [, port = '0'] = address.split(':');
  const page = await startPreview({
    clickhouseUrl,
    env: context.env,
    listen: { host, port: Number(port) },
    dashboards: () => [...dashboards(), ...more],
    clock: systemClock,
  });
  return { url: page.url, stop: () => page.close() };
}
