/** The snapshots of a stack file, and the databases that they read. */
import { readFile } from 'node:fs/promises';
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { SnapshotConfig } from '../../jobs/snapshot/config.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import type { Stack } from '../../stack/types.ts';
import type { CliContext } from '../context.ts';

const reference = /^\$\{env:(\w+)\}$/;

/** The snapshot of that name, or all of them. */
export function snapshotsOf(stack: Stack, name: string | undefined): readonly SnapshotConfig[] {
  const chosen = stack.snapshots.filter((one) => name === undefined || one.name === name);
  if (chosen.length > 0) return chosen;
  const names = stack.snapshots.map((one) => one.name).join(', ');
  const message =
    name === undefined ? 'the stack file has no snapshots' : `no snapshot is called ${name}`;
  throw new Problem('OBS-6046', names === '' ? message : `${message}; known are: ${names}`);
}

export type OpenSource = {
  readonly source: Source;
  /** The schema whose tables keep their names in ClickHouse. */
  readonly home: string | undefined;
};

/** Connects to the database of `config`; the DSN is resolved here and nowhere before. */
export async function openSource(config: SnapshotConfig, context: CliContext): Promise<OpenSource> {
  const { postgres, mysql } = config.source;
  const given = postgres ?? mysql;
  const dsn = resolved(given?.dsn ?? '', config.name, context);
  const options = { dsn, ...(await common(given, context)) };
  if (postgres !== undefined) {
    const { openPostgres } = await import('../../jobs/snapshot/postgres/open.ts');
    const source = await openPostgres({ ...options, preferReplica: postgres.prefer_replica });
    return { source, home: undefined };
  }
  const { openMysql } = await import('../../jobs/snapshot/mysql/source.ts');
  return { source: await openMysql(options), home: homeOf(dsn) };
}

type Common = { readonly statementTimeoutMs: number; readonly tls?: { readonly ca: string } };

async function common(
  given: { readonly statement_timeout: string; readonly ca_file?: string | undefined } | undefined,
  context: CliContext,
): Promise<Common> {
  const statementTimeoutMs = parseDurationMs(given?.statement_timeout ?? '') ?? 0;
  if (given?.ca_file === undefined) return { statementTimeoutMs };
  const file = given.ca_file;
  const ca = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Problem('OBS-1201', error.message, { where: file, cause: error });
  });
  context.signal.throwIfAborted();
  return { statementTimeoutMs, tls: { ca } };
}

function resolved(dsn: string, name: string, { env }: CliContext): string {
  const variable = reference.exec(dsn)?.[1];
  if (variable === undefined) return dsn;
  const value = env[variable] ?? '';
  if (value !== '') return value;
  throw new Problem('OBS-6047', `${variable} is not set`, { where: `snapshots.${name}.source` });
}

/** The database in a DSN of MySQL; without one every table carries its database's name. */
function homeOf(dsn: string): string | undefined {
  const path = URL.parse(dsn)?.pathname.slice(1) ?? '';
  return path === '' ? undefined : decodeURIComponent(path);
}
