/** `obsctl up`: the single-machine product in the foreground, for real use under systemd. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';

type UpOptions = { readonly dataDir: string; readonly clickhouse?: string };

export function registerUp(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('ClickHouse, gateway and dashboards page on this machine, in the foreground')
    .option('--data-dir <dir>', 'where everything is kept', '.obsctl/up')
    .option('--clickhouse <url>', 'use this server instead of the embedded engine')
    .addHelpText('after', '\nExample:\n  obsctl up --data-dir /var/lib/obsctl\n')
    .action(async (options: UpOptions) => {
      const { startSingleMachine } = await import('../single-machine.ts');
      const machine = await startSingleMachine(
        {
          dataDir: options.dataDir,
          ...(options.clickhouse !== undefined && { clickhouseUrl: options.clickhouse }),
          telemetryIntervalMs: 10_000,
        },
        context,
      );
      context.stderr(`dashboards  ${machine.pageUrl}\nOTLP/gRPC   ${machine.otlpGrpc}\n`);
      context.stderr(`OTLP/HTTP   ${machine.otlpHttp}\nhealth      ${machine.admin}/readyz\n`);
      const ended = await Promise.race([machine.ended, aborted(context.signal)]);
      await machine.stop();
      if (ended !== undefined) throw new Problem('OBS-5002', ended, { reach: 'outside' });
    });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    return undefined;
  });
}
