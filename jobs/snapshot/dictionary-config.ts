/** What a stack file says about dictionaries: tables of a snapshot as answers of `dictGet`. */
import { z } from 'zod';
import { parseDurationMs } from '../../core/units.ts';

const namesMax = 200;
const columnsMax = 100;
const dictionariesMax = 100;
const secondMs = 1_000;

const nameError = 'a name of letters, digits and underscores, at most 64';
const tableError = 'a table as `schema.table`';
const columnError = 'a name of a column in ClickHouse';
const collectionError = 'a name of a named collection of ClickHouse';
const lifetimeError = 'a duration of at least a second, such as 5m';

const column = z
  .string({ error: columnError })
  .min(1, { error: columnError })
  .max(namesMax, { error: columnError });

const columns = z
  .array(column, { error: 'a list of columns' })
  .min(1, { error: 'at least one column' })
  .max(columnsMax)
  .refine((all) => new Set(all).size === all.length, { error: 'each column once' });

const layouts = ['flat', 'hashed', 'complex_key_hashed'] as const;

const dictionary = z.strictObject({
  name: z
    .string({ error: nameError })
    .regex(/^(?!.*__(loading|old)_)[A-Za-z_]\w{0,63}$/, { error: nameError })
    .meta({
      description: "Its name in the snapshot's database, for `dictGet('shop.owners', …)`",
      examples: ['owners'],
    }),
  table: z
    .string({ error: tableError })
    .regex(/^[^.]+\../, { error: tableError })
    .max(namesMax, { error: tableError })
    .meta({
      description: 'Table of the source that it is made of; one of those under `tables`',
      examples: ['public.service_owners'],
    }),
  key: columns.meta({
    description: 'Columns that it is asked by, as ClickHouse has them; unique, and never NULL',
    examples: [['service']],
  }),
  attributes: columns.meta({
    description: 'Columns that it answers with; NULL stays NULL',
    examples: [['team', 'owner']],
  }),
  lifetime: z
    .string({ error: lifetimeError })
    .refine((text) => (parseDurationMs(text) ?? 0) >= secondMs, { error: lifetimeError })
    .default('5m')
    .meta({
      description: 'How often at most ClickHouse reads its table again; each run does so at once',
      examples: ['5m'],
    }),
  layout: z
    .enum(layouts)
    .optional()
    .meta({
      description:
        'How ClickHouse holds it; absent: `hashed` for one unsigned integer, else ' +
        '`complex_key_hashed`. `flat` is for one integer below 500 000',
      examples: ['flat'],
    }),
  collection: z
    .string({ error: collectionError })
    .regex(/^[A-Za-z_]\w{0,63}$/, { error: collectionError })
    .optional()
    .meta({
      description:
        'Named collection of ClickHouse with `user` and `password` that the table is read by; ' +
        "absent: in a cluster of ours one that is rendered, else the server's `default`",
      examples: ['obsctl_dictionaries'],
    }),
});

export const dictionariesOptions = z
  .array(dictionary, { error: 'a list of dictionaries' })
  .max(dictionariesMax)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
    error: 'a list in which each name stands once',
  })
  .default([])
  .meta({
    description: 'Dictionaries of ClickHouse that rows are enriched with, made anew by each run',
    examples: [
      [{ name: 'owners', table: 'public.service_owners', key: ['service'], attributes: ['team'] }],
    ],
  });

export type DictionaryConfig = z.output<typeof dictionary>;
