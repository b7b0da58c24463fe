/** What a stack file says about snapshots: which databases, which tables, when, into what. */
import { z } from 'zod';
import { parseDurationMs } from '../../core/units.ts';
import { dictionariesOptions } from './dictionary-config.ts';
import { isSchedule } from './schedule.ts';

const namesMax = 200;
const readersMax = 16;
const listMax = 1_000;
const keepMax = 100;

const nameError = 'a name of lower case letters, digits and dashes, at most 40 characters';
const duration = (example: string) =>
  z
    .string({ error: `a duration such as ${example}` })
    .refine((text) => (parseDurationMs(text) ?? 0) > 0, {
      error: `a duration such as ${example}`,
    });

const globError = 'a name or a glob with * and ?, at most 200 characters';
const glob = z
  .string({ error: globError })
  .min(1, { error: globError })
  .max(namesMax, { error: globError });

/** A reference alone: whatever else would be the secret itself, or a part of it. */
const reference = /^\$\{env:([A-Za-z_]\w*)\}$/;

/** The DSN's text without a password, or a reference to an environment variable, as written. */
const dsnError = `a reference such as \${env:SHOP_DSN}, or a DSN without a password`;
const isHarmless = (text: string): boolean => {
  if (reference.test(text)) return true;
  const url = URL.parse(text);
  if (url === null || !/^(postgres(ql)?|mysql|mariadb):$/.test(url.protocol)) return false;
  return url.password === '' && !/passw/i.test(url.search);
};

const dsn = z
  .string({ error: dsnError })
  .max(2_000, { error: dsnError })
  .refine(isHarmless, { error: dsnError })
  .meta({
    description:
      'Where the database is; a reference is resolved by whoever connects, and is never rendered',
    examples: [`\${env:SHOP_DSN}`],
  });

const connection = {
  dsn,
  ca_file: z
    .string({ error: 'the path of a file' })
    .min(1, { error: 'the path of a file' })
    .optional()
    .meta({
      description: 'Certificate authority that the server is checked with; TLS is then required',
      examples: ['/run/secrets/shop-ca/ca.crt'],
    }),
  statement_timeout: duration('30m')
    .default('30m')
    .meta({
      description: 'How long one query may run in the source',
      examples: ['30m'],
    }),
};

const postgres = z.strictObject({
  ...connection,
  prefer_replica: z
    .boolean({ error: 'true or false' })
    .default(false)
    .meta({
      description: 'Among the hosts of the DSN take a standby when there is one',
      examples: [true],
    }),
});
const mysql = z.strictObject(connection);

const sourceError = 'either postgres or mysql';
const source = z
  .strictObject({
    postgres: postgres.optional().meta({
      description: 'A Postgres, 12 or newer; standbys too',
      examples: [{ dsn: `\${env:SHOP_DSN}` }],
    }),
    mysql: mysql.optional().meta({
      description: 'A MySQL, 8.0 or newer, or a MariaDB, 10.5 or newer',
      examples: [{ dsn: `\${env:CRM_DSN}` }],
    }),
  })
  .refine(({ postgres: one, mysql: other }) => (one === undefined) !== (other === undefined), {
    error: sourceError,
  });

const edgePolicies = ['fail', 'clamp', 'null', 'string'] as const;

const column = z
  .strictObject({
    match: glob.meta({
      description: 'Columns by `schema.table.column`, as a glob; the first entry that fits counts',
      examples: ['public.users.*mail'],
    }),
    action: z
      .enum(['keep', 'hash', 'drop'])
      .default('keep')
      .meta({
        description: '`hash` keeps SHA-256 of the text (joins still work), `drop` leaves it out',
        examples: ['hash'],
      }),
    name: z
      .string({ error: 'a name of at most 200 characters' })
      .min(1)
      .max(namesMax)
      .optional()
      .meta({ description: 'Its name in ClickHouse', examples: ['email_sha256'] }),
    type: z
      .string({ error: 'a ClickHouse type' })
      .min(1)
      .max(namesMax)
      .optional()
      .meta({ description: 'Another ClickHouse type of its type table', examples: ['String'] }),
    null_flag: z
      .string({ error: 'a name of at most 200 characters' })
      .min(1)
      .max(namesMax)
      .optional()
      .meta({
        description:
          'Name of a Bool beside it that says whether the value was NULL, which an Array, a Map ' +
          'or a Tuple cannot hold',
        examples: ['tags_is_null'],
      }),
    edge: z
      .enum(edgePolicies)
      .optional()
      .meta({
        description: 'What is done with values that the type cannot hold',
        examples: ['clamp'],
      }),
  })
  .refine(({ action, null_flag: flag }) => action !== 'drop' || flag === undefined, {
    error: 'no null_flag: of a column that is dropped nothing is read',
    path: ['null_flag'],
  });

const filter = z.strictObject({
  match: glob.meta({
    description: 'Tables by `schema.table`, as a glob',
    examples: ['public.orders'],
  }),
  where: z
    .string({ error: "a condition in the source's SQL" })
    .min(1)
    .max(2_000)
    .meta({
      description: "Rows that are copied, as a condition in the source's SQL",
      examples: ["created_at > now() - interval '90 days'"],
    }),
});

const overlapError = 'a duration such as 10m, or a whole number for a column of integers';

