/**
 * The row “RBAC” in the README of each preset against the rights that are computed for its cases:
 * people read it before they apply a ClusterRole, so a verb too many is as wrong as one too few.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { mergePieces } from '../../collector/merge.ts';
import { rulesFor } from '../../k8s/rbac.ts';
import { allPresets, type KnownPreset } from '../../presets/all.ts';
import type { PresetContext } from '../../presets/preset.ts';
import { testContext } from '../support/build-agents.ts';

const presetsDir = join(import.meta.dirname, '../../presets');

/** Of every case; the lease of a leader is named in words. */
function verbsComputed(preset: KnownPreset): readonly string[] {
  const verbs = globSync(join(presetsDir, preset.folder, 'testdata/*.options.yaml')).flatMap(
    (file) => {
      const given: { options?: unknown; context?: Partial<PresetContext> } =
        parse(readFileSync(file, 'utf8')) ?? {};
      const agent = preset.agents[0] ?? 'node-agent';
      const context: PresetContext = { ...testContext(), agent, ...given.context };
      const { piece, programs = [] } = preset.build(given.options ?? {}, context);
      const { config } = mergePieces([piece]);
      const rules = [
        ...rulesFor(config, { kubernetesMinor: 33, namespace: 'agents' }),
        ...programs.flatMap((program) => program.rules),
      ];
      return rules
        .filter(({ resources }) => resources?.includes('leases') !== true)
        .flatMap((rule) => rule.verbs);
    },
  );
  return [...new Set(verbs)].sort();
}

function verbsOfReadme(preset: KnownPreset): readonly string[] {
  const text = readFileSync(join(presetsDir, preset.folder, 'README.md'), 'utf8');
  const row = /^\| RBAC \| (.*) \|$/m.exec(text)?.[1] ?? 'no row';
  const verbs = row.match(/\b(get|list|watch|create|update|patch|delete)\b/g) ?? [];
  return [...new Set(verbs)].sort();
}

it.each(allPresets)('the README of $name has the verbs of its rights, and no other', (preset) => {
  expect(verbsOfReadme(preset)).toEqual(verbsComputed(preset));
});
