/** `obsctl dashboards push`: dashboards and alert rules, with folder and data source. */
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { formatProblem, Problem } from '../../core/problem.ts';
import type { Routing } from '../../dashboards/alerts/routing/config.ts';
import type { DataSourceOptions } from '../../dashboards/push/data-source.ts';
import type { PushOptions, PushResult } from '../../dashboards/push/push.ts';
import type { CliContext } from '../context.ts';

type PushCommandOptions = {
  readonly grafana: string;
  readonly folder?: string;
  readonly clickhouse?: string;
  readonly renewPassword?: boolean;
  readonly dataSourceUid?: string;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly file?: string;
  readonly runbooksUrl?: string;
  /** False with `--no-alerts`. */
  readonly alerts: boolean;
  /** False with `--no-routing`. */
  readonly routing: boolean;
  readonly renewSecrets?: boolean;
  readonly json?: boolean;
};

export function registerDashboardsPush(dashboards: Command, context: CliContext): void {
  dashboards
    .command('push')
    .description('bring dashboards and alert rules to a Grafana; a second push changes nothing')
    .requiredOption('--grafana <url>', 'address of Grafana, as a browser shows it')
    .option('--folder <title>', 'folder of them all (default: obsctl, or what ours is named)')
    .option('-f, --file <file>', 'stack file with objectives, thresholds, channels, the folder')
    .option(
      '--clickhouse <url>',
      'also make the data source: ClickHouse as Grafana reaches it; user and password from ' +
        'CLICKHOUSE_USER and CLICKHOUSE_PASSWORD',
    )
    .option('--renew-password', 'with --clickhouse: write the password even if one is set')
    .option('--data-source-uid <uid>', 'ask this ClickHouse data source, which exists already')
    .option('--runbooks-url <url>', 'where docs/runbooks can be read, for the link in an alert')
    .option('--no-alerts', 'leave the alert rules out')
    .option('--no-routing', 'leave contact points, policy and mute timings of -f out')
    .option('--renew-secrets', 'write the secrets of contact points even if they are set')
    .option('--dry-run', 'print what would change, and change nothing')
    .option('--prune', 'remove dashboards and rules of ours that this version no longer has')
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      '\nThe token of a service account comes from GRAFANA_TOKEN: role Editor, or Admin with ' +
        '--clickhouse.\nOnly what is ours is touched: uids that start with obsctl-, dashboards ' +
        'with the tag obsctl,\nrules in groups named obsctl-, contact points and mute timings ' +
        'named obsctl-, and one policy\nfor alerts with the label managed_by=obsctl. A rule ' +
        'stays paused when it was, and tells whom\nyou chose. Channels of -f become contact ' +
        'points; their secrets come from where it says.\n' +
        '\nExamples:\n  obsctl dashboards push --grafana https://shop.grafana.net --dry-run\n' +
        '  obsctl dashboards push --grafana https://grafana.example/path ' +
        '--clickhouse https://clickhouse.example:8443/otel\n' +
        '  obsctl dashboards push --grafana https://grafana.example -f obs.yaml\n' +
        '\nExit codes: 0 done, 1 a dry run found differences, 2 refused, 3 Grafana could not be ' +
        'asked.\n',
    )
    .action((options: PushCommandOptions) => push(options, context));
}

async function push(options: PushCommandOptions, context: CliContext): Promise<void> {
  const dataSource = await dataSourceOf(options, context);
  const wanted = await wantedOf(options, context);
  const { connectGrafana } = await import('../../dashboards/push/api.ts');
  const { pushDashboards } = await import('../../dashboards/push/push.ts');
  try {
    const grafana = await connectGrafana({
      url: options.grafana,
      token: context.env['GRAFANA_TOKEN'] ?? '',
      clock: systemClock,
      signal: context.signal,
      onRetry: (text) => context.stderr(`${text}\n`),
    });
    const result = await pushDashboards(grafana, {
      ...wanted,
      dataSource,
      dryRun: options.dryRun === true,
      prune: options.prune === true,
    });
    await report(result, options, context);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    context.stderr('interrupted; run it again to go on\n');
    context.exitWith(130);
  }
}

