/** `obsctl distro`: the manifest of a Collector with the components of the stack and no others. */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

type DistroOptions = {
  readonly file: string;
  readonly output?: string;
  readonly json?: boolean;
};

export function registerDistro(program: Command, context: CliContext): void {
  program
    .command('distro')
    .description("a manifest for the Collector's builder: the components that the stack uses")
    .option(
      '-f, --file <file>',
      'stack file: YAML, or TypeScript with a default export',
      'obs.yaml',
    )
    .option('-o, --output <dir>', 'manifest.yaml and a Dockerfile into this folder')
    .option('--json', 'the components and their modules as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  obsctl distro -f obs.yaml > manifest.yaml && builder --config manifest.yaml\n' +
        '  obsctl distro -o collector && docker build collector\n' +
        '\nExit codes: 0 done, 2 the stack file has faults.\n',
    )
    .action((options: DistroOptions) => runDistro(options, context));
}

async function runDistro(options: DistroOptions, context: CliContext): Promise<void> {
  const { readStack } = await import('../stack-file.ts');
  const { renderSystem } = await import('../render/system.ts');
  const { componentsOf, distroDockerfile, distroManifest } = await import(
    '../../collector/distro.ts'
  );
  const stack = await readStack(options.file, context);
  const configs = renderSystem(stack).workloads.map(({ config }) => config);
  const { version } = stack.collector;
  const components = componentsOf(configs);
  const manifest = distroManifest(configs, version);
  if (options.output !== undefined) {
    const { mkdir, writeFile } = await import('node:fs/promises');
    const { join } = await import('node:path');
    await mkdir(options.output, { recursive: true });
    await writeFile(join(options.output, 'manifest.yaml'), manifest);
    await writeFile(join(options.output, 'Dockerfile'), distroDockerfile(version));
    context.stderr(`manifest.yaml and Dockerfile are in ${options.output}\n`);
  }
  context.stderr(
    `${components.length} components of the Collector ${version} for ${configs.length} ` +
      'configurations\n',
  );
  if (options.json === true) {
    const list = components.map(({ kind, type, module }) => ({ kind, type, module }));
    context.stdout(`${JSON.stringify({ version, components: list }, null, 2)}\n`);
  } else if (options.output === undefined) {
    context.stdout(manifest);
  }
}
