/** `obsctl schema`: the JSON Schema of a stack file, for editors and other checkers. */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

export function registerSchema(program: Command, context: CliContext): void {
  program
    .command('schema')
    .description('the JSON Schema (draft 2020-12) of a stack file')
    .addHelpText(
      'after',
      '\nExample:\n  obsctl schema > obs.schema.json\n' +
        '\nIn obs.yaml: # yaml-language-server: $schema=./obs.schema.json\n',
    )
    .action(async () => {
      const { stackDocument } = await import('../../stack/document.ts');
      context.stdout(`${JSON.stringify(stackDocument(), null, 2)}\n`);
    });
}