const incremental = z.strictObject({
  match: glob.meta({
    description: 'Tables by `schema.table`, as a glob; the first entry that fits counts',
    examples: ['public.orders'],
  }),
  cursor: z
    .string({ error: 'the name of a column in the source' })
    .min(1)
    .max(namesMax)
    .meta({
      description: 'Column that rises with every change: a time, a date or an integer',
      examples: ['updated_at'],
    }),
  overlap: z
    .union([
      z.string().refine((text) => (parseDurationMs(text) ?? 0) > 0, { error: overlapError }),
      z.int().min(0).max(Number.MAX_SAFE_INTEGER),
    ])
    .optional()
    .meta({
      description:
        'How far before the mark is read again, for transactions that committed late; absent: ' +
        '10m, for a column of integers 1000',
      examples: ['10m'],
    }),
  deletes: z
    .enum(['none', 'compare'])
    .default('none')
    .meta({
      description: '`compare` reads all keys in each run, and takes out rows whose key is gone',
      examples: ['compare'],
    }),
});

const history = z.strictObject({
  match: glob.meta({
    description: 'Tables by `schema.table`, as a glob',
    examples: ['public.customers'],
  }),
});

const cronError = 'five fields of cron such as "0 * * * *", in UTC; Sunday is 0';

const snapshot = z.strictObject({
  name: z
    .string({ error: nameError })
    .regex(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/, { error: nameError })
    .meta({ description: 'Name of the snapshot', examples: ['shop'] }),
  source: source.meta({
    description: 'The database that is read',
    examples: [{ postgres: { dsn: `\${env:SHOP_DSN}` } }],
  }),
  tables: z
    .array(glob, { error: 'a list of globs' })
    .min(1, { error: 'at least one table' })
    .max(listMax)
    .meta({
      description: 'Tables by `schema.table`, as globs; one with `!` leaves out what it fits',
      examples: [['public.*', '!public.audit_*']],
    }),
  schedule: z
    .string({ error: cronError })
    .refine(isSchedule, { error: cronError })
    .optional()
    .meta({
      description: 'When it runs, as cron has it, in UTC; without one it runs by hand',
      examples: ['0 * * * *'],
    }),
  database: z
    .string({ error: 'a name of a ClickHouse database' })
    .regex(/^[A-Za-z_]\w{0,63}$/, { error: 'a name of a ClickHouse database' })
    .optional()
    .meta({
      description: 'Database in ClickHouse; absent: the name of the snapshot, `-` as `_`',
      examples: ['shop'],
    }),
  readers: z
    .int({ error: `a whole number from 1 to ${readersMax}` })
    .min(1)
    .max(readersMax)
    .default(2)
    .meta({ description: 'Connections that read at once', examples: [4] }),
  rows_per_second: z
    .int({ error: 'a whole number of rows' })
    .min(1)
    .optional()
    .meta({ description: 'Reads no faster, over all readers', examples: [50_000] }),
  keep: z
    .int({ error: `a whole number from 0 to ${keepMax}` })
    .min(0)
    .max(keepMax)
    .default(0)
    .meta({ description: 'Older snapshots of each table that stay', examples: [3] }),
  columns: z
    .array(column)
    .max(listMax)
    .default([])
    .meta({
      description: 'Columns that are not copied as they are: dropped, hashed, renamed, retyped',
      examples: [[{ match: 'public.users.email', action: 'hash' }]],
    }),
  filters: z
    .array(filter)
    .max(listMax)
    .default([])
    .meta({
      description: 'Tables of which only some rows are copied',
      examples: [[{ match: 'public.orders', where: 'total > 0' }]],
    }),
  dictionaries: dictionariesOptions,
  incremental: z
    .array(incremental)
    .max(listMax)
    .default([])
    .meta({
      description: 'Tables of which a run reads only the rows that changed since the last one',
      examples: [[{ match: 'public.orders', cursor: 'updated_at' }]],
    }),
  history: z
    .array(history)
    .max(listMax)
    .default([])
    .meta({
      description: 'Tables whose earlier versions stay, in NAME_history with valid_from, valid_to',
      examples: [[{ match: 'public.customers' }]],
    }),
});

export const snapshotsOptions = z
  .array(snapshot, { error: 'a list of snapshots' })
  .max(namesMax)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
    error: 'a list in which each name stands once',
  })
  .default([])
  .meta({
    description: 'Tables of databases that are copied on a schedule, beside the telemetry',
    examples: [
      [
        {
          name: 'shop',
          source: { postgres: { dsn: `\${env:SHOP_DSN}` } },
          tables: ['public.*'],
          schedule: '0 * * * *',
        },
      ],
    ],
  });

export type SnapshotConfig = z.output<typeof snapshot>;

/** Database in ClickHouse of a snapshot that names none. */
export function databaseOf({ name, database }: Pick<SnapshotConfig, 'name' | 'database'>): string {
  return database ?? name.replaceAll('-', '_');
}

/** The variable that a DSN refers to; `undefined` when the DSN itself is written. */
export function variableOf({ source }: Pick<SnapshotConfig, 'source'>): string | undefined {
  const { dsn = '' } = source.postgres ?? source.mysql ?? {};
  return reference.exec(dsn)?.[1];
}
