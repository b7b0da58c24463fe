/**
 * Writes `semantic-conventions.json`, the pinned list of names: `node test/names/pin.ts`. Run it
 * when `@opentelemetry/semantic-conventions` is raised, and read the difference: a name that goes
 * is a name that our telemetry must leave. Deprecated names are not on the list.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type PinnedNames = {
  readonly source: string;
  readonly attributes: readonly string[];
  readonly metrics: readonly string[];
  readonly events: readonly string[];
};

const require = createRequire(import.meta.url);
const packageDir = dirname(dirname(require.resolve('@opentelemetry/semantic-conventions')));
const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'));

/** Constants with their documentation, which alone says that a name is deprecated. */
function constants(kind: 'attributes' | 'metrics' | 'events'): readonly [string, string][] {
  const files = ['stable', 'experimental'].map((grade) =>
    readFileSync(join(packageDir, `dist/${grade}_${kind}.d.mts`), 'utf8'),
  );
  const declared = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*declare const (\w+): "([^"]+)";/g;
  return files
    .flatMap((text) => [...text.matchAll(declared)])
    .filter(([, comment = '']) => !comment.includes('@deprecated'))
    .map(([, , name = '', value = '']) => [name, value]);
}

const names = (kind: 'attributes' | 'metrics' | 'events', prefix: string): readonly string[] =>
  [
    ...new Set(
      constants(kind)
        .filter(([name]) => name.startsWith(prefix))
        .map(([, value]) => value),
    ),
  ].sort();

const pinned: PinnedNames = {
  source: `@opentelemetry/semantic-conventions ${version}`,
  attributes: names('attributes', 'ATTR_'),
  metrics: names('metrics', 'METRIC_'),
  events: names('events', 'EVENT_'),
};
const target = join(import.meta.dirname, 'semantic-conventions.json');
writeFileSync(target, `${JSON.stringify(pinned, null, 1)}\n`);
