/**
 * Brings a database up to the declared schema. Every statement is harmless when repeated, and the
 * comparison is made anew until nothing is left, so two runs at once help each other along.
 * Nothing that would lose data is run: it is returned, with the statements for doing it by hand.
 */
import { Problem } from '../core/problem.ts';
import type { Sql } from './client.ts';
import { type ClusterName, storedName } from './cluster.ts';
import {
  clusterWindowBlocks,
  createDatabase,
  defaultDatabase,
  defaultRetentionDays,
  defaultTableOptions,
  type Flavour,
  type TableOptions,
} from './ddl.ts';
import type { LookupOptions } from './lookups.ts';
import {
  type CompareOptions,
  type Comparison,
  compareTable,
  type Refusal,
} from './migrate-compare.ts';
import { planLookups } from './migrate-lookups.ts';
import { compareNodes, findCluster, isOnEveryNode, nodeNotes, readNodes } from './migrate-nodes.ts';
import { type LiveServer, readServer } from './migrate-read.ts';
import { hasSince, type ProfileName, serverVersionMin } from './schema/profiles.ts';
import { schemaVersion, tables } from './schema/tables.ts';
import type { Retention, TableDef } from './schema/types.ts';
import { nameOf, quoteText } from './sql.ts';

export type MigrateOptions = {
  readonly database?: string;
  /** Asked for by somebody: also changes the TTL of tables that exist. */
  readonly retentionDays?: Partial<Readonly<Record<Retention, number>>>;
  readonly profile?: ProfileName;
  readonly deduplicationWindowBlocks?: number;
  /** Found out from the server when absent. */
  readonly flavour?: Flavour;
  /** As the servers name it; found out from a Distributed table of ours when absent. */
  readonly cluster?: ClusterName;
  /** Whether tables that the Collector's exporter made may get our columns and settings. */
  readonly adopt?: boolean;
  /** Only say what would be done. */
  readonly plan?: boolean;
  /** Version of this obsctl, for the record. */
  readonly obsctl?: string;
  readonly tables?: readonly TableDef[];
  /** Whether dictionaries over entities are made, how they read, and who owns what. */
  readonly lookups?: Pick<LookupOptions, 'collection' | 'owners'>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
};

export type MigrateResult = {
  readonly database: string;
  readonly serverVersion: string;
  readonly flavour: Flavour;
  readonly schemaVersion: number;
  /** What was run, or with `plan` what would be. */
  readonly statements: readonly string[];
  readonly offers: readonly string[];
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
};

/** How often the comparison is repeated before we say that it does not settle. */
const roundsMax = 5;

export async function migrate(sql: Sql, options: MigrateOptions = {}): Promise<MigrateResult> {
  const done: string[] = [];
  const notes = new Set<string>();
  let failure: Failure | undefined;
  for (let round = 0; round < roundsMax; round += 1) {
    const { server, compare, comparison } = await look(sql, options);
    for (const note of comparison.notes) notes.add(note);
    const result = {
      database: compare.database,
      serverVersion: server.versionText,
      flavour: compare.flavour,
      schemaVersion,
      offers: comparison.offers,
      refusals: comparison.refusals,
      notes: [...notes],
    };
    if (options.plan === true) return { ...result, statements: comparison.statements };
    if (comparison.statements.length === 0) {
      await record(sql, compare.database, done, options.obsctl ?? '');
      return { ...result, statements: done };
    }
    // A statement that fails twice and is still wanted is not a race with another run.
    if (failure !== undefined && comparison.statements.includes(failure.statement)) {
      await record(sql, compare.database, done, options.obsctl ?? '').catch(() => undefined);
      throw failure.error;
    }
    failure = await runAll(sql, comparison.statements, done, options);
  }
  throw new Problem('OBS-3003', `the schema did not settle in ${roundsMax} rounds`, {
    where: sql.address,
    next: 'Look for another program that alters the same tables, then run obsctl migrate again.',
  });
}

type Failure = { readonly statement: string; readonly error: unknown };

async function runAll(
  sql: Sql,
  statements: readonly string[],
  done: string[],
  options: MigrateOptions,
): Promise<Failure | undefined> {
  for (const statement of statements) {
    options.onProgress?.(firstLineOf(statement));
    try {
      await sql.run(statement, options.signal);
      done.push(statement);
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      return { statement, error };
    }
  }
  return undefined;
}

type Look = {
  readonly server: LiveServer;
  readonly compare: CompareOptions;
  readonly comparison: Comparison;
};

