import { describe, expect, it } from '@jest/globals';
import { dictionariesOptions } from './dictionary-config.ts';
import { planDictionaries } from './dictionary-plan.ts';
import type { TablePlan } from './plan.ts';

const types = {
  id: 'Int64',
  unsigned: 'UInt32',
  name: 'LowCardinality(String)',
  maybe: 'LowCardinality(Nullable(String))',
  tier: "Nullable(Enum8('a' = 1))",
  code: 'FixedString(2)',
  price: 'Nullable(Decimal(12, 2))',
  tags: 'Array(String)',
  share: 'Float64',
  span: 'Time64(6)',
  place: 'Point',
  pair: 'Tuple(Int8, String)',
};

/** A table with a column of each type. */
const plan: TablePlan = {
  source: {
    schema: 'public',
    name: 'things',
    kind: 'table',
    columns: [],
    primaryKey: [],
    estimatedRows: 0,
  },
  name: 'things',
  columns: Object.entries(types).map(([name, type]) => ({
    source: {
      name,
      sourceType: 'any',
      isNullable: false,
      isGenerated: false,
      mapped: { type, types: [type], edge: 'fail', canBeNull: true },
    },
    name,
    type,
    edge: 'fail',
  })),
  hashed: [],
  dropped: [],
};

function planned(key: readonly string[], attributes: readonly string[], more = {}) {
  const one = { name: 'd', table: 'public.things', key, attributes, ...more };
  const dictionaries = dictionariesOptions.parse([one]);
  const [found] = planDictionaries({ name: 'shop', dictionaries }, [plan]);
  if (found === undefined) throw new Error('one entry gives one dictionary');
  return found;
}

const typesOf = (columns: readonly { readonly type: string }[]) => columns.map(({ type }) => type);

describe('a dictionary', () => {
  it('has a type that it can have for each that a column has', () => {
    const { attributes } = planned(['id'], ['name', 'maybe', 'tier', 'code', 'price', 'tags']);
    expect(typesOf(attributes)).toEqual([
      'String',
      'Nullable(String)',
      'Nullable(String)',
      'String',
      'Nullable(Decimal(12, 2))',
      'Array(String)',
    ]);
  });

  it('has a key that is never NULL', () => {
    expect(typesOf(planned(['maybe', 'tier'], ['id']).key)).toEqual(['String', 'String']);
  });

  it.each([
    [['unsigned'], 'hashed'],
    [['id'], 'complex_key_hashed'],
    [['name'], 'complex_key_hashed'],
    [['unsigned', 'id'], 'complex_key_hashed'],
  ])('with the key %j has the layout %s', (key, layout) => {
    expect(planned(key, ['price']).layout).toBe(layout);
  });

  it.each([
    ['an unknown table', ['id'], ['name'], { table: 'public.other' }, /public.other is not among/],
    ['the name of a table', ['id'], ['name'], { name: 'things' }, /public.things has its name/],
    ['an unknown column', ['id'], ['nam'], {}, /no column nam; there are id, unsigned/],
    ['a column in both', ['id'], ['id'], {}, /id is in its key already/],
    ['a time of day', ['id'], ['span'], {}, /span is Time64\(6\), which cannot be an attribute/],
    ['a point', ['id'], ['place'], {}, /Point, which cannot/],
    ['a tuple', ['id'], ['pair'], {}, /cannot be an attribute/],
    ['a fraction as its key', ['share'], ['id'], {}, /Float64, which cannot be a key/],
    ['a list as its key', ['tags'], ['id'], {}, /cannot be a key/],
    ['flat over a text', ['name'], ['id'], { layout: 'flat' }, /for one integer.* is String/],
    ['hashed over two', ['id', 'unsigned'], ['name'], { layout: 'hashed' }, /Int64, UInt32/],
  ])('is refused with %s', (_, key, attributes, more, message) => {
    expect(() => planned(key, attributes, more)).toThrow(
      expect.objectContaining({ code: 'OBS-6057', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    [{ name: 'a__loading_b' }],
    [{ lifetime: '10ms' }],
    [{ collection: 'a b' }],
    [{ key: ['id', 'id'] }],
    [{ attributes: [] }],
  ])('is no valid entry with %j', (more) => {
    const one = { name: 'd', table: 'public.things', key: ['id'], attributes: ['name'], ...more };
    expect(dictionariesOptions.safeParse([one]).success).toBe(false);
  });
});
