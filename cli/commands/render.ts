/** `obsctl render`: the stack file as Kubernetes objects, or as files of a machine. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import type { RenderedFile } from '../render/files.ts';

type RenderOptions = {
  readonly file: string;
  readonly only?: string;
  readonly output?: string;
  readonly check?: boolean;
  readonly target: string;
  readonly explain?: string;
  readonly provenance?: boolean;
  readonly json?: boolean;
};

export function registerRender(program: Command, context: CliContext): void {
  program
    .command('render')
    .description('the stack as one stream of Kubernetes objects, in apply order')
    .option(
      '-f, --file <file>',
      'stack file: YAML, or TypeScript with a default export',
      'obs.yaml',
    )
    .option('--only <parts>', 'of agents, gateway, clickhouse, grafana, dashboards, jobs')
    .option('-o, --output <dir>', 'a file a part into this folder, and none on stdout')
    .option('--check', 'write nothing; exit code 1 when the files in the folder differ')
    .option('--target <target>', 'kubernetes, or host: a machine under systemd', 'kubernetes')
    .option('--explain <what>', 'rbac: every right of every account, with its reason')
    .option('--provenance', 'comments in Collector configurations: which preset put a key there')
    .option('--json', 'objects, warnings and rights as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  obsctl render -f obs.yaml | kubectl apply --server-side -f -\n' +
        '  obsctl render -o rendered --check\n' +
        '  obsctl render --explain rbac\n' +
        '\nExit codes: 0 done, 1 files differ (--check), 2 the stack file has faults.\n',
    )
    .action((options: RenderOptions) => runRender(options, context));
}

async function runRender(options: RenderOptions, context: CliContext): Promise<void> {
  if (options.check === true && options.output === undefined) {
    throw new Problem('OBS-1003', '--check compares files, so it needs the folder', {
      next: 'Add `-o DIR`.',
    });
  }
  if (options.explain !== undefined && options.explain !== 'rbac') {
    throw new Problem('OBS-1003', `--explain ${options.explain}: only rbac can be explained`);
  }
  if (options.target === 'kubernetes') await renderKubernetes(options, context);
  else if (options.target === 'host') await renderMachine(options, context);
  else {
    throw new Problem('OBS-1003', `--target ${options.target}: there is no such target`, {
      next: 'The targets are kubernetes and host.',
    });
  }
}

async function renderKubernetes(options: RenderOptions, context: CliContext): Promise<void> {
  const { readStack } = await import('../stack-file.ts');
  const { parseOnly } = await import('../render/parts.ts');
  const { renderSystem } = await import('../render/system.ts');
  const { systemFiles, systemStream } = await import('../render/stream.ts');
  const { talkOf } = await import('../render/talk.ts');
  const stack = await readStack(options.file, context);
  const system = renderSystem(stack, {
    only: parseOnly(options.only),
    provenance: options.provenance === true,
  });
  if (options.explain === 'rbac') {
    const { explainRbac } = await import('../render/explain-rbac.ts');
    const { accounts } = system;
    context.stdout(options.json === true ? toJson({ accounts }) : explainRbac(accounts));
    return;
  }
  if (options.json === true) {
    const { objects, accounts, warnings } = system;
    context.stdout(toJson({ objects, accounts, warnings }));
    return;
  }
  for (const line of talkOf(system)) context.stderr(`${line}\n`);
  if (options.output === undefined) context.stdout(systemStream(system));
  else await putFiles(options.output, systemFiles(system), options, context);
}

async function renderMachine(options: RenderOptions, context: CliContext): Promise<void> {
  if (options.only !== undefined || options.explain !== undefined) {
    throw new Problem('OBS-1003', 'a machine has one part and no RBAC', {
      next: 'Leave out --only and --explain.',
    });
  }
  const { readStack } = await import('../stack-file.ts');
  const { renderHost } = await import('../render/host.ts');
  const stack = await readStack(options.file, context);
  const { files, warnings } = renderHost(stack, { provenance: options.provenance === true });
  if (options.json === true) {
    context.stdout(toJson({ files, warnings }));
    return;
  }
  for (const text of warnings) context.stderr(`warning: ${text}\n`);
  if (options.output === undefined) {
    context.stdout(files.map(({ path, text }) => `# /${path}\n${text}`).join('\n'));
  } else await putFiles(options.output, files, options, context);
}

async function putFiles(
  folder: string,
  files: readonly RenderedFile[],
  { check = false }: RenderOptions,
  context: CliContext,
): Promise<void> {
  const { compareFiles, writeFiles } = await import('../render/files.ts');
  const found = await (check ? compareFiles : writeFiles)(folder, files);
  const done = { missing: 'new', differs: 'changed', stale: 'removed' } as const;
  for (const { path, state } of found) {
    const word = check ? state : done[state];
    context.stderr(`${word.padEnd(8)} ${folder}/${path}\n`);
  }
  if (!check) {
    context.stderr(`${files.length} files in ${folder}, ${found.length} of them changed\n`);
  } else if (found.length === 0) {
    context.stderr(`${files.length} files in ${folder} are current\n`);
  } else {
    context.stderr(`${found.length} files differ; run the command without --check\n`);
    context.exitWith(1);
  }
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
