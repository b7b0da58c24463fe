/** `obsctl upgrade-config`: a Collector configuration with the names and keys of a version. */
import type { Command } from 'commander';
import type { Change } from '../../collector/upgrade.ts';
import { newestVersion } from '../../collector/versions.ts';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';

type UpgradeConfigOptions = { readonly to: string; readonly json?: boolean };

const words: Readonly<Record<Change['what'], string>> = {
  renamed: 'renamed to',
  replaced: 'replaced by',
  removed: 'taken out',
  by_hand: 'left for you',
  advice: 'advice',
};

export function registerUpgradeConfig(program: Command, context: CliContext): void {
  program
    .command('upgrade-config')
    .description('renames components and keys of a Collector configuration; says why for each')
    .argument('<file>', 'Collector configuration, custom resource or Helm values; - reads stdin')
    .option('--to <version>', 'version of the Collector', newestVersion)
    .option('--json', 'the changes and the new text as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  obsctl upgrade-config otelcol.yaml --to 0.161.0 > upgraded.yaml\n' +
        '\nThe file is not changed: the result goes to stdout, what was done to stderr.\n' +
        'Exit codes: 0 done, 1 something is left to do by hand, 2 not a configuration.\n',
    )
    .action((file: string, options: UpgradeConfigOptions) => run(file, options, context));
}

async function run(
  file: string,
  options: UpgradeConfigOptions,
  context: CliContext,
): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  const { upgradeConfig } = await import('../../collector/upgrade.ts');
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch(
    (error: unknown) => {
      const message = Error.isError(error) ? error.message : String(error);
      throw new Problem('OBS-1104', message, { where: file, cause: error });
    },
  );
  const { text: upgraded, changes } = upgradeConfig(text, { to: options.to, file });
  if (options.json === true) {
    context.stdout(`${JSON.stringify({ to: options.to, changes, text: upgraded }, null, 2)}\n`);
  } else {
    context.stdout(upgraded);
    for (const change of changes) context.stderr(`${describe(change, file)}\n`);
    if (changes.length === 0) context.stderr(`nothing to change for ${options.to}\n`);
  }
  if (changes.some(({ what }) => what === 'by_hand')) context.exitWith(1);
}

function describe({ what, line, path, to, why }: Change, file: string): string {
  const target = to === undefined ? '' : ` ${to}`;
  return `${file}:${line}: ${path}: ${words[what]}${target}\n  ${why}`;
}
