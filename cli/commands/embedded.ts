/** `obsctl embedded`: the real ClickHouse engine (chDB) behind the ClickHouse HTTP interface. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import { parseBytes } from '../../core/units.ts';
import type { CliContext } from '../context.ts';

type EmbeddedCommandOptions = {
  readonly dataDir: string;
  readonly listen: string;
  readonly users?: string;
  readonly memory: string;
};

export function registerEmbedded(program: Command, context: CliContext): void {
  program
    .command('embedded')
    .description('run the embedded ClickHouse engine behind the ClickHouse HTTP interface')
    .requiredOption('--data-dir <dir>', 'where tables are kept; one engine a directory')
    .option(
      '--listen <address>',
      'address of the HTTP interface; port 0 takes a free one',
      '127.0.0.1:8123',
    )
    .option('--users <file>', 'passwords, `user:password` a line; demanded beyond loopback')
    .option('--memory <bytes>', 'what the engine may use at most', '2Gi')
    .addHelpText(
      'after',
      '\nExample:\n  obsctl embedded --data-dir /var/lib/obsctl/clickhouse\n' +
        "  curl 'http://127.0.0.1:8123/' --data-binary 'SELECT version()'\n",
    )
    .action((options: EmbeddedCommandOptions) => runEmbedded(options, context));
}

async function runEmbedded(options: EmbeddedCommandOptions, context: CliContext): Promise<void> {
  const memoryBytesMax = parseBytes(options.memory);
  if (memoryBytesMax === undefined) {
    throw new Problem('OBS-1003', `--memory ${options.memory}: expected a size such as 2Gi`);
  }
  const { launchEngine } = await import('../../clickhouse/embedded/launch.ts');
  const engine = await launchEngine({
    dataDir: options.dataDir,
    listen: options.listen,
    usersFile: options.users,
    memoryBytesMax,
    env: context.env,
    stderr: context.stderr,
  });
  const { process: child, exited, ...announcement } = engine;
  context.stdout(`${JSON.stringify(announcement)}\n`);
  context.stderr(`ClickHouse ${engine.version} (embedded) answers at ${engine.url}\n`);
  const stop = (): void => void child.kill('SIGTERM');
  if (context.signal.aborted) stop();
  context.signal.addEventListener('abort', stop, { once: true });
  const ended = await exited;
  if (ended === 0) return;
  throw new Problem('OBS-3103', `the engine's process ended (${ended})`, { reach: 'outside' });
}
