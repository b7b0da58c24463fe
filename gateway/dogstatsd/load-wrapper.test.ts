/** Wrappers by name and by path (H28); the guide's own example is one of them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { isProblem } from '../../core/problem.ts';
import { emissionOf } from './emission.ts';
import { loadWrapper } from './load-wrapper.ts';
import { decodedRows, zeroSeconds } from './testdata/decoded.ts';
import { wrapper as compiled } from './testdata/example-wrapper.ts';
import { createIntake } from './testdata/intakes.ts';
import { wrapSettingsDefault } from './wrap/settings.ts';

const guide = join(import.meta.dirname, '../../docs/guide/dogstatsd.md');
const nowNs = BigInt(zeroSeconds) * 1_000_000_000n;
const dir = mkdtempSync(join(tmpdir(), 'obsctl-wrapper-'));
afterAll(() => rmSync(dir, { recursive: true }));

let count = 0;
function moduleOf(text: string): string {
  count += 1;
  const path = join(dir, `wrapper-${count}.ts`);
  writeFileSync(path, text);
  return path;
}

async function problemOf(text: string): Promise<string> {
  const path = text === '' ? join(dir, 'none.ts') : moduleOf(text);
  try {
    await loadWrapper(path, wrapSettingsDefault);
    return 'none';
  } catch (error) {
    if (!isProblem(error)) throw error;
    expect([error.code, error.where, error.next.includes('docs/guide/dogstatsd.md')]).toEqual([
      'OBS-1003',
      path,
      true,
    ]);
    return error.message;
  }
}

describe('a wrapper', () => {
  it('is one of two by name', async () => {
    for (const name of ['datadog', 'simple']) {
      expect((await loadWrapper(name, wrapSettingsDefault)).name).toBe(name);
    }
  });

  it('is the example of the guide, by its path', async () => {
    const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync(guide, 'utf8')) ?? [];
    const wrapper = await loadWrapper(moduleOf(example), wrapSettingsDefault);
    // The same file is checked by the compiler.
    const file = join(import.meta.dirname, 'testdata/example-wrapper.ts');
    expect([example, wrapper.name]).toEqual([readFileSync(file, 'utf8'), compiled.name]);
    const intake = createIntake();
    intake.fold(0, nowNs, Buffer.from('t:1:3|ms\nc:2|c\ng:5|g\ns:a|s\nd:1|d'));
    const counts = { series: 0, points: 0, failed: 0, lastFailure: '' };
    const closing = intake.close(nowNs + 20_000_000_000n);
    expect(decodedRows(emissionOf(closing, wrapper, counts, 1e6).metrics)).toEqual([
      [0, 'sum', 'c', 2],
      [0, 'gauge', 'g', 5],
      [0, 'gauge', 't.mean', 2, { unit: 'ms' }],
      [0, 'gauge', 't.p99', 3, { unit: 'ms' }],
    ]);
    expect(counts).toEqual({ series: 5, points: 4, failed: 0, lastFailure: '' });
  });

  it('is refused at start with the reason', async () => {
    const wrapper = (wrap: string): string =>
      `export const wrapper = { name: 'mine', wrap: ${wrap} };`;
    const table: readonly (readonly [string, string])[] = [
      ['', 'cannot be loaded'],
      ['export const = 5;', 'cannot be loaded'],
      ['throw new Error("at once");', 'cannot be loaded: at once'],
      ['export const other = 1;', 'it must export `wrapper`'],
      ['export const wrapper = () => [];', 'it must export `wrapper`'],
      ["export const wrapper = { name: '', wrap: () => [] };", 'it must export `wrapper`'],
      [wrapper('5'), 'it must export `wrapper`'],
      [wrapper('() => 5'), 'fails for a count: it returned no array of points'],
      [wrapper('async () => []'), 'fails for a count: it returned no array of points'],
      [wrapper('(s) => s.members.map(String)'), 'fails for a count: '],
      [
        wrapper("(s) => (s.type === 'set' ? [{ kind: 'sum' }] : [])"),
        'wrapper mine fails for a set: a point has no name',
      ],
    ];
    for (const [text, why] of table) {
      const message = await problemOf(text);
      expect([text, message.includes(why), message]).toEqual([text, true, message]);
    }
  });
});
