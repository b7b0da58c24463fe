/** The demo's story, told once: start all parts, say where to look, wait, leave nothing running. */
import { connectClickHouse } from '../../clickhouse/client.ts';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import type { DashboardJson } from '../../dashboards/vocabulary/board.ts';
import type { CliContext } from '../context.ts';
import { makeDataDirectory, type SingleMachine, startSingleMachine } from '../single-machine.ts';
import { programName } from '../source-file.ts';
import { checkUntilFilled } from './check.ts';
import { shopDashboard } from './database/dashboard.ts';
import { type ShopDatabase, startShopDatabase } from './database/shop-database.ts';
import { watchForFirstSpan } from './first-span.ts';
import { startMachineMetrics } from './machine/metrics.ts';
import { shopServices } from './shop/shop-types.ts';
import { startShop } from './shop/start.ts';

export type DemoOptions = {
  readonly dataDir: string;
  readonly clickhouseUrl?: string;
  readonly check: boolean;
  readonly shop: boolean;
};

const gatewayIntervalMs = 2_000;
const machineIntervalMs = 5_000;

export async function runDemo(options: DemoOptions, context: CliContext): Promise<void> {
  const parts: { readonly stop: () => Promise<void> }[] = [];
  let outcome: string | undefined;
  try {
    makeDataDirectory(options.dataDir);
    const database = options.shop ? await startShopDatabase(options.dataDir, context) : undefined;
    if (database !== undefined) parts.push(database);
    const own = database === undefined ? [] : [shopDashboard()];
    const machine = await startSingleMachine(
      { ...options, dashboards: own, telemetryIntervalMs: gatewayIntervalMs },
      context,
    );
    parts.push(machine);
    if (!context.signal.aborted) await startTelemetry(options, machine, database, context, parts);
    if (!context.signal.aborted) {
      outcome = await (options.check ? check(machine, own, context) : watch(machine, context));
    }
  } finally {
    context.stderr('\nstopping …\n');
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) await part.stop();
  }
  if (outcome !== undefined) throw new Problem('OBS-5002', outcome, { reach: 'outside' });
}

async function startTelemetry(
  options: DemoOptions,
  machine: SingleMachine,
  database: ShopDatabase | undefined,
  context: CliContext,
  parts: { readonly stop: () => Promise<void> }[],
): Promise<void> {
  const { otlpGrpc, otlpHttp } = machine;
  parts.push(startMachineMetrics({ otlpGrpc, intervalMs: machineIntervalMs, clock: systemClock }));
  if (!options.shop) return;
  context.stderr('starting the demo shop …\n');
  const onComplaint = (service: string, text: string): void => {
    if (!context.signal.aborted) context.stderr(`${service}: ${text}`);
  };
  const dsn = database?.dsn;
  const { env } = context;
  const shop = { otlpGrpc, otlpHttp, env, onComplaint, ...(dsn !== undefined && { dsn }) };
  parts.push(await startShop(shop));
  if (database !== undefined) parts.push(await database.startCopies(machine));
}

/** Until Ctrl-C or until a part ends; the text says which. */
async function watch(machine: SingleMachine, context: CliContext): Promise<string | undefined> {
  context.stdout(welcome(machine));
  const clickhouse = connectClickHouse({ url: machine.clickhouseUrl, env: context.env });
  const own = [...shopServices, 'obsctl-gateway', ''];
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const watcher = watchForFirstSpan({ clickhouse, own, clock: systemClock, signal });
  void watcher.then((seen) => {
    if (seen === undefined) return;
    const link = `${machine.pageUrl}d/obsctl-services?var-service=${encodeURIComponent(seen)}`;
    context.stdout(`\nyour first span arrived: service “${seen}”\n  ${link}\n`);
  });
  const aborted = new Promise<undefined>((resolve) => {
    if (context.signal.aborted) resolve(undefined);
    context.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const ended = await Promise.race([machine.ended, aborted]);
  over.abort();
  await clickhouse.close();
  return ended;
}

async function check(
  machine: SingleMachine,
  own: readonly DashboardJson[],
  context: CliContext,
): Promise<string | undefined> {
  context.stderr('waiting until every panel has data …\n');
  const result = await checkUntilFilled({
    clickhouseUrl: machine.clickhouseUrl,
    url: machine.pageUrl,
    dashboards: () => [...dashboards(), ...own],
    hasSnapshots: own.length > 0,
    env: context.env,
    clock: systemClock,
    signal: context.signal,
    progress: context.isTerminal ? context.stderr : () => undefined,
  });
  context.stdout(`${JSON.stringify(result)}\n`);
  if (!result.ok) {
    context.stderr('OBS-5003: a panel whose source is active has no data after three minutes\n');
    context.exitWith(1);
  }
  return undefined;
}

function welcome(machine: SingleMachine): string {
  return `
  Look here      ${machine.pageUrl}
                 a shop with something wrong in it, this machine, and the gateway itself

  Send your own  export OTEL_EXPORTER_OTLP_ENDPOINT=${machine.otlpHttp}
                 export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
                 export OTEL_SERVICE_NAME=my-service
      over gRPC  export OTEL_EXPORTER_OTLP_ENDPOINT=${machine.otlpGrpc}
                 export OTEL_EXPORTER_OTLP_PROTOCOL=grpc

  Ask            export CLICKHOUSE_URL=${machine.clickhouseUrl}
                 ${programName()} query 'SELECT count() FROM otel_traces'

  Ctrl-C stops everything. Waiting for your first span …
`;
}
