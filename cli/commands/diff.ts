/** `obsctl diff`: what applying the stack would change, and what each change may cost. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import type { Manifest } from '../render/diff/manifest.ts';
import type { PartName } from '../render/parts.ts';

type DiffOptions = {
  readonly file: string;
  readonly only?: string;
  readonly live?: boolean;
  readonly context?: string;
  readonly kubectl: string;
  readonly json?: boolean;
};

const defaultFolder = 'rendered';

export function registerDiff(program: Command, context: CliContext): void {
  program
    .command('diff')
    .description('what would change, by object and by Collector component, with what it may cost')
    .argument('[dir]', `folder that \`render -o\` wrote (default: ${defaultFolder})`)
    .option(
      '-f, --file <file>',
      'stack file: YAML, or TypeScript with a default export',
      'obs.yaml',
    )
    .option('--only <parts>', 'of agents, gateway, clickhouse, grafana, dashboards, jobs')
    .option('--live', 'compare with the cluster, through kubectl; changes nothing there')
    .option('--context <name>', 'context of kubectl, with --live')
    .option('--kubectl <program>', 'name or path of kubectl', 'kubectl')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl diff rendered\n  obsctl diff --live --context prod\n' +
        '\nExit codes: 0 equal, 1 different, 2 bad input, 3 the cluster could not be asked.\n',
    )
    .action((folder: string | undefined, options: DiffOptions) =>
      runDiff(folder, options, context),
    );
}

async function runDiff(
  folder: string | undefined,
  options: DiffOptions,
  context: CliContext,
): Promise<void> {
  if (options.live === true && folder !== undefined) {
    throw new Problem('OBS-1003', 'a folder and --live: there is one thing to compare with', {
      next: 'Leave out one of the two.',
    });
  }
  const { readStack } = await import('../stack-file.ts');
  const { parseOnly } = await import('../render/parts.ts');
  const { renderSystem } = await import('../render/system.ts');
  const { systemStream } = await import('../render/stream.ts');
  const { parseManifests, readManifests } = await import('../render/diff/manifest.ts');
  const { diffManifests } = await import('../render/diff/diff.ts');
  const { printDiff, summarize } = await import('../render/diff/print.ts');
  const stack = await readStack(options.file, context);
  const only = parseOnly(options.only);
  const system = renderSystem(stack, { only });
  // Through the bytes, so that both sides have been through the same reader.
  const rendered = parseManifests(systemStream(system), options.file);
  const sides =
    options.live === true
      ? await liveSides(rendered, stack.name, options, context)
      : { before: await readManifests(folder ?? defaultFolder), after: rendered };
  const before = options.only === undefined ? sides.before : inScope(sides.before, rendered, only);
  const differences = diffManifests(before, sides.after);
  if (options.json === true) {
    context.stdout(`${JSON.stringify({ differences }, null, 2)}\n`);
  } else {
    context.stdout(printDiff(differences));
    context.stderr(differences.length === 0 ? 'no difference\n' : `${summarize(differences)}\n`);
  }
  if (differences.length > 0) context.exitWith(1);
}

async function liveSides(
  rendered: readonly Manifest[],
  stack: string,
  options: DiffOptions,
  context: CliContext,
) {
  const { readLive } = await import('../render/diff/live.ts');
  const sides = await readLive(rendered, stack, {
    program: options.kubectl,
    args: options.context === undefined ? [] : ['--context', options.context],
    env: context.env,
    signal: context.signal,
  });
  for (const [object, text] of sides.refusals) {
    context.stderr(`the API server refuses the change of ${object}: ${text}\n`);
  }
  return sides;
}

/** With `--only`, what other parts have is not gone. */
function inScope(
  before: readonly Manifest[],
  rendered: readonly Manifest[],
  only: readonly PartName[],
): readonly Manifest[] {
  // Namespaces alone belong to no part.
  const names = new Set(rendered.map(({ metadata }) => metadata.name));
  return before.filter((object) => {
    const part = partOf(object);
    return part === undefined ? names.has(object.metadata.name) : only.includes(part);
  });
}

const partOfComponent: Readonly<Record<string, PartName>> = {
  gateway: 'gateway',
  clickhouse: 'clickhouse',
  grafana: 'grafana',
  credentials: 'jobs',
  schema: 'jobs',
  migrate: 'jobs',
};

/** Every other component is an agent, or a program that an agent's preset brings. */
function partOf({ metadata }: Manifest): PartName | undefined {
  const component: unknown = Object(metadata['labels'])['app.kubernetes.io/component'];
  if (typeof component !== 'string') return undefined;
  const part = partOfComponent[component] ?? 'agents';
  return part === 'grafana' && metadata.name.includes('-dashboard-') ? 'dashboards' : part;
}
