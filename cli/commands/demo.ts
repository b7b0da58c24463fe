/** `obsctl demo`: the single-machine product with live telemetry to look at, in one command. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

type DemoFlags = {
  readonly dataDir: string;
  readonly clickhouse?: string;
  readonly check?: boolean;
  readonly shop: boolean;
};

export function registerDemo(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('everything on this machine, with a small shop in trouble to look at')
    .option('--data-dir <dir>', 'where the demo keeps its data', '.obsctl/demo')
    .option('--clickhouse <url>', 'use this server instead of the embedded engine')
    .option('--check', 'wait until every panel has data, print one JSON line, end with 0 or 1')
    .option('--no-shop', 'only this machine, without the demo shop')
    .addHelpText('after', '\nExamples:\n  obsctl demo\n  obsctl demo --check\n')
    .action(async (flags: DemoFlags) => {
      const { runDemo } = await import('../demo/demo.ts');
      await runDemo(
        {
          dataDir: resolve(flags.dataDir),
          ...(flags.clickhouse !== undefined && { clickhouseUrl: flags.clickhouse }),
          check: flags.check === true,
          shop: flags.shop,
        },
        context,
      );
    });
}
