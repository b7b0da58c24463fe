/** `obsctl cost`: what nodes, namespaces, workloads and teams cost, and by which price. */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import type { RunOptions } from '../cost/run.ts';
import type { CompareOptions, RecommendOptions, ShowOptions } from '../cost/show.ts';

const many = (value: string, before: readonly string[]): readonly string[] => [...before, value];

type Options = { readonly clickhouse?: string; readonly json?: boolean };

export function registerCost(program: Command, context: CliContext): void {
  const cost = program
    .command('cost')
    .description('count what nodes and pods cost, from recorded entities, prices and bills');
  registerRun(cost, context);
  registerShow(cost, context);
  registerTraffic(cost, context);
  registerRecommend(cost, context);
  registerCompare(cost, context);
  registerPrices(cost, context);
  registerBills(cost, context);
}

const withServer = (command: Command): Command =>
  command
    .option('--clickhouse <url>', 'server and database; CLICKHOUSE_URL, or the local one')
    .option('--json', 'as JSON');

const withPlace = (command: Command): Command =>
  withServer(command)
    .option('--cluster <name>', 'of this cluster alone')
    .option('-n, --namespace <name>', 'of this namespace alone');

function registerRun(cost: Command, context: CliContext): void {
  withServer(cost.command('run'))
    .description('count the hours again, from what is recorded now')
    .option('--since <duration>', 'how far back', '3h')
    .option('--watch', 'go on, and count the last hours again each time')
    .option('--interval <duration>', 'how often, with --watch', '10m')
    .option('--team-label <name>', 'label with the team; several times', many, [])
    .option('--owner-label <name>', 'label with the owner; several times', many, [])
    .option('--cost-center-label <name>', 'label with the cost centre; several times', many, [])
    .addHelpText(
      'after',
      '\nWithout names the labels are team, owner and cost-center, which\n' +
        '`obsctl entities watch --label` keeps. Nothing is asked of the internet: without a\n' +
        'price file or bill the list prices of the package are taken, and every figure says so.\n' +
        '\nExamples:\n  obsctl cost run --since 24h\n' +
        '  obsctl cost run --watch --team-label example.com/team\n',
    )
    .action(async (options: RunOptions) => {
      const { run } = await import('../cost/run.ts');
      await run(options, context);
    });
}

function registerShow(cost: Command, context: CliContext): void {
  withPlace(cost.command('show'))
    .description('show what was counted, the dearest first')
    .option(
      '--by <what>',
      'cluster, node, namespace, workload, team, owner, cost-center',
      'namespace',
    )
    .option('--since <duration>', 'how far back', '24h')
    .option('--month <month>', 'a month instead, such as 2026-11')
    .option('--limit <count>', 'at most so many', '50')
    .addHelpText(
      'after',
      '\n“a month” is thirty days like the hours that were counted.\n' +
        '\nExamples:\n  obsctl cost show --by team --month 2026-11\n' +
        "  obsctl cost show --by workload -n shop --json | jq '.rows[].cost'\n",
    )
    .action(async (options: ShowOptions) => {
      const { show } = await import('../cost/show.ts');
      await show(options, context);
    });
}

function registerTraffic(cost: Command, context: CliContext): void {
  withPlace(cost.command('traffic'))
    .description('show what traffic between zones and to the internet cost, the dearest first')
    .option('--by <what>', 'cluster, namespace, workload, team', 'workload')
    .option('--since <duration>', 'how far back', '24h')
    .option('--month <month>', 'a month instead, such as 2026-11')
    .option('--limit <count>', 'at most so many', '50')
    .addHelpText(
      'after',
      '\nCounted when it is asked for, of the flows that agents report, by the prices that hold\n' +
        'now: `traffic` of a price file, else the package’s. Who sends pays; between zones the\n' +
        'receiver as well, where the provider charges both directions.\n' +
        '\nExamples:\n  obsctl cost traffic --by team --month 2026-11\n' +
        "  obsctl cost traffic -n shop --json | jq '.rows[].internetCost'\n",
    )
    .action(async (options: ShowOptions) => {
      const { traffic } = await import('../cost/traffic.ts');
      await traffic(options, context);
    });
}

function registerRecommend(cost: Command, context: CliContext): void {
  withPlace(cost.command('recommend'))
    .description('show what workloads request and do not use, and what they might request')
    .option('--since <duration>', 'how far back', '7d')
    .option('--limit <count>', 'at most so many', '50')
    .addHelpText(
      'after',
      '\nRecommended is the mean use of a pod, or of all pods by those that are wanted, and a\n' +
        'tenth more. Peaks are in no mean: look at them before you change a request.\n' +
        '\nExample:\n  obsctl cost recommend -n shop --since 7d\n',
    )
    .action(async (options: RecommendOptions) => {
      const { recommendations } = await import('../cost/show.ts');
      await recommendations(options, context);
    });
}

function registerCompare(cost: Command, context: CliContext): void {
  withPlace(cost.command('compare'))
    .description('show what a workload cost before and after a deployment')
    .argument('<workload>', 'name of a Deployment, StatefulSet or DaemonSet')
    .option('--at <time>', 'another time than that of the last change of its images')
    .option('--window <duration>', 'how long before and after', '24h')
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl cost compare checkout -n shop\n' +
        '  obsctl cost compare checkout --at 2026-11-20T12:00:00Z --window 6h\n',
    )
    .action(async (workload: string, options: CompareOptions) => {
      const { compare } = await import('../cost/show.ts');
      await compare(workload, options, context);
    });
}

function registerPrices(cost: Command, context: CliContext): void {
  const prices = cost.command('prices').description('prices of your own, instead of the package’s');
  withServer(prices.command('import'))
    .description('load a price file in the place of the one of its name')
    .argument('<file>', 'YAML or JSON')
    .addHelpText(
      'after',
      '\nHours that were counted before keep their prices until they are counted again.\n' +
        '\nExample:\n  obsctl cost prices import prices.yaml && obsctl cost run --since 24h\n',
    )
    .action(async (file: string, options: Options) => {
      const { importPriceFile } = await import('../cost/import.ts');
      await importPriceFile(file, options, context);
    });
  withServer(prices.command('list'))
    .description('show every price, the package’s too')
    .addHelpText('after', '\nExample:\n  obsctl cost prices list --json\n')
    .action(async (options: Options) => {
      const { listPrices } = await import('../cost/import.ts');
      await listPrices(options, context);
    });
}

function registerBills(cost: Command, context: CliContext): void {
  const bills = cost.command('bills').description('bills of providers, which go before all prices');
  withServer(bills.command('import'))
    .description('import a bill in the place of the one of its name; all of it or nothing')
    .argument('<file>', 'CSV, or CSV with gzip')
    .option('--format <name>', 'focus: FinOps FOCUS 1.0 or newer', 'focus')
    .option('--name <name>', 'instead of the name of the file')
    .addHelpText(
      'after',
      '\nExample:\n  obsctl cost bills import focus-2026-10.csv.gz --format focus\n',
    )
    .action(async (file: string, options: Options & { format: string; name?: string }) => {
      const { importBillFile } = await import('../cost/import.ts');
      await importBillFile(file, options, context);
    });
}
