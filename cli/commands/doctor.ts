/** `obsctl doctor`: why a panel is empty, for all dashboards, and why a rule is left out. */
import type { Command } from 'commander';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { DiagnosedDashboard, EmptyPanel, UnfedRule } from '../../dashboards/doctor.ts';
import type { PairFinding } from '../../dashboards/push/pair.ts';
import type { CliContext } from '../context.ts';

type DoctorOptions = {
  readonly clickhouse?: string;
  readonly file?: string;
  readonly since: string;
  readonly grafana?: string;
  readonly json?: boolean;
};

export function registerDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('ask every panel of every dashboard, and say why those without data have none')
    .option(
      '--clickhouse <url>',
      'ClickHouse to read from; CLICKHOUSE_URL, or http://127.0.0.1:8123; user and password also ' +
        'by CLICKHOUSE_USER and CLICKHOUSE_PASSWORD',
    )
    .option('-f, --file <file>', 'stack file: which presets are off, and which should have sent')
    .option('--since <duration>', 'how far back rows count as data', '15m')
    .option(
      '--grafana <url>',
      'also ask this Grafana whether it reads the same tables and has the dashboards, with the ' +
        'token GRAFANA_TOKEN; by default `grafana.url` of the stack file',
    )
    .option('--json', 'dashboards with their panels without data, and rules left out, as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  obsctl doctor\n' +
        '  obsctl doctor -f obs.yaml --clickhouse https://clickhouse.example:8443/otel\n' +
        '  obsctl doctor -f obs.yaml --grafana https://shop.grafana.net\n' +
        '  obsctl doctor --since 1h --json | jq ".dashboards[] | {title, withoutData}"\n' +
        '\nExit codes: 0 what is empty may be so, 1 something stopped, never came or fails,\n' +
        '2 the stack file has faults, 3 ClickHouse or Grafana could not be asked.\n',
    )
    .action((options: DoctorOptions) => runDoctor(options, context));
}

async function runDoctor(options: DoctorOptions, context: CliContext): Promise<void> {
  const rangeMs = parseDurationMs(options.since);
  if (rangeMs === undefined || rangeMs < 1000) {
    throw new Problem('OBS-1003', `--since ${options.since}: expected a duration such as 15m`);
  }
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const { dashboards } = await import('../../dashboards/catalog.ts');
  const { alertRules } = await import('../../dashboards/alerts/catalog.ts');
  const { diagnose, unfedRules } = await import('../../dashboards/doctor.ts');
  const stack = await stackOf(options.file, context);
  const clickhouseUrl = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  // One question first: a server that is away is one fault, and not one a panel.
  const server = connectClickHouse({ url: clickhouseUrl, env: context.env });
  await server.rows('SELECT 1').finally(() => server.close());
  const sessionDatabase = server.database;
  const inDatabase = connectClickHouse({ url: clickhouseUrl, env: context.env, sessionDatabase });
  const pair = await askGrafana(inDatabase, options, stack?.grafanaUrl, context).finally(() =>
    inDatabase.close(),
  );
  const found = await diagnose({
    clickhouseUrl,
    env: context.env,
    dashboards: dashboards({ objectives: stack?.objectives ?? [] }),
    clock: systemClock,
    rangeMs,
    ...(stack !== undefined && { standing: stack.standing }),
    signal: context.signal,
  });
  const ok =
    !found.some(({ withoutData }) => withoutData.some(({ trouble }) => trouble)) &&
    !pair?.findings.some(({ trouble }) => trouble);
  const all = alertRules();
  const rules = unfedRules(all, stack?.standing);
  if (options.json === true) {
    const { since } = options;
    const whole = { ok, since, dashboards: found, rules, ...(pair && { grafana: pair }) };
    context.stdout(`${JSON.stringify(whole, null, 2)}\n`);
  } else {
    const ruleLines = rules.length === 0 ? [] : [rulesInWords(rules, all.length)];
    const pairLines = pair === undefined ? [] : [pairInWords(pair)];
    context.stdout([...found.map(inWords), ...ruleLines, ...pairLines].join('\n'));
  }
  if (!ok) context.exitWith(1);
}

