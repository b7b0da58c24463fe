/**
 * The examples as a newcomer runs them: each stack file renders, by the program itself, to exactly
 * the files that are committed. `npm run update`, or `UPDATE_GOLDEN=1`, writes them anew.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { renderSystem } from '../cli/render/system.ts';
import { loadStack } from '../stack/load.ts';
import type { Stack } from '../stack/types.ts';
import { runProgram } from '../test/support/program.ts';
import {
  examples,
  examplesDir,
  quickstartFile,
  renderArguments,
  shopDashboardFile,
  updateExamples,
} from '../tools/examples.ts';

const main = join(import.meta.dirname, '../cli/main.ts');
if (process.env['UPDATE_GOLDEN'] === '1') updateExamples();

function stackOf(text: string): Stack {
  const result = loadStack(text, 'obs.yaml');
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return result.stack;
}

describe('each example', () => {
  it.each(examples)('$folder/$file renders to what is committed', async (example) => {
    const { code, stderr } = await runProgram(process.execPath, [
      main,
      ...renderArguments(example),
      '--check',
    ]);
    expect(code === 0 ? '' : stderr).toBe('');
  });

  it.each(examples)('$folder has a README that names its stack file', ({ folder, file }) => {
    const readme = readFileSync(join(examplesDir, folder, 'README.md'), 'utf8');
    expect(readme).toContain(file);
    expect(readme).toContain('obsctl render');
  });

  it('is in the list of the tests', () => {
    const known = new Set<string>([
      ...examples.map(({ folder }) => folder),
      'applications',
      'compose',
    ]);
    const folders = readdirSync(examplesDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the dashboard over snapshots', () => {
  it('is the one that obsctl demo shows', () => {
    const text = readFileSync(join(examplesDir, 'snapshots/shop-dashboard.json'), 'utf8');
    expect(text).toBe(shopDashboardFile());
  });
});

describe('the quickstart', () => {
  it('is what obsctl init writes', () => {
    const text = readFileSync(join(examplesDir, 'quickstart/obs.yaml'), 'utf8');
    expect(text).toBe(quickstartFile());
  });

  it('has the schema that editors check all examples with', async () => {
    const { stdout } = await runProgram(process.execPath, [main, 'schema']);
    expect(readFileSync(join(examplesDir, 'quickstart/obs.schema.json'), 'utf8')).toBe(stdout);
  });

  it('runs stock images only', () => {
    const text = readFileSync(join(examplesDir, 'quickstart/obs.yaml'), 'utf8');
    const images = renderSystem(stackOf(text)).objects.flatMap((object) =>
      [...JSON.stringify(object).matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image ?? ''),
    );
    expect(images.length).toBeGreaterThan(4);
    const stock =
      /^(ghcr\.io\/open-telemetry|clickhouse|grafana|docker\.io\/(curlimages|library))\//;
    expect(images.filter((image) => !stock.test(image))).toEqual([]);
  });
});

describe('the profiles', () => {
  const text = readFileSync(join(examplesDir, 'kubernetes/obs.yaml'), 'utf8');
  const inCluster = stackOf(text);
  const external: Stack = {
    ...inCluster,
    grafana: undefined,
    clickhouse: { ...inCluster.clickhouse, mode: 'external', url: 'https://abc.example:8443' },
  };

  const ownGateway = stackOf(
    text.replace('gateway:\n', 'gateway:\n  image: registry.example/obsctl:1\n  opamp: false\n'),
  );

  it.each([
    ['an external ClickHouse', external],
    // Which agents report themselves to, unless they are told not to.
    ['our own gateway', ownGateway],
  ])('give the agents the same objects, letter for letter, with %s', (_, stack) => {
    expect(renderSystem(stack).objects).not.toEqual(renderSystem(inCluster).objects);
    const agentsOf = (one: Stack) => renderSystem(one, { only: ['agents'] }).objects;
    expect(agentsOf(inCluster).length).toBeGreaterThan(20);
    expect(agentsOf(stack)).toEqual(agentsOf(inCluster));
  });

  it('leave out the server of an external ClickHouse and the Secrets that its owner has', () => {
    const names = renderSystem(external).objects.map(({ metadata }) => metadata.name);
    expect(names.filter((name) => /clickhouse|credentials/.test(name))).toEqual([]);
    expect(names).toContain('shop-gateway');
  });
});
