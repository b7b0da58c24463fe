/** `obsctl up`: the single-machine product in the foreground, for real use under systemd. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { Stack } from '../../stack/types.ts';
import type { CliContext } from '../context.ts';
import type { SingleMachine } from '../single-machine.ts';

type UpOptions = {
  readonly file?: string;
  readonly dataDir: string;
  readonly clickhouse?: string;
};

export function registerUp(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('ClickHouse, gateway and dashboards page on this machine, in the foreground')
    .option(
      '-f, --file <file>',
      'stack file; its keys `clickhouse`, `gateway` and `snapshots` are used',
    )
    .option('--data-dir <dir>', 'where everything is kept', '.obsctl/up')
    .option('--clickhouse <url>', 'use this server instead of the embedded engine')
    .addHelpText('after', '\nExample:\n  obsctl up -f obs.yaml --data-dir /var/lib/obsctl\n')
    .action(async (options: UpOptions) => {
      const { startSingleMachine } = await import('../single-machine.ts');
      const stack = await stackOf(options.file, context);
      const clickhouseUrl = options.clickhouse ?? serverOf(stack);
      const machine = await startSingleMachine(
        {
          dataDir: options.dataDir,
          ...(clickhouseUrl !== undefined && { clickhouseUrl }),
          ...(options.file !== undefined && { stackFile: options.file }),
          telemetryIntervalMs: 10_000,
        },
        context,
      );
      context.stderr(`dashboards  ${machine.pageUrl}\nOTLP/gRPC   ${machine.otlpGrpc}\n`);
      context.stderr(`OTLP/HTTP   ${machine.otlpHttp}\nhealth      ${machine.admin}/readyz\n`);
      const ended = await runUntilEnd(machine, stack, context);
      if (ended !== undefined) throw new Problem('OBS-5002', ended, { reach: 'outside' });
    });
}

/** Runs the snapshots beside the machine; gives why it ended by itself, if it did. */
async function runUntilEnd(
  machine: SingleMachine,
  stack: Stack | undefined,
  context: CliContext,
): Promise<string | undefined> {
  const { startSnapshots } = await import('../snapshot/on-schedule.ts');
  try {
    const schedule = await startSnapshots(stack?.snapshots ?? [], machine, context);
    const ended = await Promise.race([machine.ended, aborted(context.signal)]);
    // Before the engine that it writes to.
    await schedule.stop();
    return ended;
  } finally {
    await machine.stop();
  }
}

async function stackOf(file: string | undefined, context: CliContext): Promise<Stack | undefined> {
  if (file === undefined) return undefined;
  const { readStack } = await import('../stack-file.ts');
  return await readStack(file, context);
}

/** The server of a stack file with `mode: external`; every other mode means the engine here. */
function serverOf(stack: Stack | undefined): string | undefined {
  const { mode, url, database } = stack?.clickhouse ?? {};
  if (mode !== 'external' || url === undefined || database === undefined) return undefined;
  return new URL(`/${encodeURIComponent(database)}`, url).href;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    return undefined;
  });
}
