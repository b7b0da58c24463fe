/**
 * Every Collector configuration of every example, rendered for each version of which there is a
 * real Collector, is accepted by that one. What the binary does not contain is cut out; our own
 * checks judge the whole.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { renderHost } from '../../cli/render/host.ts';
import { renderSystem } from '../../cli/render/system.ts';
import { checkConfig } from '../../collector/check.ts';
import type { CollectorConfig } from '../../collector/types.ts';
import type { CollectorWorkload } from '../../collector/workload.ts';
import { writeConfig } from '../../collector/write.ts';
import { loadStack } from '../../stack/load.ts';
import type { Stack } from '../../stack/types.ts';
import { type Example, examples, pathOf } from '../../tools/examples.ts';
import { componentKeys, cutDown, type Line, lacks, lines } from '../../tools/judges.ts';
import { validateWith } from '../support/collector.ts';
import { describeWithPeer } from '../support/peer.ts';

const serviceAccountDir = '/var/run/secrets/kubernetes.io/serviceaccount';
const hostRoot = '/hostfs';
const peers = {
  '0.149': 'collector-0.149',
  '0.155': 'collector-0.155',
  '0.161': 'collector',
} as const;

type Case = { readonly name: string; readonly line: Line; readonly workload: CollectorWorkload };

/** The typed example is a program: its own test runs it. Its presets are those of the others. */
const inYaml = examples.filter(({ file }) => file.endsWith('.yaml'));

function workloadsOf(example: Example, line: Line): readonly CollectorWorkload[] {
  const result = loadStack(readFileSync(pathOf(example), 'utf8'), example.file);
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  const { collector } = result.stack;
  const stack: Stack = { ...result.stack, collector: { ...collector, version: `${line}.0` } };
  return example.target === 'host' ? [renderHost(stack).workload] : renderSystem(stack).workloads;
}

const cases: readonly Case[] = inYaml.flatMap((example) =>
  lines.flatMap((line) =>
    workloadsOf(example, line).map((workload) => ({
      ...{ name: `${example.folder}/${example.file}`, line, workload },
    })),
  ),
);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-examples-'));
  // The Collector looks whether the files are there, and does not read them yet.
  for (const name of ['token', 'ca.crt', 'namespace']) writeFileSync(join(folder, name), 'x');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('our own checks', () => {
  it.each(cases)('accept $workload.name of $name for $line', ({ workload, line }) => {
    expect(checkConfig(workload.config, `${line}.0`)).toEqual([]);
  });
});

for (const line of lines) {
  const own = cases.filter((one) => one.line === line);
  if (own.length === 0) continue;
  describeWithPeer(peers[line], `the real Collector ${line}`, (program) => {
    it.each(own)('accepts $workload.name of $name', async ({ workload }) => {
      const { config, needs } = workload;
      const cut = cutDown(outsideOfPods(config), lacks(line, componentKeys(config)));
      const text = writeConfig(cut, { version: `${line}.0` })
        .replaceAll(serviceAccountDir, folder)
        .replaceAll(hostRoot, folder);
      const env = Object.fromEntries(needs.env.map(({ name }) => [name, '1']));
      const verdict = await validateWith(program, text, env);
      expect(verdict.accepted ? '' : verdict.text).toBe('');
    });
  });
}

/** The receiver reads the CA of its pod's service account by a path that no key can change. */
function outsideOfPods(config: CollectorConfig): CollectorConfig {
  const kubelet = config.receivers['kubelet_stats'];
  if (kubelet === undefined) return config;
  const receivers = { ...config.receivers, kubelet_stats: { ...kubelet, auth_type: 'none' } };
  return { ...config, receivers };
}
