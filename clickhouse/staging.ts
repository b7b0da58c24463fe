/**
 * A partition replaced in one step: its new rows are gathered in a table of their own first. A
 * reader sees the old partition or the new one; a run that dies leaves only a table behind, which
 * a later run drops.
 */
import { randomBytes } from 'node:crypto';
import type { Sql } from './client.ts';
import { defaultDatabase } from './ddl.ts';
import { nameOf, quoteText } from './sql.ts';
import { type Place, storedIn, storedName } from './stored.ts';

/** A staging table older than this belongs to a run that was killed. */
const stagingAgeSecondsMax = 3600;

export type StagingOptions = Place & {
  /** The table that the staging table looks like. */
  readonly table: string;
  readonly signal?: AbortSignal | undefined;
};

/** Runs `work` with the full name of an empty table like `table`, dropped afterwards. */
export async function withStaging<Result>(
  sql: Sql,
  { table, signal, ...place }: StagingOptions,
  work: (staging: string) => Promise<Result>,
): Promise<Result> {
  const { database = defaultDatabase } = place;
  const prefix = `${table}_staging_`;
  await dropAbandoned(sql, database, prefix);
  const staging = `${nameOf(database)}.${prefix}${randomBytes(16).toString('hex')}`;
  try {
    const engine =
      place.isSharded === true ? await plainEngine(sql, { ...place, table }, signal) : '';
    await sql.run(`CREATE TABLE ${staging} AS ${storedIn(place)(table)}${engine}`, signal);
    return await work(staging);
  } finally {
    await sql.run(`DROP TABLE IF EXISTS ${staging} SYNC`);
  }
}

/**
 * The engine of a replicated table without its replicas: what is gathered for a partition is of
 * this server alone until it is in its place, and a path of `{uuid}` belongs to one table.
 */
async function plainEngine(
  sql: Sql,
  { database = defaultDatabase, isSharded, table }: StagingOptions,
  signal: AbortSignal | undefined,
): Promise<string> {
  const [row] = await sql.rows<{ engine: string }>(
    `SELECT engine_full AS engine FROM system.tables WHERE database = ${quoteText(database)}
      AND name = ${quoteText(storedName(table, isSharded))}`,
    signal,
  );
  return ` ENGINE = ${withoutReplicas(row?.engine ?? '')}`;
}

/** `ReplicatedMergeTree('path', 'replica', rest) …` as `MergeTree(rest) …`; others as they are. */
export function withoutReplicas(engine: string): string {
  return engine.replace(
    /^Replicated(\w*MergeTree)(?:\('[^']*', '[^']*'(?:, )?(.*?)\))?(?= |$)/,
    (_, name: string, rest = '') => (rest === '' ? name : `${name}(${rest})`),
  );
}

export type Replacement = {
  /** Full names. */
  readonly table: string;
  readonly staging: string;
  /** As the server writes it. */
  readonly partition: string;
  /** A condition that rows of the partition meet, and no others. */
  readonly inPartition: string;
  readonly signal: AbortSignal | undefined;
};

/** Runs at once that end in each other's way; more than there are gateways is not needed. */
const replacementsMax = 5;

/**
 * Puts the rows of the staging table in the place of a partition. The engine removes the parts
 * that were there when a replacement began: of two at once both may stay. Whoever ends last finds
 * more rows than it brought, and replaces them again.
 */
export async function replacePartition(sql: Sql, replacement: Replacement): Promise<void> {
  const { table, staging, partition, inPartition, signal } = replacement;
  for (let turn = 0; turn < replacementsMax; turn += 1) {
    const statement = `ALTER TABLE ${table} REPLACE PARTITION ${quoteText(partition)}`;
    await sql.run(`${statement} FROM ${staging}`, signal);
    const [row] = await sql.rows<{ more: string }>(
      `SELECT toString((SELECT count() FROM ${table} WHERE ${inPartition}) >
        (SELECT count() FROM ${staging})) AS more`,
      signal,
    );
    if (row?.more !== '1') return;
  }
}

/** A killed run cannot clean up after itself; the next one does. */
async function dropAbandoned(sql: Sql, database: string, prefix: string): Promise<void> {
  const rows = await sql.rows<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = ${quoteText(database)}
      AND startsWith(name, ${quoteText(prefix)})
      AND metadata_modification_time < now() - ${stagingAgeSecondsMax}`,
  );
  for (const { name } of rows) {
    await sql.run(`DROP TABLE IF EXISTS ${nameOf(database)}.${nameOf(name)} SYNC`);
  }
}
