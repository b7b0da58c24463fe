/** `obsctl watch`: the alert rules without a Grafana, told to channels. */
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { Watcher } from '../../jobs/watch/watch.ts';
import type { CliContext } from '../context.ts';
import type { StackRules } from '../rule-options.ts';
import type { Report } from '../watch/report.ts';

type WatchCommandOptions = {
  readonly clickhouse?: string;
  readonly file?: string;
  readonly state?: string;
  readonly webhook?: string;
  readonly silences?: string;
  readonly runbooksUrl?: string;
  readonly interval: string;
  readonly once?: boolean;
  readonly json?: boolean;
};

const defaultState = '.obsctl/watch.json';
const intervalMsMin = 1_000;
/** After this the server gives up a query, which is a fault of its rule and not of the others. */
const querySecondsMax = 20;
/** Longer, because a server that says that is one that answers. */
const requestTimeoutMs = 30_000;

export function registerWatch(program: Command, context: CliContext): void {
  program
    .command('watch')
    .description('evaluate the alert rules and tell channels what fires and what is resolved')
    .option('--clickhouse <url>', 'server and database; CLICKHOUSE_URL, or http://127.0.0.1:8123')
    .option('-f, --file <file>', 'stack file with objectives, thresholds, channels, routes')
    .option(
      '--webhook <url>',
      'also gets all that changed, as from Alertmanager; OBSCTL_WEBHOOK_URL',
    )
    .option('--silences <file>', 'list of silences, read again each time; beside those of -f')
    .option('--state <file>', `what fires and what is still to be sent (default: ${defaultState})`)
    .option('--interval <duration>', 'how often the rules are evaluated', '1m')
    .option('--runbooks-url <url>', 'where docs/runbooks can be read, for the link in an alert')
    .option('--once', 'evaluate once and print what is pending or fires; state only with --state')
    .option('--json', 'each evaluation as one JSON line')
    .addHelpText(
      'after',
      '\nChannels (webhook, Slack, PagerDuty, Opsgenie, Teams, e-mail) and which alert goes\n' +
        'where stand in the stack file under alerts; secrets are in the environment or files.\n' +
        'At least once: what a channel does not take is kept and sent again, also by the next\n' +
        'start; an alert that comes twice has the same fingerprint and startsAt.\n' +
        '\nExamples:\n' +
        '  obsctl watch -f obs.yaml --state /var/lib/obsctl/watch.json\n' +
        '  obsctl watch --webhook http://127.0.0.1:9093/hook --silences silences.yaml\n' +
        '  obsctl watch --once --json | jq .alerts\n' +
        '\nExit codes of --once: 0 nothing fires, 1 something does, 3 a query or channel failed.\n',
    )
    .action((options: WatchCommandOptions) => runWatch(options, context));
}

async function runWatch(options: WatchCommandOptions, context: CliContext): Promise<void> {
  const intervalMs = parseDurationMs(options.interval) ?? 0;
  if (intervalMs < intervalMsMin) {
    throw new Problem('OBS-1003', `--interval ${options.interval}: expected a duration such as 1m`);
  }
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const { alertRules } = await import('../../dashboards/alerts/catalog.ts');
  const { Watcher } = await import('../../jobs/watch/watch.ts');
  const { openSilences } = await import('../../jobs/watch/silences.ts');
  const { channelsOf } = await import('../watch/channels.ts');
  const { problemText, Report } = await import('../watch/report.ts');
  const stack = await stackRules(options, context);
  const { channels, routing } = await channelsOf(stack.routing, options.webhook, context);
  const silences = await openSilences(stack.silences, options.silences, (problem) =>
    context.stderr(`${problemText(problem)}\n`),
  );
  const statePath = options.state ?? (options.once === true ? undefined : defaultState);
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const { database } = connectClickHouse({ url, env: context.env });
  const server = connectClickHouse({
    url,
    env: context.env,
    requestTimeoutMs,
    sessionDatabase: database,
    settings: { readonly: '2', max_execution_time: querySecondsMax },
  });
  try {
    const watcher = await Watcher.open({
      rules: alertRules(stack.rules),
      rows: (sql, signal) => server.rows(sql, signal),
      clock: systemClock,
      intervalMs,
      channels,
      routing,
      silences,
      // There is no later: what waits for its group would wait for the next start.
      grouped: options.once !== true,
      ...(statePath !== undefined && { statePath }),
      ...(stack.runbooksUrl !== undefined && { runbooksUrl: stack.runbooksUrl }),
    });
    const report = new Report(routing, options);
    if (options.once === true) await lookOnce(watcher, report, context);
    else await keepWatching(watcher, report, intervalMs, context);
  } finally {
    await server.close();
  }
  if (context.signal.aborted) context.exitWith(options.once === true ? 130 : 0);
}

async function stackRules(
  { file, runbooksUrl: given }: WatchCommandOptions,
  context: CliContext,
): Promise<StackRules> {
  const none: StackRules = {
    rules: {},
    without: [],
    routing: { channels: [], routes: [], muteTimings: [] },
    silences: [],
  };
  const { readRuleOptions } = await import('../rule-options.ts');
  const stack = file === undefined ? none : await readRuleOptions(file, context);
  const runbooksUrl = given ?? stack.runbooksUrl;
  return { ...stack, ...(runbooksUrl !== undefined && { runbooksUrl }) };
}

async function lookOnce(watcher: Watcher, report: Report, context: CliContext): Promise<void> {
  const round = await watcher.round(context.signal);
  if (context.signal.aborted) return;
  report.print(round, context);
  const fires = report.alertsOf(round).some(({ state }) => state === 'firing');
  context.exitWith(report.failed(round) ? 3 : fires ? 1 : 0);
}

/** On a grid: a slow round delays the next one, and skips what it slept through. */
async function keepWatching(
  watcher: Watcher,
  report: Report,
  intervalMs: number,
  context: CliContext,
): Promise<void> {
  const { signal } = context;
  while (!signal.aborted) {
    const startMs = systemClock.monotonicMs();
    const round = await watcher.round(signal);
    if (!signal.aborted) report.print(round, context);
    const passedMs = systemClock.monotonicMs() - startMs;
    const endMs = startMs + passedMs + intervalMs - (passedMs % intervalMs);
    await deliverUntil(endMs, watcher, report, context);
    await systemClock.sleep(endMs - systemClock.monotonicMs(), signal);
  }
}

/** Sends what waits for more of its group when its time is there, and not at the next round. */
async function deliverUntil(
  endMs: number,
  watcher: Watcher,
  report: Report,
  context: CliContext,
): Promise<void> {
  for (;;) {
    const dueMs = watcher.dueMs();
    if (dueMs === undefined || context.signal.aborted) return;
    const delayMs = dueMs - systemClock.nowMs();
    if (systemClock.monotonicMs() + delayMs >= endMs) return;
    await systemClock.sleep(delayMs, context.signal);
    const delivered = await watcher.deliver(context.signal);
    if (context.signal.aborted) return;
    report.printRefusals(delivered, context);
  }
}
