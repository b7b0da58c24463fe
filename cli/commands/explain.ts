/** `obsctl explain KEY|CODE`: a key of the stack file, or an error code. */
import type { Command } from 'commander';
import { type Code, codes } from '../../core/codes.ts';
import { Problem } from '../../core/problem.ts';
import type { SchemaNode } from '../../stack/document.ts';
import type { CliContext } from '../context.ts';

type ExplainOptions = { readonly json?: boolean };

export function registerExplain(program: Command, context: CliContext): void {
  program
    .command('explain')
    .description('what a key of the stack file or an error code means')
    .argument('<word>', 'a key such as gateway.volume, or a code such as OBS-2001')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl explain gateway.volume\n  obsctl explain OBS-2001\n',
    )
    .action((word: string, options: ExplainOptions) =>
      /^(OBS-?)?\d+$/i.test(word)
        ? explainCode(findCode(word), options, context)
        : explainKey(word, options, context),
    );
}

function explainCode(code: Code, options: ExplainOptions, context: CliContext): void {
  const { title, cause, next } = codes[code];
  context.stdout(
    options.json === true
      ? `${JSON.stringify({ code, title, cause, next })}\n`
      : `${code}: ${title}\n\nWhy   ${cause}\nNext  ${next}\n`,
  );
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

async function explainKey(
  word: string,
  options: ExplainOptions,
  context: CliContext,
): Promise<void> {
  const { everyKey, nodeAt } = await import('../../stack/document.ts');
  const path = partsOf(word);
  const node = nodeAt(path);
  const [only, ...others] = endingIn(
    word,
    everyKey().map((one) => one.path),
  );
  if (node !== undefined) await printKey(word, node, options, context);
  else if (only !== undefined && others.length === 0) {
    await printKey(only, nodeAt(partsOf(only)) ?? {}, options, context);
  } else if (only !== undefined) {
    throw new Problem('OBS-1213', `“${word}” stands in several places`, {
      next: `Say which: ${[only, ...others].join(', ')}.`,
    });
  } else {
    const { nearestWord } = await import('../../core/nearest.ts');
    const known = everyKey().map((one) => one.path);
    const lasts = known.map((one) => one.split('.').at(-1) ?? '');
    const nearest = nearestWord(word, known) ?? nearestWord(word, lasts);
    throw new Problem('OBS-1213', `there is no key “${word}” in a stack file`, {
      ...(nearest === undefined ? {} : { next: `Did you mean “${nearest}”?` }),
    });
  }
}

/** `multiline[0].pod` and `multiline[].pod` name the same key of a list's items. */
function partsOf(word: string): readonly (string | number)[] {
  return word
    .replaceAll(/\[\d*\]/g, '.0')
    .split('.')
    .map((part) => (part === '0' ? 0 : part));
}

function endingIn(word: string, paths: readonly string[]): readonly string[] {
  return paths.filter((path) => path.endsWith(`.${word}`));
}

async function printKey(
  path: string,
  node: SchemaNode,
  options: ExplainOptions,
  context: CliContext,
): Promise<void> {
  const { asTyped, typeText } = await import('../../stack/document.ts');
  const keys = Object.entries(node.properties ?? {});
  if (options.json === true) {
    context.stdout(`${JSON.stringify({ key: path, ...node })}\n`);
    return;
  }
  const example = node.examples?.[0];
  const lines = [
    `${path}: ${node.description ?? ''}`,
    '',
    `Type     ${typeText(node)}`,
    ...(node.default === undefined ? [] : [`Default  ${asTyped(node.default)}`]),
    ...(example === undefined ? [] : [`Example  ${path.split('.').at(-1)}: ${asTyped(example)}`]),
  ];
  if (keys.length > 0) {
    const width = Math.max(...keys.map(([key]) => key.length));
    lines.push('', 'Keys');
    for (const [key, child] of keys) {
      lines.push(`  ${key.padEnd(width)}  ${child.description ?? ''}`);
    }
  }
  context.stdout(`${lines.join('\n')}\n`);
}
