/** `obsctl init`: a commented stack file to start from. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { StarterSections } from '../../stack/starter.ts';
import type { CliContext } from '../context.ts';
import type { Ask } from '../output/ask.ts';

type InitOptions = {
  readonly name?: string;
  readonly cluster?: string;
  readonly platform?: string;
  readonly clickhouse?: string;
  readonly cni?: string;
  readonly grafana: boolean;
  readonly fromTerraform?: string;
  readonly yes?: boolean;
};

type Answers = Omit<InitOptions, 'yes' | 'fromTerraform'> & {
  readonly sections?: StarterSections;
};

export function registerInit(program: Command, context: CliContext): void {
  program
    .command('init')
    .description('write a commented stack file to start from; never overwrites one')
    .argument('[dir]', 'folder, made when it is missing', '.')
    .option('--name <name>', 'every object is named after it (default: the name of the folder)')
    .option('--cluster <name>', 'k8s.cluster.name on every item (default: default)')
    .option('--platform <platform>', 'where the cluster runs (default: generic)')
    .option('--clickhouse <url>', 'a ClickHouse that exists (default: one is rendered)')
    .option('--cni <kind>', 'network plugin to collect from: cilium, calico, aws_vpc, flannel')
    .option('--no-grafana', 'without a Grafana')
    .option('--from-terraform <file>', 'what `terraform output -json` printed for our modules')
    .option('-y, --yes', 'ask nothing, also at a terminal')
    .addHelpText(
      'after',
      '\nAt a terminal it asks for what no option says.\n' +
        '\nExample:\n  obsctl init infra --name shop --cluster prod-eu --cni cilium\n' +
        '  obsctl validate -f infra/obs.yaml\n' +
        '\n  terraform output -json > stack.json\n' +
        '  obsctl init infra --from-terraform stack.json\n',
    )
    .action((dir: string, options: InitOptions) => runInit(dir, options, context));
}

async function runInit(dir: string, options: InitOptions, context: CliContext): Promise<void> {
  const { mkdir, writeFile } = await import('node:fs/promises');
  const { join } = await import('node:path');
  const { schemaFileName, starterFile } = await import('../../stack/starter.ts');
  const { stackDocument } = await import('../../stack/document.ts');
  const { canAsk, askAtTerminal } = await import('../output/ask.ts');
  const file = join(dir, 'obs.yaml');
  await refuseExisting(dir, file);
  const given = {
    ...options,
    name: options.name ?? (await nameOfFolder(dir)),
    ...(await sectionsOf(options)),
  };
  const asks = options.yes !== true && canAsk();
  const answers = asks
    ? await askAtTerminal(context.signal, (ask) => complete(given, options, ask))
    : given;
  if (answers === undefined) {
    context.stderr('\ninterrupted; nothing was written\n');
    context.exitWith(130);
    return;
  }
  const text = starterFile(await checked(answers));
  const schema = `${JSON.stringify(stackDocument(), null, 2)}\n`;
  try {
    await mkdir(dir, { recursive: true });
    // `wx`: a file that came in the meantime is not overwritten either.
    await writeFile(file, text, { flag: 'wx' });
    await writeFile(join(dir, schemaFileName), schema);
  } catch (error) {
    const cause = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-1003', `the file cannot be written: ${cause}`, {
      where: file,
      cause: error,
      next: 'Choose a folder that you may write to.',
    });
  }
  context.stderr(`wrote ${file}, and ${schemaFileName} for editors\n`);
  context.stderr(`next: obsctl validate -f ${file}\n`);
}

async function sectionsOf(options: InitOptions): Promise<Pick<Answers, 'sections'>> {
  const { fromTerraform, clickhouse, grafana } = options;
  if (fromTerraform === undefined) return {};
  if (clickhouse !== undefined) {
    throw new Problem('OBS-1003', '--clickhouse and --from-terraform both say where it is', {
      next: 'Leave out one of the two.',
    });
  }
  const { readTerraformOutputs } = await import('./init-terraform.ts');
  return { sections: await readTerraformOutputs(fromTerraform, grafana) };
}

async function refuseExisting(dir: string, file: string): Promise<void> {
  const { access } = await import('node:fs/promises');
  const { join } = await import('node:path');
  for (const path of [file, join(dir, 'obs.config.ts')]) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) throw new Problem('OBS-1211', 'there is a stack file already', { where: path });
  }
}

/** The folder's name where it can be a name, else that of the product. */
async function nameOfFolder(dir: string): Promise<string> {
  const { basename, resolve } = await import('node:path');
  const { starterDefaults } = await import('../../stack/starter.ts');
  const words =
    basename(resolve(dir))
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  const name = words
    .join('-')
    .replace(/^[0-9-]+/, '')
    .slice(0, 30)
    .replace(/-$/, '');
  return name === '' ? starterDefaults.name : name;
}

/** Asks for what no option says. */
async function complete(given: Answers, options: InitOptions, ask: Ask): Promise<Answers> {
  const { platforms } = await import('../../stack/schema.ts');
  const or = async (value: string | undefined, question: string, fallback: string) =>
    value ?? (await ask(question, fallback));
  const name = await or(options.name, 'Name of the stack', given.name ?? '');
  const cluster = await or(options.cluster, 'Name of the cluster', 'default');
  const where = `Platform (${platforms.join(', ')})`;
  const platform = await or(options.platform, where, 'generic');
  const url =
    given.sections === undefined
      ? await or(options.clickhouse, 'URL of your ClickHouse, empty to have one made', '')
      : '';
  const cni = await or(options.cni, 'Network plugin (cilium, calico, aws_vpc, flannel)', 'none');
  return {
    name,
    cluster,
    platform,
    grafana: given.grafana,
    ...(given.sections === undefined ? {} : { sections: given.sections }),
    ...(url === '' ? {} : { clickhouse: url }),
    ...(cni === 'none' ? {} : { cni }),
  };
}

/** The answers, judged by the schema before anything is written. */
async function checked(answers: Answers) {
  const { loadStackValue } = await import('../../stack/load.ts');
  const { starterDefaults } = await import('../../stack/starter.ts');
  const { name, cluster, platform, clickhouse, cni, grafana, sections } = answers;
  const starter = {
    ...starterDefaults,
    grafana,
    ...(name === undefined ? {} : { name }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(platform === undefined ? {} : { platform }),
    ...(clickhouse === undefined ? {} : { clickhouseUrl: clickhouse }),
    ...(cni === undefined ? {} : { cni }),
    ...(sections === undefined ? {} : { sections }),
  };
  const result = loadStackValue(
    {
      name: starter.name,
      cluster: starter.cluster,
      platform: starter.platform,
      ...(clickhouse === undefined ? {} : { clickhouse: { mode: 'external', url: clickhouse } }),
      ...(cni === undefined ? {} : { node_agent: { presets: { cni: { kind: cni } } } }),
      ...sections,
    },
    'the answers',
  );
  if ('stack' in result) return starter;
  const [fault] = result.faults;
  const ofTerraform = Object.hasOwn(sections ?? {}, fault?.path.split('.')[0] ?? '');
  const where = ofTerraform ? `the output ${fault?.path}: ` : '';
  throw new Problem(
    ofTerraform ? 'OBS-1214' : 'OBS-1003',
    `${where}${fault?.message}; expected ${fault?.expected}`,
    { ...(fault === undefined ? {} : { next: fault.next }) },
  );
}
