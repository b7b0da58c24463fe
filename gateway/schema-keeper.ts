/**
 * Brings the schema up to date at start. ClickHouse being away is no reason not to take
 * telemetry: the log keeps it, and the schema follows when the server is back.
 */
import type { Clock, Timer } from '../core/clock.ts';
import { formatProblem, isProblem } from '../core/problem.ts';
import type { GatewayConfig } from './config.ts';
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

/** Resolves after the first try, or when that takes long; `cancel` ends the later ones. */
export async function keepSchema(config: GatewayConfig, parts: SchemaParts): Promise<Timer> {
  const abort = new AbortController();
  const timer = { cancel: () => abort.abort() };
  if (!config.migrate) return timer;
  const first = tryMigrate(config, parts, abort.signal);
  const again = async (): Promise<void> => {
    let isDone = await first;
    while (!isDone && !abort.signal.aborted) {
      await parts.clock.sleep(retryPeriodMs, abort.signal);
      isDone = abort.signal.aborted || (await tryMigrate(config, parts, abort.signal));
    }
  };
  const keeping = again();
  keeping.catch(() => {});
  await Promise.race([first, parts.clock.sleep(firstTryMs, abort.signal)]);
  return timer;
}

async function tryMigrate(
  config: GatewayConfig,
  parts: SchemaParts,
  signal: AbortSignal,
): Promise<boolean> {
  const { connect } = await import('./clickhouse-connection.ts');
  const { migrate } = await import('../clickhouse/migrate.ts');
  const { log } = parts;
  const connection = connect(config, parts.env, requestTimeoutMs);
  try {
    const { database } = config;
    const result = await migrate(connection, { database, obsctl: parts.version, signal });
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
