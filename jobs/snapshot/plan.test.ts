import { describe, expect, it } from '@jest/globals';
import { fitsGlob, pick } from './globs.ts';
import { planTables } from './plan.ts';
import type { MappedType, SourceColumn, SourceTable } from './source.ts';

const text: MappedType = { type: 'String', types: ['String'], edge: 'fail', canBeNull: true };
const int: MappedType = {
  type: 'Int64',
  types: ['Int64', 'String'],
  edge: 'fail',
  canBeNull: true,
};
const kind: MappedType = {
  type: 'LowCardinality(String)',
  types: ['LowCardinality(String)', 'String'],
  edge: 'fail',
  canBeNull: true,
};
const list: MappedType = {
  type: 'Array(Nullable(Int32))',
  types: ['Array(Nullable(Int32))', 'String'],
  edge: 'fail',
  canBeNull: false,
};
const day: MappedType = {
  type: 'Date32',
  types: ['Date32', 'String'],
  edge: 'fail',
  canBeNull: true,
};

function column(name: string, mapped: MappedType, isNullable = false): SourceColumn {
  return { name, sourceType: `source of ${mapped.type}`, isNullable, isGenerated: false, mapped };
}

function table(schema: string, name: string, columns: readonly SourceColumn[]): SourceTable {
  return { schema, name, kind: 'table', columns, primaryKey: ['id'], estimatedRows: 1 };
}

const users = table('public', 'users', [
  column('id', int),
  column('email', text, true),
  column('plan', kind, true),
  column('tags', list, true),
  column('born', day),
]);
const audit = table('public', 'audit_2026', [column('id', int)]);
const billed = table('billing', 'users', [column('id', int)]);
const all = [users, audit, billed];

type Config = Parameters<typeof planTables>[1];

function config(more: Partial<Config> = {}): Config {
  return { name: 'shop', tables: ['public.users'], columns: [], filters: [], ...more };
}

describe('globs', () => {
  it.each([
    ['public.*', 'public.users', true],
    ['public.*', 'publicXusers', false],
    ['*.users', 'a.b.users', true],
    ['public.user?', 'public.users', true],
    ['public.user?', 'public.user', false],
    ['a[b].c', 'a[b].c', true],
    ['a[b].c', 'ab.c', false],
    ['*', 'with\nline', true],
    ['Größe.*', 'Größe.ß', true],
  ])('%s and %s: %s', (glob, name, fits) => {
    expect(fitsGlob(glob, name)).toBe(fits);
  });

  it('leave out what an exclamation mark names, wherever it stands, and tell idle ones', () => {
    const picked = pick(['!b*', '*', 'x?'], ['a', 'b', 'bc'], (name) => name);
    expect(picked).toEqual({ picked: ['a'], idle: ['x?'] });
  });
});

describe('planTables', () => {
  it('keeps names of public, and of the home schema; others carry their schema', () => {
    const plans = planTables(all, config({ tables: ['*.users'] }));
    expect(plans.map(({ name }) => name)).toEqual(['users', 'billing_users']);
    const [home] = planTables([billed], config({ tables: ['billing.*'] }), 'billing');
    expect(home?.name).toBe('users');
  });

  it('makes Nullable what may be NULL, inside of LowCardinality, and never an array', () => {
    const [plan] = planTables(all, config());
    expect(plan?.columns.map(({ type }) => type)).toEqual([
      'Int64',
      'Nullable(String)',
      'LowCardinality(Nullable(String))',
      'Array(Nullable(Int32))',
      'Date32',
    ]);
  });

  it('drops, hashes, renames and retypes columns; the first entry that fits counts', () => {
    const columns: Config['columns'] = [
      { match: '*.email', action: 'hash', name: 'email_sha256' },
      { match: 'public.users.tags', action: 'drop' },
      { match: 'public.*.id', action: 'keep', type: 'String' },
      { match: '*.born', action: 'keep', edge: 'null' },
      { match: '*.born', action: 'drop' },
    ];
    const [plan] = planTables(all, config({ columns }));
    expect(plan?.columns.map(({ name, type, edge }) => [name, type, edge])).toEqual([
      ['id', 'String', 'fail'],
      ['email_sha256', 'Nullable(String)', 'fail'],
      ['plan', 'LowCardinality(Nullable(String))', 'fail'],
      ['born', 'Nullable(Date32)', 'null'],
    ]);
    expect(plan?.hashed).toEqual([false, true, false, false]);
    expect(plan?.dropped).toEqual(['tags']);
  });

  it('stores as text what the edge policy wants as text', () => {
    const columns: Config['columns'] = [{ match: '*.born', action: 'keep', edge: 'string' }];
    const [plan] = planTables(all, config({ columns }));
    expect(plan?.columns.at(-1)?.type).toBe('String');
  });

  it.each<[string, Partial<Config>, string]>([
    ['a glob that fits nothing', { tables: ['public.*', 'pubic.*'] }, 'OBS-6041'],
    ['a table without columns', { columns: [{ match: '*', action: 'drop' }] }, 'OBS-6041'],
    ['nothing that is left', { tables: ['public.*', '!*'] }, 'OBS-6041'],
    [
      'two columns of one name',
      { columns: [{ match: '*.email', action: 'keep', name: 'plan' }] },
      'OBS-6042',
    ],
    [
      'a type that does not hold it',
      { columns: [{ match: '*.tags', action: 'keep', type: 'Int8' }] },
      'OBS-6043',
    ],
  ])('refuses %s', (_, more, code) => {
    expect(() => planTables(all, config(more))).toThrow(expect.objectContaining({ code }));
  });

  it('refuses two tables of one name', () => {
    const twin = table('public', 'billing_users', [column('id', int)]);
    expect(() => planTables([...all, twin], config({ tables: ['*'] }))).toThrow(
      'billing.users and public.billing_users would both be billing_users',
    );
  });
});