/** Dashboards, rules and folder: of the options, else of the stack file. */
async function wantedOf(
  { file, folder, runbooksUrl, alerts, routing, renewSecrets = false }: PushCommandOptions,
  context: CliContext,
): Promise<Pick<PushOptions, 'dashboards' | 'folder' | 'alerts' | 'routing'>> {
  const given = folderOf({ folder });
  const { readRuleOptions } = await import('../rule-options.ts');
  const stack = file === undefined ? undefined : await readRuleOptions(file, context);
  const { dashboards } = await import('../../dashboards/catalog.ts');
  const { fedOptions } = await import('../../dashboards/render.ts');
  const told =
    stack === undefined || !routing
      ? undefined
      : {
          routing: stack.routing,
          secrets: await secretsOf(stack.routing, context),
          renewSecrets,
        };
  const fed = fedOptions(stack ?? {});
  const { leftOutNotes } = await import('../render/standing.ts');
  for (const note of leftOutNotes(stack?.without ?? [])) context.stderr(`note: ${note}\n`);
  const wanted = {
    dashboards: dashboards(fed),
    folder: given ?? stack?.folder,
    alerts: undefined,
    routing: told,
  };
  if (!alerts) return wanted;
  const { alertRules } = await import('../../dashboards/alerts/catalog.ts');
  const runbooks = runbooksUrl ?? stack?.runbooksUrl;
  const rules = alertRules(fed);
  return { ...wanted, alerts: { rules, ...(runbooks !== undefined && { runbooksUrl: runbooks }) } };
}

async function secretsOf(
  { channels }: Routing,
  { env }: CliContext,
): Promise<ReadonlyMap<string, string>> {
  const { readSecrets } = await import('../../dashboards/alerts/routing/secrets.ts');
  // A Grafana sends e-mails by a server of its own: the password of ours is not needed.
  const told = channels.filter(({ type }) => type !== 'email');
  return readSecrets(told, env);
}

function folderOf({ folder }: { readonly folder: string | undefined }): string | undefined {
  if (folder?.trim() !== '') return folder?.trim();
  throw new Problem('OBS-1003', '--folder: expected a title', {
    next: 'Leave it out for the folder obsctl.',
  });
}

async function dataSourceOf(
  { clickhouse, dataSourceUid: uid, renewPassword }: PushCommandOptions,
  { env }: CliContext,
): Promise<DataSourceOptions> {
  if (clickhouse === undefined) {
    if (renewPassword !== true) return uid === undefined ? {} : { uid };
    throw new Problem('OBS-1003', '--renew-password needs --clickhouse, whose password it is');
  }
  if (uid !== undefined) {
    throw new Problem('OBS-1003', '--clickhouse makes a data source, --data-source-uid takes one', {
      next: 'Leave out one of the two.',
    });
  }
  const { parseTarget } = await import('../../dashboards/push/target.ts');
  const target = parseTarget(clickhouse);
  const user = target.user || env['CLICKHOUSE_USER'] || 'default';
  const password = env['CLICKHOUSE_PASSWORD'] ?? '';
  return { connection: { ...target, user, password, renewPassword: renewPassword === true } };
}

/** The difference is data; everything else is talk. */
async function report(
  result: PushResult,
  options: PushCommandOptions,
  context: CliContext,
): Promise<void> {
  const { printSteps, summarizeSteps } = await import('../../dashboards/push/print.ts');
  const { refusals } = result;
  if (options.json === true) {
    const shown = refusals.map(({ code, where, message, next }) => ({
      code,
      where,
      message,
      next,
    }));
    context.stdout(`${JSON.stringify({ ...result, refusals: shown })}\n`);
  } else context.stdout(printSteps(result));
  for (const note of result.notes) context.stderr(`note: ${note}\n`);
  if (options.prune !== true) {
    for (const { kind, title, uid } of result.leftovers) {
      context.stderr(`note: the ${kind} "${title}" (${uid}) is no longer part of this version; `);
      context.stderr('--prune removes it\n');
    }
  }
  for (const refusal of refusals) context.stderr(`${formatProblem(refusal)}\n`);
  const written = refusals.length > 0 ? '; nothing was written' : '';
  context.stderr(`${result.grafana}: ${summarizeSteps(result)}${written}\n`);
  if (refusals.length > 0) context.exitWith(2);
  else if (result.dryRun && result.steps.some(({ action }) => action !== 'none')) {
    context.exitWith(1);
  }
}