/** Reads the server and compares every table. */
async function look(sql: Sql, options: MigrateOptions): Promise<Look> {
  const database = options.database ?? defaultDatabase;
  const wanted = options.tables ?? tables;
  const names = wanted.map((table) => table.name);
  const cluster = options.cluster ?? (await findCluster(sql, database));
  const stored = names.map((name) => storedName(name, cluster));
  const server = await readServer(sql, database, stored);
  if (!hasSince(server.version, serverVersionMin)) {
    throw new Problem(
      'OBS-3006',
      `the server is ${server.versionText}, older than ${serverVersionMin.join('.')}`,
      { where: sql.address },
    );
  }
  await refuseNewer(sql, database, server);
  const asked = Object.keys(options.retentionDays ?? {}) as Retention[];
  const compare: CompareOptions = {
    ...tableOptions(server, { ...options, cluster }),
    retentionAsked: new Set(asked),
    adopt: options.adopt === true,
  };
  const nodes = cluster === undefined ? undefined : await readNodes(sql, database, cluster, names);
  const first = await databaseStatements(sql, server, compare);
  const each = wanted.map((table) => {
    const live = server.tables.get(storedName(table.name, cluster));
    const comparison = compareTable(table, live, compare);
    return nodes === undefined ? comparison : compareNodes(table, comparison, nodes, compare);
  });
  const { lookups } = options;
  const above =
    lookups === undefined
      ? { statements: [], notes: [] }
      : await planLookups(sql, { database, cluster, ...lookups });
  const comparison = {
    statements: [...first, ...each.flatMap((one) => one.statements), ...above.statements],
    offers: each.flatMap((one) => one.offers),
    refusals: each.flatMap((one) => one.refusals),
    notes: [
      ...serverNotes(database, server),
      ...(nodes === undefined ? [] : nodeNotes(nodes)),
      ...each.flatMap((one) => one.notes),
      ...above.notes,
    ],
  };
  return { server, compare, comparison };
}

/** On a cluster also for the nodes that joined without it. */
async function databaseStatements(
  sql: Sql,
  server: LiveServer,
  { database, cluster }: TableOptions,
): Promise<readonly string[]> {
  const everywhere = cluster === undefined || (await isOnEveryNode(sql, database, cluster));
  if (server.databaseEngine !== undefined && everywhere) return [];
  return [createDatabase(database, cluster)];
}

function tableOptions(server: LiveServer, options: MigrateOptions): TableOptions {
  const { cluster } = options;
  return {
    ...(cluster === undefined ? {} : { cluster }),
    database: options.database ?? defaultDatabase,
    retentionDays: { ...defaultRetentionDays, ...options.retentionDays },
    profile: options.profile ?? defaultTableOptions.profile,
    deduplicationWindowBlocks:
      options.deduplicationWindowBlocks ??
      (cluster === undefined ? defaultTableOptions.deduplicationWindowBlocks : clusterWindowBlocks),
    flavour: options.flavour ?? (cluster === undefined ? server.flavour : 'replicated'),
    serverVersion: server.version,
  };
}

const goodEngines: ReadonlySet<string> = new Set(['Atomic', 'Replicated', 'Shared']);

function serverNotes(database: string, server: LiveServer): string[] {
  const engine = server.databaseEngine;
  const notes = server.views.map(
    (view) =>
      `view ${view.name} also writes into ${view.target}: right while the Collector inserts; ` +
      `when obsctl's gateway does, drop it: DROP VIEW ${nameOf(database)}.${nameOf(view.name)}`,
  );
  if (engine === undefined || goodEngines.has(engine)) return notes;
  const what = `database ${database} has the engine ${engine}, not Atomic: tables there cannot be`;
  return [...notes, `${what} exchanged; a change by hand means copying into another database`];
}

/** An older obsctl must not bring back what a newer one changed. */
async function refuseNewer(sql: Sql, database: string, server: LiveServer): Promise<void> {
  if (!server.tables.has('obsctl_migrations')) return;
  const [row] = await sql.rows<{ version: string }>(
    `SELECT toString(max(Version)) AS version FROM ${nameOf(database)}.obsctl_migrations`,
  );
  if (Number(row?.version ?? 0) <= schemaVersion) return;
  throw new Problem(
    'OBS-3007',
    `database ${database} has schema ${row?.version}, this obsctl knows ${schemaVersion}`,
    { where: sql.address },
  );
}

async function record(
  sql: Sql,
  database: string,
  statements: readonly string[],
  obsctl: string,
): Promise<void> {
  if (statements.length === 0) return;
  const values = statements.map(
    (text) => `(${schemaVersion}, now64(3), ${quoteText(obsctl)}, ${quoteText(text)})`,
  );
  await sql.run(
    `INSERT INTO ${nameOf(database)}.obsctl_migrations (Version, AppliedAt, Obsctl, Statement)` +
      ` SETTINGS async_insert = 0 VALUES ${values.join(', ')}`,
  );
}

function firstLineOf(statement: string): string {
  return statement.split('\n')[0] ?? '';
}
