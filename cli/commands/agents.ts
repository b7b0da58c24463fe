/** `obsctl agents`: who reports by OpAMP, with which configuration, and how far a new one is. */
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { Expected, Judged } from '../agents/judge.ts';
import type { AgentFilter } from '../agents/read.ts';
import type { CliContext } from '../context.ts';

type Options = {
  readonly clickhouse?: string;
  readonly file?: string;
  readonly cluster?: string;
  readonly groupLabel?: string;
  readonly since: string;
  readonly json?: boolean;
};

const defaultFile = 'obs.yaml';

export function registerAgents(program: Command, context: CliContext): void {
  const agents = program
    .command('agents')
    .description('who reports by OpAMP: version, health, and drift from what is rendered');
  const asking = (name: string, description: string, file: string): Command =>
    agents
      .command(name, { isDefault: name === 'list' })
      .description(description)
      .option('--clickhouse <url>', 'server and database; CLICKHOUSE_URL, or the local one')
      .option('-f, --file <file>', file)
      .option('--group-label <name>', 'a label of nodes that names their group, else the node pool')
      .option('--since <duration>', 'leave out who was last heard of before', '1h')
      .option('--json', 'one JSON line each');
  asking('list', 'show every agent', 'stack file that their configuration is compared with')
    .option('--cluster <name>', 'of this cluster alone')
    .addHelpText(
      'after',
      '\nThe column config, with -f: ok; old, not rolled out yet; edited by hand; extra, not in\n' +
        'the stack file; unknown. Without -f it has the hash that the agent was rendered with.\n' +
        '\nExamples:\n  obsctl agents list\n' +
        '  obsctl agents list -f obs.yaml --json | jq .version\n',
    )
    .action((options: Options) => list(options, context));
  const ofFile = `stack file (default: ${defaultFile})`;
  asking('drift', 'show who runs something else than what is rendered', ofFile)
    .addHelpText(
      'after',
      '\nExample:\n  obsctl agents drift -f obs.yaml\n' +
        '\nExit codes: 0 no drift, 1 drift, 2 bad input, 3 ClickHouse could not be asked.\n',
    )
    .action((options: Options) => drift(options, context));
  asking('rollout', 'show by group how many have the rendered configuration', ofFile)
    .addHelpText(
      'after',
      '\nExample:\n  obsctl agents rollout -f obs.yaml\n' +
        '\nExit codes: 0 all have it and are healthy, 1 not yet, 2 bad input, 3 not reached.\n',
    )
    .action((options: Options) => rollout(options, context));
}

async function list(options: Options, context: CliContext): Promise<void> {
  const { printAgents } = await import('../agents/print.ts');
  const nowMs = systemClock.nowMs();
  const { file } = options;
  const found =
    file === undefined
      ? await readAll(options, nowMs, context)
      : (await judgeAll({ ...options, file }, nowMs, context)).judged;
  if (options.json === true) writeLines(found, context);
  else if (found.length === 0) context.stderr('no agent has reported\n');
  else context.stdout(printAgents(found, nowMs));
}

async function drift(options: Options, context: CliContext): Promise<void> {
  const { printDrift } = await import('../agents/print.ts');
  const { expected, judged } = await judgeAll(options, systemClock.nowMs(), context);
  const live = judged.filter(({ health }) => health !== 'silent');
  const drifted = live.filter(({ config }) => ['old', 'edited', 'extra'].includes(config));
  const reported = new Set(live.map(({ workload }) => workload));
  const absent = [...expected.keys()].filter((workload) => !reported.has(workload));
  const unknown = live.filter(({ config }) => config === 'unknown').length;
  if (options.json === true) {
    writeLines(
      [...absent.map((workload) => ({ workload, config: 'absent' })), ...drifted],
      context,
    );
  } else {
    context.stdout(printDrift(drifted, absent));
    const more = unknown === 0 ? '' : `; ${unknown} do not say what they run`;
    const none = drifted.length + absent.length === 0 ? 'no drift: ' : '';
    context.stderr(`${none}${live.length} agents report${more}\n`);
  }
  if (drifted.length + absent.length > 0) context.exitWith(1);
}

async function rollout(options: Options, context: CliContext): Promise<void> {
  const { rolloutOf } = await import('../agents/judge.ts');
  const { printRollout } = await import('../agents/print.ts');
  const { expected, judged } = await judgeAll(options, systemClock.nowMs(), context);
  const rows = rolloutOf(judged, expected);
  if (options.json === true) writeLines(rows, context);
  else context.stdout(printRollout(rows));
  const isDone = rows.every(
    ({ agents, updated, unhealthy }) => agents > 0 && updated === agents && unhealthy.length === 0,
  );
  if (!isDone) context.exitWith(1);
}

type Everything = {
  readonly expected: ReadonlyMap<string, Expected>;
  readonly judged: readonly Judged[];
};

/** The agents of the cluster and stack of the file, against what it renders. */
async function judgeAll(options: Options, nowMs: number, context: CliContext): Promise<Everything> {
  const { readStack } = await import('../stack-file.ts');
  const { compareConfigs, expectedAgents, hashesToCompare, judge } = await import(
    '../agents/judge.ts'
  );
  const { readAgents, readConfigs } = await import('../agents/read.ts');
  const file = options.file ?? defaultFile;
  const stack = await readStack(file, context);
  const expected = expectedAgents(stack);
  if (expected.size === 0) {
    throw new Problem('OBS-1003', 'no agent of this stack file reports itself', {
      where: file,
      next: 'Agents report to our own gateway: set gateway.image, and no “gateway.opamp: false”.',
    });
  }
  const filter = { ...filterOf(options, nowMs), cluster: stack.cluster, stack: stack.name };
  return await withServer(options, context, async (server) => {
    const agents = await readAgents(server, filter);
    const texts = readConfigs(server, hashesToCompare(agents, expected));
    const changes = await compareConfigs(agents, expected, texts);
    return { expected, judged: agents.map((agent) => judge(agent, expected, changes)) };
  });
}

async function readAll(options: Options, nowMs: number, context: CliContext) {
  const { readAgents } = await import('../agents/read.ts');
  const filter = filterOf(options, nowMs);
  return await withServer(options, context, (server) => readAgents(server, filter));
}

function filterOf({ since, cluster, groupLabel }: Options, nowMs: number): AgentFilter {
  const sinceMs = parseDurationMs(since);
  if (sinceMs === undefined) {
    throw new Problem('OBS-1003', `--since ${since}: expected a duration such as 1h`);
  }
  return { sinceMs: nowMs - sinceMs, nowMs, cluster, groupLabel };
}

async function withServer<Result>(
  options: Options,
  context: CliContext,
  ask: (server: import('../../clickhouse/client.ts').ClickHouse) => Promise<Result>,
): Promise<Result> {
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const server = connectClickHouse({ url, env: context.env });
  try {
    return await ask(server);
  } finally {
    await server.close();
  }
}

function writeLines(rows: readonly unknown[], context: CliContext): void {
  for (const row of rows) context.stdout(`${JSON.stringify(row)}\n`);
}
