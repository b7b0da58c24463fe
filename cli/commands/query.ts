/** `obsctl query SQL`: ask ClickHouse; the answer goes to stdout byte for byte. */

import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { CliContext } from '../context.ts';

type QueryOptions = {
  readonly clickhouse?: string;
  readonly format?: string;
  readonly json?: boolean;
  readonly write?: boolean;
  readonly timeout: string;
  readonly maxRows: string;
};

export function registerQuery(program: Command, context: CliContext): void {
  program
    .command('query')
    .description('ask ClickHouse; read-only and limited unless told otherwise')
    .argument('<sql>', 'one statement; tables are looked up in the database otel')
    .option('--clickhouse <url>', 'server; CLICKHOUSE_URL, or http://127.0.0.1:8123')
    .option('--format <name>', 'any format of ClickHouse; a table on a terminal, else TSVWithNames')
    .option('--json', 'the same as --format JSONEachRow')
    .option('--write', 'allow statements that change something')
    .option('--timeout <duration>', 'how long the server may work', '60s')
    .option('--max-rows <n>', 'refuse a larger answer; 0 for any size', '1000000')
    .addHelpText(
      'after',
      '\nExample:\n  obsctl query "SELECT ServiceName, count() FROM otel_traces GROUP BY 1"\n' +
        '  obsctl query "SELECT * FROM otel_logs LIMIT 9" --json | jq .Body\n',
    )
    .action((sql: string, options: QueryOptions) => runQuery(sql, options, context));
}

async function runQuery(sql: string, options: QueryOptions, context: CliContext): Promise<void> {
  const timeoutMs = parseDurationMs(options.timeout);
  if (timeoutMs === undefined) throw wrong('--timeout', options.timeout, 'a duration such as 60s');
  if (!/^\d+$/.test(options.maxRows)) throw wrong('--max-rows', options.maxRows, 'a number');
  const { copyToStdout, stdoutIsTerminal } = await import('../output/stream.ts');
  const { connectClickHouse, defaultUrl, problemOf } = await import('../../clickhouse/client.ts');
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const first = connectClickHouse({ url, env: context.env });
  const database = await databaseOf(first).finally(() => first.close());
  const format = options.json === true ? 'JSONEachRow' : options.format;
  const fallback = stdoutIsTerminal() ? 'PrettyCompact' : 'TSVWithNames';
  const server = connectClickHouse({
    url,
    env: context.env,
    requestTimeoutMs: timeoutMs + answerGraceMs,
    // The format is a parameter of the HTTP interface that the client passes on like a setting.
    settings: { ...limits(options, timeoutMs), default_format: format ?? fallback },
    ...(database === undefined ? {} : { sessionDatabase: database }),
  });
  try {
    const answer = await server.client.exec({
      query: sql,
      abort_signal: context.signal,
    });
    await copyToStdout(answer.stream as Readable, context.signal);
  } catch (error) {
    if (context.signal.aborted) return context.exitWith(130);
    throw problemOf(error, server.address, sql);
  } finally {
    await server.close();
  }
}

/** How much longer than the server we wait: its own error says more than our timeout. */
const answerGraceMs = 5_000;

function limits(options: QueryOptions, timeoutMs: number): Record<string, string | number> {
  return {
    max_execution_time: Math.max(1, Math.ceil(timeoutMs / 1000)),
    max_result_rows: options.maxRows,
    result_overflow_mode: 'throw',
    // 2 and not 1: the statement may bring settings of its own.
    ...(options.write === true ? {} : { readonly: '2' }),
  };
}

type Connection = {
  readonly database: string;
  readonly databaseGiven: boolean;
  readonly rows: <Row>(query: string) => Promise<Row[]>;
};

/** The database for names without one; a server that has no such database still answers. */
async function databaseOf(connection: Connection): Promise<string | undefined> {
  if (connection.databaseGiven) return connection.database;
  const found = await connection.rows<{ name: string }>('SELECT name FROM system.databases');
  return found.some((row) => row.name === connection.database) ? connection.database : undefined;
}

function wrong(option: string, value: string, expected: string): Problem {
  return new Problem('OBS-1003', `${option} ${value}: expected ${expected}`);
}