type Pair = { readonly address: string; readonly findings: readonly PairFinding[] };

/** Undefined where no Grafana is named, or none can be asked. */
async function askGrafana(
  server: ClickHouse,
  { grafana, file }: DoctorOptions,
  ofStack: string | undefined,
  context: CliContext,
): Promise<Pair | undefined> {
  const url = grafana ?? ofStack;
  if (url === undefined) return undefined;
  const token = context.env['GRAFANA_TOKEN'] ?? '';
  if (grafana === undefined && token === '') {
    context.stderr(`note: ${url} of the stack file was not asked: GRAFANA_TOKEN is not set\n`);
    return undefined;
  }
  const { connectGrafana } = await import('../../dashboards/push/api.ts');
  const { checkPair } = await import('../../dashboards/push/pair.ts');
  const { dashboards } = await import('../../dashboards/catalog.ts');
  const { fedOptions } = await import('../../dashboards/render.ts');
  const { readRuleOptions } = await import('../rule-options.ts');
  const fed = fedOptions(file === undefined ? {} : await readRuleOptions(file, context));
  const { signal } = context;
  const asked = await connectGrafana({
    ...{ url, token, clock: systemClock, signal },
    onRetry: (text) => context.stderr(`${text}\n`),
  });
  const findings = await checkPair(asked, { server, dashboards: dashboards(fed), signal });
  return { address: asked.address, findings };
}

function pairInWords({ address, findings }: Pair): string {
  const lines = findings.map(({ trouble, text }) => `  ${trouble ? '!' : '-'} ${text}\n`);
  return [`Grafana ${address}\n`, ...lines].join('');
}

async function stackOf(file: string | undefined, context: CliContext) {
  if (file === undefined) return undefined;
  const { readStack } = await import('../stack-file.ts');
  const { standingOf } = await import('../render/standing.ts');
  const { ruleOptionsOf } = await import('../render/alert-options.ts');
  const stack = await readStack(file, context);
  return {
    standing: standingOf(stack),
    objectives: ruleOptionsOf(stack).objectives ?? [],
    grafanaUrl: stack.grafana?.url,
  };
}

const words: Readonly<Record<EmptyPanel['why'], string>> = {
  preset_off: 'off in the stack file',
  not_chosen: 'nothing is chosen',
  no_rows: 'no rows',
  nothing_to_show: 'nothing to show',
  engine: 'this engine lacks or forbids it',
  error: 'the query fails',
};

/** A line a dashboard, and under it a line a reason with the panels that it holds for. */
function inWords({ title, panelCount, withoutData }: DiagnosedDashboard): string {
  const head = `${title}: ${panelCount - withoutData.length} of ${panelCount} panels have data\n`;
  const groups = Map.groupBy(withoutData, (panel) => `${panel.why} ${panel.reason}`);
  const lines = [...groups.values()].flatMap((panels) => {
    const [first] = panels;
    if (first === undefined) return [];
    const mark = first.trouble ? '!' : '-';
    const titles = panels.map((panel) => panel.title).join(', ');
    return [`  ${mark} ${words[first.why]}: ${titles}`, `      ${since(first)}${first.reason}`];
  });
  return [head, ...lines.map((line) => `${line}\n`)].join('');
}

/** Like a dashboard: nothing is wrong with what was left out. */
function rulesInWords(rules: readonly UnfedRule[], count: number): string {
  const head = `Alert rules: ${count - rules.length} of ${count} are rendered\n`;
  const groups = Map.groupBy(rules, ({ reason }) => reason);
  const lines = [...groups].flatMap(([reason, members]) => [
    `  - ${words.preset_off}: ${members.map(({ id }) => id).join(', ')}`,
    `      ${reason}`,
  ]);
  return [head, ...lines.map((line) => `${line}\n`)].join('');
}

function since({ why, lastRowsWithin }: EmptyPanel): string {
  if (why !== 'no_rows') return '';
  if (lastRowsWithin === undefined) return 'None in 30 days. ';
  return `The last came within ${lastRowsWithin}. `;
}
