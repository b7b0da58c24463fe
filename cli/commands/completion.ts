/** `obsctl completion SHELL`: a completion script, drawn from the commands themselves. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

export function registerCompletion(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('a completion script for bash, zsh or fish')
    .argument('<shell>', shells.join(', '))
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl completion bash > /etc/bash_completion.d/obsctl\n' +
        '  obsctl completion zsh > ~/.zsh/completions/_obsctl\n' +
        '  obsctl completion fish > ~/.config/fish/completions/obsctl.fish\n',
    )
    .action(async (shell: string) => {
      const { bashScript, fishScript, zshScript } = await import('../completion.ts');
      const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
      const found = shells.find((one) => one === shell);
      if (found === undefined) {
        throw new Problem('OBS-1003', `there is no completion for the shell ${shell}`, {
          next: `The shells are ${shells.join(', ')}.`,
        });
      }
      context.stdout(scripts[found](program));
    });
}
