/**
 * What holds for every preset folder: its options are described, its README answers the questions
 * of an operator, and each `testdata/<case>.options.yaml` gives exactly `<case>.golden.yaml`. An
 * options file has the keys `options` and `context` (what differs from the context below), both
 * may be missing. `UPDATE_GOLDEN=1` writes the golden files anew: read the difference.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { ComponentInfo } from '../collector/catalog/component.ts';
import { catalog, splitId } from '../collector/catalog.ts';
import { mergePieces } from '../collector/merge.ts';
import type { Attachment, ComponentKind, Piece } from '../collector/types.ts';
import { type Contribution, noNeeds } from '../collector/workload.ts';
import { plainConfig } from '../collector/write.ts';
import type { Preset, PresetContext } from './preset.ts';

const root = import.meta.dirname;
const update = process.env['UPDATE_GOLDEN'] === '1';

const usualContext: PresetContext = {
  agent: 'node-agent',
  target: 'kubernetes',
  stack: 'shop',
  cluster: 'prod-eu',
  namespace: 'observability',
  agentsNamespace: 'observability-agents',
  collectorVersion: '0.149.0',
  kubernetesMinor: 33,
  platform: 'generic',
  gatewayEndpoint: 'shop-gateway.observability.svc:4317',
};

/** Its back ends follow the pipelines of an agent, so its tests are the agents'. */
const withoutBuild: readonly string[] = ['extra-exporters'];

const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'preset.ts')))
  .map(({ name }) => name);

const questions: readonly (readonly [string, RegExp])[] = [
  ['what it adds', /adds/i],
  ['its rights', /rights|rbac/i],
  ['its mounts', /mounts/i],
  ['its series', /series/i],
  ['the oldest Kubernetes', /minimum kubernetes|kubernetes \d|any version|all versions/i],
  ['where it is off', /platform/i],
];

describe.each(folders)('preset %s', (folder) => {
  const optionsName = `${camel(folder)}Options`;
  let schema: z.ZodType;
  let preset: Preset<unknown>;

  beforeAll(async () => {
    schema = (await import(join(root, folder, 'config.ts')))[optionsName];
    preset = (await import(join(root, folder, 'preset.ts')))[camel(folder)];
  });

  it('exports options and preset under the names of its folder', () => {
    expect(schema).toBeDefined();
    if (withoutBuild.includes(folder)) return;
    expect(preset.name).toBe(folder.replaceAll('-', '_'));
    expect(preset.summary).toMatch(/^[A-Z].*\.$/);
  });

  it('describes every option, with an example', () => {
    expect(undescribed(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))).toEqual(
      [],
    );
  });

  it('has a README that answers what an operator asks', () => {
    const text = readFileSync(join(root, folder, 'README.md'), 'utf8');
    const unanswered = questions.filter(([, pattern]) => !pattern.test(text));
    expect(unanswered.map(([question]) => question)).toEqual([]);
  });

  if (withoutBuild.includes(folder)) return;

  it('has options to try it with', () => {
    expect(casesOf(folder)).not.toEqual([]);
  });

  for (const name of casesOf(folder)) {
    it(`gives the golden configuration for ${name}`, () => {
      const { options, context } = readCase(folder, name);
      const contribution = preset.build(schema.parse(options), context);
      const text = goldenText(contribution);
      const file = join(root, folder, 'testdata', `${name}.golden.yaml`);
      if (update) writeFileSync(file, text);
      expect(text).toBe(readFileSync(file, 'utf8'));
    });

    it(`gives for ${name} only components of the catalog, for signals they know`, () => {
      const { options, context } = readCase(folder, name);
      const { piece } = preset.build(schema.parse(options), context);
      expect(piece.components.filter(({ kind, id }) => infoOf(kind, id) === undefined)).toEqual([]);
      expect(piece.attachments.filter((attachment) => !fits(piece, attachment))).toEqual([]);
    });
  }
});

function camel(folder: string): string {
  return folder.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function casesOf(folder: string): readonly string[] {
  const testdata = join(root, folder, 'testdata');
  if (!existsSync(testdata)) return [];
  const ending = '.options.yaml';
  return readdirSync(testdata)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .sort();
}

function readCase(folder: string, name: string) {
  const text = readFileSync(join(root, folder, 'testdata', `${name}.options.yaml`), 'utf8');
  const { options = {}, context = {} } = (parse(text) ?? {}) as {
    options?: unknown;
    context?: Partial<PresetContext>;
  };
  return { options, context: { ...usualContext, ...context } };
}

/** What the preset adds, with the newest names; nothing is said about what it does not need. */
function goldenText(contribution: Contribution): string {
  const { config } = mergePieces([contribution.piece]);
  const needs = Object.entries(contribution.needs ?? {}).filter(([key, value]) => {
    const usual = Object.entries(noNeeds).find(([name]) => name === key)?.[1];
    return JSON.stringify(value) !== JSON.stringify(usual);
  });
  const stages = contribution.piece.attachments.flatMap(({ pipeline, id, stage }) =>
    stage === undefined ? [] : [`${pipeline}: ${id} at ${stage}`],
  );
  const golden = {
    config: plainConfig(config),
    ...(stages.length > 0 && { stages }),
    ...(needs.length > 0 && { needs: Object.fromEntries(needs) }),
    ...((contribution.programs ?? []).length > 0 && { programs: contribution.programs }),
    ...((contribution.warnings ?? []).length > 0 && { warnings: contribution.warnings }),
  };
  return stringify(golden, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function infoOf(kind: ComponentKind, id: string): ComponentInfo | undefined {
  return catalog.get(`${kind}/${splitId(id).type}`);
}

/** A component that another preset brings is judged with that one. */
function fits(piece: Piece, { pipeline, id }: Attachment): boolean {
  const component = piece.components.find((candidate) => candidate.id === id);
  if (component === undefined || component.kind === 'connector') return true;
  const signals = Object.keys(infoOf(component.kind, id)?.signals ?? {});
  return signals.includes(pipeline.split('/')[0] ?? '');
}

/** Key paths of a JSON Schema whose properties lack a description or an example. */
function undescribed(schema: z.core.JSONSchema.BaseSchema, path = ''): readonly string[] {
  const found: string[] = [];
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    if (typeof inner !== 'object') continue;
    const place = path === '' ? key : `${path}.${key}`;
    if (inner.description === undefined || inner.examples === undefined) found.push(place);
    found.push(...undescribed(inner, place));
  }
  for (const inner of [schema.items, schema.additionalProperties]) {
    if (typeof inner === 'object' && !Array.isArray(inner)) {
      found.push(...undescribed(inner, `${path}[]`));
    }
  }
  return found;
}
