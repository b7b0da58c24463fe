/**
 * The tables of inputs and outputs at the end of each Terraform module's README, from its own
 * `variables.tf` and `outputs.tf`; what stands above them is written by hand.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedNote, markdownTable } from '../core/markdown.ts';
import { modules, outputsOf, type Variable, variablesOf } from '../terraform/roots.ts';

const note = generatedNote('`variables.tf` and `outputs.tf`');
const room: string = join(import.meta.dirname, '../terraform');

/** Paths of the READMEs, below `terraform/`. */
export const terraformReadmes: readonly string[] = modules.map((module) => `${module}/README.md`);

/** The README as it has to be; `text` is the one that is there. */
export function withInputs(text: string, path: string): string {
  const module = path.replace('/README.md', '');
  const inputs = variablesOf(module).map((one) => [
    `\`${one.name}\``,
    one.description + marks(one),
    `\`${one.type}\``,
    one.fallback === undefined ? '**required**' : `\`${one.fallback}\``,
  ]);
  const outputs = outputsOf(module).map(({ name, description }) => [`\`${name}\``, description]);
  const [own = ''] = text.split(note);
  return [
    `${own.trimEnd()}\n`,
    `${note}\n`,
    '## Inputs\n',
    `${markdownTable(['name', 'what it is', 'type', 'default'], inputs)}\n`,
    '## Outputs\n',
    `${markdownTable(['name', 'what it is'], outputs)}\n`,
  ].join('\n');
}

function marks({ sensitive }: Variable): string {
  return sensitive ? ' (secret)' : '';
}

export async function updateTerraformReadmes(): Promise<void> {
  for (const path of terraformReadmes) {
    const file = join(room, path);
    await writeFile(file, withInputs(await readFile(file, 'utf8'), path));
  }
}
