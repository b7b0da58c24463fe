/** `obsctl dashboards`: as files; its subcommands for a Grafana and our page stand beside it. */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { registerDashboardsPreview } from './dashboards-preview.ts';
import { registerDashboardsPush } from './dashboards-push.ts';

type RenderOptions = {
  readonly output?: string;
  readonly grafanaPath?: string;
  readonly datasourceUid?: string;
  readonly folder?: string;
  readonly runbooksUrl?: string;
  readonly file?: string;
  readonly operator?: boolean;
};

export function registerDashboards(program: Command, context: CliContext): void {
  const dashboards = program
    .command('dashboards')
    .description('the dashboards: as files, in a Grafana, or on our own page');
  dashboards
    .command('render')
    .description('write Grafana JSON, the provider file that loads it, and the alert rules')
    .option('-o, --output <dir>', 'folder to write; without it a JSON array goes to stdout')
    .option('--grafana-path <dir>', 'where Grafana will find the JSON files, for the provider file')
    .option('-f, --file <file>', 'stack file with objectives, thresholds and the folder')
    .option('--datasource-uid <uid>', 'the data source that alert rules ask', 'obsctl-clickhouse')
    .option('--folder <title>', 'folder in Grafana (default: of the stack file, or obsctl)')
    .option('--runbooks-url <url>', 'where docs/runbooks can be read, for the link in an alert')
    .option('--operator', 'objects of the Grafana operator instead, contact points among them')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  obsctl dashboards render -o grafana/dashboards\n' +
        '  obsctl dashboards render -f obs.yaml -o grafana\n' +
        '  obsctl dashboards render -f obs.yaml --operator | kubectl apply -n grafana -f -\n' +
        '  obsctl dashboards render -o grafana --runbooks-url https://docs.example/runbooks\n',
    )
    .action((options: RenderOptions) => render(options, context));
  registerDashboardsPush(dashboards, context);
  registerDashboardsPreview(program, context);
}

async function render(options: RenderOptions, context: CliContext): Promise<void> {
  const { renderFiles, writeRendered } = await import('../../dashboards/render.ts');
  const { output, file, operator, ...given } = options;
  const { readRuleOptions } = await import('../rule-options.ts');
  const stack = file === undefined ? undefined : await readRuleOptions(file, context);
  const place = { ...stack, ...given };
  const { leftOutNotes } = await import('../render/standing.ts');
  for (const note of leftOutNotes(stack?.without ?? [])) context.stderr(`note: ${note}\n`);
  const { operatorFiles } = await import('../../dashboards/operator.ts');
  const files = operator === true ? operatorFiles(place) : renderFiles(place);
  if (output === undefined && operator === true) {
    context.stdout(files.map(({ text }) => text).join('---\n'));
    return;
  }
  if (output === undefined) {
    const json = files.filter((file) => file.path.endsWith('.json'));
    context.stdout(`[\n${json.map((file) => file.text.trimEnd()).join(',\n')}\n]\n`);
    return;
  }
  const { Problem } = await import('../../core/problem.ts');
  const paths = await writeRendered(output, files).catch((error: unknown) => {
    throw new Problem('OBS-1003', Error.isError(error) ? error.message : String(error), {
      where: output,
      cause: error,
    });
  });
  context.stderr(`${paths.length} files written to ${output}\n`);
}
