/**
 * Brings the schema up to date at start. ClickHouse being away is no reason not to take
 * telemetry: the log keeps it, and the schema follows when the server is back.
 */
import type { Clock } from '../core/clock.ts';
import { formatProblem, isProblem } from '../core/problem.ts';
import { type GatewayConfig, ofEachShard } from './config.ts';
import type { LaneLog } from './lane/lane-types.ts';

export type SchemaParts = {
  readonly clock: Clock;
  readonly log: LaneLog;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
};

const retryPeriodMs = 3_000;
const requestTimeoutMs = 20_000;

/** A server that answers slowly must not keep senders waiting. */
const firstTryMs = 5_000;

export type SchemaKeeper = {
  /** Resolves after the first try, or when that takes long; rejects for a URL nobody can use. */
  readonly tried: Promise<void>;
  /** Ends the later tries. */
  readonly cancel: () => void;
};

export function keepSchema(config: GatewayConfig, parts: SchemaParts): SchemaKeeper {
  const keepers = ofEachShard(config).map((shard) => keepSchemaOf(shard, parts));
  const tried = Promise.all(keepers.map((keeper) => keeper.tried)).then(() => {});
  // Whoever waits sees the failure; nobody waiting is no unhandled rejection.
  tried.catch(() => {});
  return {
    tried,
    cancel: () => {
      for (const keeper of keepers) keeper.cancel();
    },
  };
}

function keepSchemaOf(config: GatewayConfig, parts: SchemaParts): SchemaKeeper {
  const abort = new AbortController();
  const { signal } = abort;
  const cancel = (): void => abort.abort();
  if (!config.migrate) return { tried: Promise.resolve(), cancel };
  const first = tryMigrate(config, parts, signal);
  const again = async (): Promise<void> => {
    let isDone = await first;
    while (!isDone && !signal.aborted) {
      await parts.clock.sleep(retryPeriodMs, signal);
      isDone = signal.aborted || (await tryMigrate(config, parts, signal));
    }
  };
  again().catch(() => {});
  const slow = parts.clock.sleep(firstTryMs, signal);
  const tried = Promise.race([first, slow]).then(() => {});
  // Whoever waits sees the failure; nobody waiting is no unhandled rejection.
  tried.catch(() => {});
  return { tried, cancel };
}

async function tryMigrate(
  config: GatewayConfig,
  parts: SchemaParts,
  signal: AbortSignal,
): Promise<boolean> {
  const { connect } = await import('./clickhouse-connection.ts');
  const { migrate } = await import('../clickhouse/migrate.ts');
  const { log } = parts;
  const connection = await connect(config, parts.env, requestTimeoutMs);
  try {
    const { database, retentionDays, profile } = config;
    const result = await migrate(connection, {
      database,
      retentionDays,
      profile,
      obsctl: parts.version,
      signal,
    });
    if (result.statements.length > 0) {
      log('info', `schema: ran ${result.statements.length} statements in ${result.database}`);
    }
    for (const refusal of result.refusals) log('warn', `schema: ${JSON.stringify(refusal)}`);
    return true;
  } catch (error) {
    if (signal.aborted) return true;
    // A URL that nobody can use is the user's to correct; the rest may come back by itself.
    if (isProblem(error) && error.code === 'OBS-3001') throw error;
    log('warn', isProblem(error) ? formatProblem(error) : String(error));
    return false;
  } finally {
    await connection.close();
  }
}
