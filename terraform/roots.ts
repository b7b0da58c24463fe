/** What there is in this room to be run, and what its input variables say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const modules = [
  'modules/clickhouse-cloud',
  'modules/clickhouse-access',
  'modules/grafana',
] as const;

export const exampleRoots = ['examples/cloud/service', 'examples/cloud/access'] as const;

export type Variable = {
  readonly name: string;
  readonly description: string;
  /** As it stands in the file, on one line. */
  readonly type: string;
  /** Undefined: it must be given. */
  readonly fallback: string | undefined;
  readonly sensitive: boolean;
  readonly validations: number;
};

type Output = { readonly name: string; readonly description: string };

/** The variables of a module, in the order of the file. */
export function variablesOf(module: string): readonly Variable[] {
  return blocksOf(module, 'variables.tf', 'variable').map(({ name, body }) => ({
    name,
    description: textOf(body, 'description'),
    type: argumentOf(body, 'type') ?? 'any',
    fallback: argumentOf(body, 'default'),
    sensitive: argumentOf(body, 'sensitive') === 'true',
    validations: body.match(/^ {2}validation \{$/gm)?.length ?? 0,
  }));
}

export function outputsOf(module: string): readonly Output[] {
  return blocksOf(module, 'outputs.tf', 'output').map(({ name, body }) => ({
    name,
    description: textOf(body, 'description'),
  }));
}

/** How often a test of the module expects each thing to be refused. */
export function expectedFailures(module: string): ReadonlyMap<string, number> {
  const folder = join(import.meta.dirname, module, 'tests');
  const counts = new Map<string, number>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.tftest.hcl'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/expect_failures = \[([\w.]+)\]/g)) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

/** `terraform fmt` holds the form that this relies on: a block ends with a brace at its margin. */
function blocksOf(module: string, file: string, kind: string) {
  const text = readFileSync(join(import.meta.dirname, module, file), 'utf8');
  const pattern = new RegExp(`^${kind} "(\\w+)" \\{\\n([\\s\\S]*?)^\\}$`, 'gm');
  return [...text.matchAll(pattern)].map(([, name = '', body = '']) => ({ name, body }));
}

/** The value of an argument of the block itself; one over several lines is joined. */
function argumentOf(body: string, key: string): string | undefined {
  const one = new RegExp(`^ {2}${key} += (.*[^{(\\[\n])$`, 'm').exec(body)?.[1];
  if (one !== undefined) return one;
  const several = new RegExp(`^ {2}${key} += ([\\s\\S]*?^ {2}[})\\]]+)$`, 'm').exec(body)?.[1];
  return several
    ?.split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .join(' ')
    .replace(/(\S) (?=\w+ = )/g, (whole, before: string) =>
      before === '{' ? whole : `${before}, `,
    );
}

function textOf(body: string, key: string): string {
  return JSON.parse(argumentOf(body, key) ?? '""');
}
