/** `obsctl snapshot`: tables of Postgres and MySQL in ClickHouse, exactly. */
import type { Command } from 'commander';
import type { ClickHouse } from '../../clickhouse/client.ts';
import type { CliContext } from '../context.ts';

type SnapshotOptions = {
  readonly file: string;
  readonly clickhouse?: string;
  readonly json?: boolean;
  readonly full?: boolean;
};

export function registerSnapshot(program: Command, context: CliContext): void {
  const snapshot = program
    .command('snapshot')
    .description('copy tables of Postgres and MySQL into ClickHouse, verified, on a schedule');
  const subcommand = (name: string, description: string): Command =>
    snapshot
      .command(name)
      .description(description)
      .argument('[name]', 'one snapshot of the stack file; without it all of them')
      .option('-f, --file <file>', 'stack file', 'obs.yaml')
      .option('--json', 'the result as JSON, one line a snapshot');
  const url = 'server and database of snapshot_runs; CLICKHOUSE_URL, or http://127.0.0.1:8123';
  subcommand('run', 'copy all tables, verify each, then swap them in')
    .option('--clickhouse <url>', url)
    .option('--full', 'all rows, also of tables of which only changes would be read')
    .addHelpText(
      'after',
      '\nAll tables of a run show one point in time. A new table is filled beside the old one\n' +
        'and takes its place once row count and checksum are those that were sent; whatever\n' +
        'fails, the old tables stay as they are.\n' +
        '\nThe address of a database is in the environment, such as\n' +
        'SHOP_DSN=postgres://reader:PASSWORD@db:5432/shop. With OTEL_EXPORTER_OTLP_ENDPOINT the\n' +
        'progress is sent there as metrics.\n' +
        '\nExamples:\n' +
        '  obsctl snapshot run shop\n' +
        '  obsctl snapshot run --json | jq .tables\n' +
        '  obsctl snapshot run shop --full\n' +
        '\nExit codes: 0 all is copied, 2 something is wrong with it, 3 not reachable.\n',
    )
    .action((name: string | undefined, options: SnapshotOptions) => run(name, options, context));
  subcommand('plan', 'show what would be read, as which types, in how many chunks')
    .addHelpText('after', '\nExample:\n  obsctl snapshot plan shop -f obs.yaml\n')
    .action((name: string | undefined, options: SnapshotOptions) => plan(name, options, context));
  subcommand('list', 'show the last run of every table: rows, checksum, age')
    .option('--clickhouse <url>', url)
    .addHelpText(
      'after',
      '\nExample:\n  obsctl snapshot list\n' +
        '\nExit codes: 0 all are right, 1 one failed or is missing.\n',
    )
    .action((name: string | undefined, options: SnapshotOptions) => list(name, options, context));
}

async function run(
  name: string | undefined,
  options: SnapshotOptions,
  context: CliContext,
): Promise<void> {
  const { snapshotsOf } = await import('../snapshot/open.ts');
  const { Progress } = await import('../snapshot/progress.ts');
  const { ProgressMetrics } = await import('../snapshot/progress-metrics.ts');
  const { runOne } = await import('../snapshot/run-one.ts');
  const { runText } = await import('../snapshot/print.ts');
  const { readStack } = await import('../stack-file.ts');
  const configs = snapshotsOf(await readStack(options.file, context), name);
  const server = await connect(options, context);
  const metrics = await ProgressMetrics.start(context.env);
  try {
    for (const config of configs) {
      const progress = new Progress(context);
      const onProgress = progress.show;
      const isFull = options.full === true;
      const report = await runOne(config, server, { onProgress, metrics, isFull }, context);
      progress.end();
      if (options.json === true) context.stdout(`${JSON.stringify(report, bigAsText)}\n`);
      else context.stdout(runText(report));
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
    context.stderr('interrupted; the tables are as they were\n');
    context.exitWith(130);
  } finally {
    await metrics?.stop();
    await server.close();
  }
}

async function plan(
  name: string | undefined,
  options: SnapshotOptions,
  context: CliContext,
): Promise<void> {
  const { snapshotsOf, openSource } = await import('../snapshot/open.ts');
  const { planSnapshot } = await import('../../jobs/snapshot/outlook.ts');
  const { planText } = await import('../snapshot/print.ts');
  const { readStack } = await import('../stack-file.ts');
  for (const config of snapshotsOf(await readStack(options.file, context), name)) {
    const { source, home } = await openSource(config, context);
    try {
      const outlook = await planSnapshot(config, source, home);
      context.stdout(options.json === true ? `${JSON.stringify(outlook)}\n` : planText(outlook));
    } finally {
      await source.close();
    }
  }
}

async function list(
  name: string | undefined,
  options: SnapshotOptions,
  context: CliContext,
): Promise<void> {
  const { snapshotsOf } = await import('../snapshot/open.ts');
  const { lastRuns } = await import('../../jobs/snapshot/runs.ts');
  const { listText } = await import('../snapshot/print.ts');
  const { readStack } = await import('../stack-file.ts');
  const configs = snapshotsOf(await readStack(options.file, context), name);
  const server = await connect(options, context);
  try {
    const names = configs.map((config) => config.name);
    const runs = await lastRuns(server, names);
    if (options.json === true) for (const one of runs) context.stdout(`${JSON.stringify(one)}\n`);
    else context.stdout(listText(runs, names));
    const isRight = names.every((one) => {
      const own = runs.filter(({ snapshot }) => snapshot === one);
      return own.length > 0 && own.every(({ result, isEqual }) => result === 'ok' && isEqual);
    });
    if (!isRight) context.exitWith(1);
  } finally {
    await server.close();
  }
}

async function connect(options: SnapshotOptions, context: CliContext): Promise<ClickHouse> {
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const { snapshotSettings } = await import('../../jobs/snapshot/run.ts');
  const settings = snapshotSettings;
  const { requestTimeoutMs } = await import('../snapshot/run-one.ts');
  return connectClickHouse({ url, env: context.env, requestTimeoutMs, settings });
}

function bigAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
