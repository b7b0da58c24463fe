/** `obsctl dashboards`: the dashboards as files; its subcommands for our page stand beside it. */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { registerDashboardsPreview } from './dashboards-preview.ts';

type RenderOptions = { readonly output?: string; readonly grafanaPath?: string };

export function registerDashboards(program: Command, context: CliContext): void {
  const dashboards = program
    .command('dashboards')
    .description('the dashboards: as files for Grafana, or on our own page');
  dashboards
    .command('render')
    .description('write Grafana JSON and the provider file that loads it')
    .option('-o, --output <dir>', 'folder to write; without it a JSON array goes to stdout')
    .option('--grafana-path <dir>', 'where Grafana will find the JSON files, for the provider file')
    .addHelpText('after', '\nExample:\n  obsctl dashboards render -o grafana/dashboards\n')
    .action((options: RenderOptions) => render(options, context));
  registerDashboardsPreview(program, context);
}

async function render(options: RenderOptions, context: CliContext): Promise<void> {
  const { renderFiles, writeRendered } = await import('../../dashboards/render.ts');
  const place = options.grafanaPath === undefined ? {} : { grafanaPath: options.grafanaPath };
  if (options.output === undefined) {
    const json = renderFiles(place).filter((file) => file.path.endsWith('.json'));
    context.stdout(`[\n${json.map((file) => file.text.trimEnd()).join(',\n')}\n]\n`);
    return;
  }
  const { Problem } = await import('../../core/problem.ts');
  const folder = options.output;
  const paths = await writeRendered(folder, place).catch((error: unknown) => {
    throw new Problem('OBS-1003', Error.isError(error) ? error.message : String(error), {
      where: folder,
      cause: error,
    });
  });
  context.stderr(`${paths.length} files written to ${folder}\n`);
}
