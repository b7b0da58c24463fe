import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isProblem } from '../core/problem.ts';
import { type DataOptions, dataConfigOf } from './data-options.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'obsctl-rules-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function fault(options: DataOptions): Promise<string> {
  const error = await dataConfigOf(options, {}).catch((thrown: unknown) => thrown);
  return isProblem(error) ? `${error.code}: ${error.message}` : 'no fault';
}

async function rules(text: string): Promise<DataOptions> {
  const redact = join(dir, 'rules.yaml');
  await writeFile(redact, text);
  return { redact };
}

describe('--sample', () => {
  it('reads limits for everybody and for one tenant', async () => {
    const sample = ['traces=10000,keep_errors', 'logs=500', 'shop/logs=5', 'shop/traces=7'];
    const { sampling } = await dataConfigOf({ sample }, {});
    expect(sampling).toEqual({
      traces: { itemsPerSecond: 10_000, keepErrors: true },
      logs: { itemsPerSecond: 500, keepErrors: false },
      tenants: {
        shop: {
          logs: { itemsPerSecond: 5, keepErrors: false },
          traces: { itemsPerSecond: 7, keepErrors: false },
        },
      },
    });
  });

  it.each(['metrics=5', 'traces=0', 'traces', 'traces=1k', 'traces=5,keep', 'a b/traces=5'])(
    'refuses %j with the form it expects',
    async (spec) => {
      expect(await fault({ sample: [spec] })).toMatch(/^OBS-1003: .*expected \[TENANT\/\]traces=/);
    },
  );
});

describe('--influx-strings', () => {
  it('is info or logs, from the command line before the environment', async () => {
    const env = { OBSCTL_INFLUX_STRINGS: 'logs' };
    expect((await dataConfigOf({}, {})).influxStrings).toBeUndefined();
    expect((await dataConfigOf({}, env)).influxStrings).toBe('logs');
    expect((await dataConfigOf({ influxStrings: 'info' }, env)).influxStrings).toBe('info');
    expect(await fault({ influxStrings: 'labels' })).toMatch(/^OBS-1003: .*info or logs/);
  });
});

describe('--redact', () => {
  it('reads rules as a stack file has them', async () => {
    const options = await rules("rules: [{action: mask, attributes: ['*'], pattern: 'a+'}]\n");
    const { redaction } = await dataConfigOf(options, {});
    expect(redaction?.rules).toEqual([
      { action: 'mask', attributes: ['*'], bodies: false, pattern: 'a+' },
    ]);
  });

  it.each([
    ['rules: [{action: mask', 'OBS-2060'],
    ['rules: [{action: forget, attributes: [a]}]', 'rules.0.action'],
    ['rules: [{action: mask, attributes: [a], patern: x}]', 'rules.0'],
    ['rules: [{action: drop}]', 'neither attributes nor bodies'],
    ['rules: [{action: mask, bodies: true, pattern: "(a)\\\\1"}]', 'back references'],
    ['nothing: 1', 'rules'],
  ])('refuses %j and names the place', async (text, words) => {
    const said = await fault(await rules(text));
    expect(said).toMatch(/^OBS-2060: /);
    expect(said).toContain(words);
  });

  it('refuses a file that is not there', async () => {
    expect(await fault({ redact: join(dir, 'none.yaml') })).toMatch(/^OBS-2060: /);
  });
});
