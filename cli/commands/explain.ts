/** `obsctl explain CODE`: what an error code means and what to do. */
import type { Command } from 'commander';
import { type Code, codes } from '../../core/codes.ts';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';

export function registerExplain(program: Command, context: CliContext): void {
  program
    .command('explain')
    .description('what an error code means and what to do')
    .argument('<code>', 'for example OBS-2001')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  obsctl explain OBS-2001\n')
    .action((word: string, options: { readonly json?: boolean }) => {
      const code = findCode(word);
      const { title, cause, next } = codes[code];
      context.stdout(
        options.json === true
          ? `${JSON.stringify({ code, title, cause, next })}\n`
          : `${code}: ${title}\n\nWhy   ${cause}\nNext  ${next}\n`,
      );
    });
}

function findCode(word: string): Code {
  const wanted = word.toUpperCase().replace(/^(OBS-?)?/, 'OBS-');
  const known = Object.keys(codes) as Code[];
  const found = known.find((code) => code === wanted);
  if (found !== undefined) return found;
  throw new Problem('OBS-1003', `there is no error code ${word}`, {
    next: `The codes are ${known.join(', ')}.`,
  });
}
