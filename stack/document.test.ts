import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readYaml } from '../core/yaml.ts';
import { everyKey, stackDocument } from './document.ts';
import { resolveReferences } from './references.ts';
import { stackSchema } from './schema.ts';
import { environment, readFixtures } from './testdata/golden.ts';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false });
const validate = ajv.compile(stackDocument());

/** Judged by code beside the schema: JSON Schema has no words for them. */
const beyondJsonSchema = [
  // Whole days, and how many at most, are computed.
  'retention-not-whole-days.yaml',
  // Which days exist, and what Kubernetes takes.
  'schedule-of-vixie.yaml',
  // Which words of a query are those of a clock, and which texts are none of its words.
  'product-alert-query.yaml',
];

const fixtures = [...(await readFixtures('good')), ...(await readFixtures('wrong'))];
const readable = fixtures.flatMap(({ name, text }) => {
  const { tree, faults } = readYaml(text, (value, plain, at) =>
    resolveReferences(value, plain, at, environment, () => {}),
  );
  return tree === undefined || faults.length > 0 ? [] : [{ name, value: tree.value }];
});

describe('the JSON Schema of a stack file', () => {
  it('is of the draft 2020-12, and a 2020-12 checker takes it', () => {
    expect(stackDocument()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      required: ['name'],
      additionalProperties: false,
    });
  });

  it.each(readable.filter(({ name }) => !beyondJsonSchema.includes(name)))(
    'and the loader agree about $name',
    ({ value }) => {
      expect(validate(value)).toBe(stackSchema.safeParse(value).success);
    },
  );

  it.each(readable.filter(({ name }) => beyondJsonSchema.includes(name)))(
    'takes $name, which only the loader can refuse',
    ({ value }) => {
      expect(validate(value)).toBe(true);
      expect(stackSchema.safeParse(value).success).toBe(false);
    },
  );

  it('refuses as many fixtures as make the comparison worth something', () => {
    expect(readable.filter(({ value }) => !validate(value)).length).toBeGreaterThan(25);
    expect(readable.filter(({ value }) => validate(value)).length).toBeGreaterThan(10);
  });

  it('has defaults and examples that its own rules allow', () => {
    const bad = everyKey().flatMap(({ path, node }) => {
      const check = ajv.compile({ ...node, $defs: Object(stackDocument()).$defs });
      const shown = [
        ...(node.examples ?? []),
        ...(node.default === undefined ? [] : [node.default]),
      ];
      return shown.filter((one) => !check(one)).map((one) => `${path}: ${JSON.stringify(one)}`);
    });
    expect(bad).toEqual([]);
  });
});
