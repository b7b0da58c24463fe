import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { codes } from '../core/codes.ts';
import { catalog, prometheusName } from '../gateway/telemetry/catalog.ts';
import {
  checkBannedCalls,
  checkDocs,
  checkHotPath,
  checkInnerWalls,
  checkPrivacy,
  checkReadmes,
  checkShape,
  checkTests,
  checkWalls,
  type Finding,
  listFiles,
  readSources,
  type SourceFile,
} from './tidy.ts';

const root: string = join(import.meta.dirname, '..');
const paths = listFiles(root);
const sources = readSources(root, paths);

function over(check: (file: SourceFile) => readonly Finding[]): readonly Finding[] {
  return sources.flatMap((file) => check(file));
}

describe('the house', () => {
  it('keeps its walls: each room imports only what it may', () => {
    expect(over(checkWalls)).toEqual([]);
  });

  it('keeps the log ignorant and the codecs pure', () => {
    expect(over(checkInnerWalls)).toEqual([]);
  });

  it('keeps clock, environment, console and exit in the programs', () => {
    expect(over(checkBannedCalls)).toEqual([]);
  });

  it('keeps files and lines short and finished', () => {
    expect(over(checkShape)).toEqual([]);
  });

  it('says in each hot-path header what a call costs', () => {
    expect(over(checkHotPath)).toEqual([]);
  });

  it('keeps tests honest', () => {
    expect(over(checkTests)).toEqual([]);
  });

  it('explains every folder of many files', () => {
    expect(checkReadmes(paths)).toEqual([]);
  });

  it('has no dead link in its documents', () => {
    expect(checkDocs(root, paths)).toEqual([]);
  });

  it('speaks of no machine and no download address', () => {
    expect(checkPrivacy(root, paths)).toEqual([]);
  });

  it('names in its documents only metrics that exist', () => {
    const known = new Set(catalog.map(prometheusName));
    const named = paths
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) => readFileSync(join(root, path), 'utf8').match(/obsctl_gateway_\w+/g) ?? []);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('has a page for every error code, and a code for every page', () => {
    const pages = readdirSync(join(root, 'docs/errors')).filter((name) => name.startsWith('OBS-'));
    expect(pages.map((name) => name.replace('.md', '')).sort()).toEqual(Object.keys(codes).sort());
  });
});

describe('the package', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

  it('pins every version exactly', () => {
    const all = Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    });
    expect(all.filter(([, range]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(range)))).toEqual([]);
  });

  it('explains every runtime dependency on a decision page', () => {
    const pages = readdirSync(join(root, 'docs/decisions'))
      .map((name) => readFileSync(join(root, 'docs/decisions', name), 'utf8'))
      .join('\n');
    const runtime = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    expect(runtime.filter((name) => !pages.includes(`\`${name}\``))).toEqual([]);
  });

  it('says the same version everywhere', () => {
    const source = readFileSync(join(root, 'cli/version.ts'), 'utf8');
    expect(source).toContain(`'${manifest.version}'`);
    expect(existsSync(join(root, 'LICENSE'))).toBe(true);
  });
});

describe('the checks themselves', () => {
  const file = (path: string, text: string): SourceFile => ({ path, text });

  it('notice an import through a wall, types included', () => {
    const text = "import type { X } from '../gateway/answer.ts';\n";
    expect(checkWalls(file('core/x.ts', text))).toHaveLength(1);
  });

  it('notice a call of the platform clock, but not in a comment', () => {
    expect(checkBannedCalls(file('gateway/x.ts', 'const a = Date.now();'))).toHaveLength(1);
    expect(checkBannedCalls(file('gateway/x.ts', '// Date.now() is banned'))).toEqual([]);
  });

  it('notice a file that is too long', () => {
    expect(checkShape(file('core/x.ts', 'a;\n'.repeat(402)))).toHaveLength(1);
  });
});
