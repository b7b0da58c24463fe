/** `obsctl dashboards preview`: the dashboards on our own page, without a Grafana. */
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';

type PreviewCommandOptions = {
  readonly clickhouse: string;
  readonly listen: string;
  readonly host?: readonly string[];
};

export function registerDashboardsPreview(program: Command, context: CliContext): void {
  const dashboards =
    program.commands.find((command) => command.name() === 'dashboards') ??
    program.command('dashboards').description('dashboards as files, in a Grafana, or on a page');
  dashboards
    .command('preview')
    .description('show the dashboards on a page of our own')
    .option(
      '--clickhouse <url>',
      'ClickHouse to read from; user and password also by CLICKHOUSE_USER and CLICKHOUSE_PASSWORD',
      'http://127.0.0.1:8123',
    )
    .option('--listen <address>', 'address of the page; port 0 takes a free one', '127.0.0.1:4320')
    .option('--host <name...>', 'further host names the page is reached by')
    .addHelpText(
      'after',
      '\nExample:\n  obsctl dashboards preview --clickhouse http://127.0.0.1:8123\n',
    )
    .action((options: PreviewCommandOptions) => preview(options, context));
}

async function preview(options: PreviewCommandOptions, context: CliContext): Promise<void> {
  const listen = parseListen(options.listen);
  const { startPreview } = await import('../../dashboards/preview/server.ts');
  const { isLoopback } = await import('../../dashboards/preview/guard.ts');
  const { dashboards } = await import('../../dashboards/catalog.ts');
  const page = await startPreview({
    clickhouseUrl: options.clickhouse,
    env: context.env,
    listen,
    hosts: options.host ?? [],
    dashboards,
    clock: systemClock,
  });
  if (!isLoopback(listen.host)) {
    context.stderr('anyone who reaches this address can read the telemetry: there is no login\n');
  }
  context.stdout(`${page.url}\n`);
  context.stderr('Ctrl-C stops the page\n');
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await page.close();
}

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new Problem('OBS-1003', `--listen ${text}: expected HOST:PORT, such as 127.0.0.1:4320`);
  }
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port };
}
