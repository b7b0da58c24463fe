/** What the commands of `obsctl cost` have in common. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { CliContext } from '../context.ts';

export type ServerOptions = { readonly clickhouse?: string; readonly json?: boolean };

export async function withServer<Result>(
  options: ServerOptions,
  context: CliContext,
  work: (server: ClickHouse) => Promise<Result>,
): Promise<Result> {
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const server = connectClickHouse({ url, env: context.env });
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

export function durationOf(option: string, text: string, maxMs: number): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms > 0 && ms <= maxMs) return ms;
  const days = maxMs / 86_400_000;
  throw new Problem('OBS-1003', `${option} ${text}: expected a duration of at most ${days} days`, {
    next: 'Write for example 24h or 7d.',
  });
}
