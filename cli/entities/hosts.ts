/** `obsctl entities hosts` and `import`: what stands outside of Kubernetes. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { HostsWritten } from '../../jobs/metadata/hosts/record.ts';
import type { CliContext } from '../context.ts';

type Options = { readonly clickhouse?: string; readonly json?: boolean };

export type HostsOptions = Options & { readonly watch?: boolean };

export type ImportOptions = Options & { readonly list?: string };

const fileBytesMax = 64 * 1024 * 1024;

export async function hosts(options: HostsOptions, context: CliContext): Promise<void> {
  const { followHosts, recordTelemetryHosts } = await import('../../jobs/metadata/hosts/record.ts');
  const server = await connect(options, context);
  const clock = systemClock;
  try {
    if (options.watch !== true) {
      say(await recordTelemetryHosts(server, clock.nowMs()), options, context);
      return;
    }
    await followHosts(server, {
      ...{ clock, signal: context.signal },
      onTrouble: (text) => context.stderr(`${text}\n`),
      onWritten: (written) => say(written, options, context),
    });
    context.exitWith(0);
  } finally {
    await server.close();
  }
}

export async function importList(
  path: string,
  options: ImportOptions,
  context: CliContext,
): Promise<void> {
  const origin = options.list ?? basename(path, extname(path));
  if (!/^[\w.-]{1,100}$/.test(origin) || origin === 'telemetry') {
    throw new Problem('OBS-1003', `--list ${origin}: expected letters, digits, “.”, “_” or “-”`);
  }
  const { readList } = await import('../../jobs/metadata/hosts/list.ts');
  const { recordList } = await import('../../jobs/metadata/hosts/record.ts');
  const nowMs = systemClock.nowMs();
  const entities = await readList(await textOf(path), { path, origin, nowMs });
  const server = await connect(options, context);
  try {
    say(await recordList(server, origin, entities, nowMs), options, context);
  } finally {
    await server.close();
  }
}

async function connect(options: Options, context: CliContext) {
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  return connectClickHouse({ url, env: context.env });
}

async function textOf(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > fileBytesMax) {
      throw new Problem('OBS-6073', 'the file has more than 64 MiB', { where: path });
    }
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof Problem) throw error;
    const reason = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-1003', `the file cannot be read: ${reason}`, { where: path });
  }
}

function say(written: HostsWritten, { json }: Options, context: CliContext): void {
  if (json === true) {
    context.stdout(`${JSON.stringify(written)}\n`);
    return;
  }
  const { hosts: count, versions, events } = written;
  context.stderr(`${count} seen; ${versions} rows and ${events} events written\n`);
}
