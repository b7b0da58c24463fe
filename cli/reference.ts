/** The reference page of the command line, drawn from commander's own program. */
import type { Argument, Command, Option } from 'commander';
import { generatedNote, markdownTable } from '../core/markdown.ts';

/** `docs/reference/cli.md`, whole. */
export function cliReference(program: Command): string {
  const commands = leaves(program, []);
  return `${[
    '# Command line',
    generatedNote('cli/commands'),
    'stdout is data, stderr is talk. Exit codes: 0 done; 1 a difference, a stale file or a failed' +
      ' check was found; 2 bad usage or bad input; 3 something outside could not be reached; 130' +
      ' interrupted. Errors carry a code of [errors.md](errors.md).',
    commands
      .map(({ path, command }) => `- [\`${path}\`](#${anchor(path)}): ${command.description()}`)
      .join('\n'),
    ...commands.flatMap(({ path, command }) => commandPart(path, command)),
  ].join('\n\n')}\n`;
}

type Leaf = { readonly path: string; readonly command: Command };

/** Every command that does something, by name. */
function leaves(command: Command, path: readonly string[]): readonly Leaf[] {
  const here = [...path, command.name()];
  if (command.commands.length === 0) return [{ path: here.join(' '), command }];
  return command.commands
    .flatMap((child) => leaves(child, here))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function commandPart(path: string, command: Command): readonly string[] {
  const inputs = command.registeredArguments.map(argumentRow);
  const options = command.options.filter((option) => !option.hidden).map(optionRow);
  const after = textAfterHelp(command);
  return [
    `## ${path}`,
    `${sentence(command.description())}`,
    fenced(usageOf(path, command)),
    ...(inputs.length === 0 ? [] : [markdownTable(['argument', 'meaning'], inputs)]),
    ...(options.length === 0 ? [] : [markdownTable(['option', 'meaning', 'default'], options)]),
    ...(after === '' ? [] : [fenced(after)]),
  ];
}

function usageOf(path: string, command: Command): string {
  const given = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? ` <${name}>` : ` [${name}]`;
  });
  const required = command.options.filter((option) => option.mandatory);
  const musts = required.map((option) => ` ${option.flags}`).join('');
  const hasOthers = command.options.length > required.length;
  return `${path}${musts}${hasOthers ? ' [options]' : ''}${given.join('')}`;
}

function argumentRow(argument: Argument): readonly string[] {
  return [`\`${argument.name()}\``, argument.description];
}

function optionRow(option: Option): readonly string[] {
  // `--no-x` has the default of `x`, which says nothing to a reader.
  const shown = option.negate ? undefined : option.defaultValue;
  const fallback = option.mandatory ? 'must be given' : '';
  return [
    `\`${option.flags}\``,
    option.description,
    shown === undefined ? fallback : `\`${shown}\``,
  ];
}

/** What `addHelpText` adds below the help: notes and examples. */
function textAfterHelp(command: Command): string {
  const pieces: string[] = [];
  const output = command.configureOutput();
  command.configureOutput({ ...output, writeOut: (text) => void pieces.push(text) });
  command.outputHelp();
  command.configureOutput(output);
  const help = pieces.findIndex((piece) => piece.startsWith('Usage:'));
  return pieces
    .slice(help + 1)
    .join('')
    .trim();
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function anchor(path: string): string {
  return path.replaceAll(' ', '-');
}
