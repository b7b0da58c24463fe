/** The rendered dashboards as Grafana's own types see them: `@grafana/schema`, by the compiler. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { dashboards } from './catalog.ts';

const packages = join(import.meta.dirname, '../node_modules');
const compiler = join(packages, '.bin/tsc');
const limitMs = 60_000;

/**
 * A query of an annotation is any data source's. Members of enums are their texts, which is what
 * JSON has; `definition` is what Grafana shows in its list of variables and its types leave out.
 */
const head = `import type { AnnotationQuery, Dashboard, VariableModel } from '@grafana/schema';
type Text<T> = T extends string ? \`\${T}\`
  : T extends AnnotationQuery ? { [K in keyof T]: K extends 'target' ? Query : Text<T[K]> }
  : T extends VariableModel ? { [K in keyof T]: Text<T[K]> } & { definition?: string }
  : T extends object ? { [K in keyof T]: Text<T[K]> } : T;
type Query = { refId: string; rawSql: string; [key: string]: unknown };
type Rendered = Text<Dashboard>;
`;

/** What the compiler says of dashboards as literals, so that keys too many are told. */
function judge(rendered: readonly unknown[]): string {
  const cache = join(packages, '.cache');
  mkdirSync(cache, { recursive: true });
  // Beside the packages, where the compiler finds the types.
  const folder = mkdtempSync(join(cache, 'obsctl-schema-'));
  try {
    const file = join(folder, 'rendered.ts');
    const lines = rendered.map(
      (each, index) => `export const d${index}: Rendered = ${JSON.stringify(each, null, 1)};`,
    );
    writeFileSync(file, head + lines.join('\n'));
    const words = [
      '--ignoreConfig',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'esnext',
    ];
    const { stdout } = spawnSync(compiler, ['--noEmit', ...words, '--types', '', file]);
    return stdout.toString();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the types of Grafana', () => {
  it(
    'take every rendered dashboard',
    () => {
      expect(judge(dashboards())).toBe('');
    },
    limitMs,
  );

  it(
    'do not take a key too many, a word too many or a missing list',
    () => {
      const [good] = dashboards();
      const { templating: _, ...without } = good ?? {};
      const said = judge([
        { ...good, colour: 'red' },
        { ...good, timezone: 1 },
        { ...good, graphTooltip: 'shared' },
        { ...without, templating: { list: [{ name: 'x', type: 'wish' }] } },
      ]);
      expect(said.split('\n').filter((line) => /error TS/.test(line)).length).toBe(4);
    },
    limitMs,
  );
});
