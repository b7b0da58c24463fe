/** Waits for the first span that is not the demo's own. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import type { Clock } from '../../core/clock.ts';

export type FirstSpanOptions = {
  readonly clickhouse: ClickHouse;
  /** Services that do not count. */
  readonly own: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

const pollMs = 1_500;

/** The service of the first foreign span that arrives after now; undefined when aborted. */
export async function watchForFirstSpan(options: FirstSpanOptions): Promise<string | undefined> {
  const sinceMs = options.clock.nowMs();
  while (!options.signal.aborted) {
    // The engine may be busy or ending: then the next look finds it.
    const seen = await look(options, sinceMs).catch(() => undefined);
    if (seen !== undefined) return seen;
    await options.clock.sleep(pollMs, options.signal);
  }
  return undefined;
}

async function look(options: FirstSpanOptions, sinceMs: number): Promise<string | undefined> {
  const result = await options.clickhouse.client.query({
    query: `SELECT ServiceName FROM {database: Identifier}.otel_red_1s
      WHERE Time >= toDateTime({since: UInt32}) - 60 AND ServiceName NOT IN {own: Array(String)}
      LIMIT 1`,
    query_params: {
      database: options.clickhouse.database,
      since: Math.floor(sinceMs / 1000),
      own: options.own,
    },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ ServiceName: string }>();
  return row?.ServiceName;
}
