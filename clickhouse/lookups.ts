/**
 * Lookups by time as SQL: of each a view and a dictionary, and how a query asks one. Both carry
 * in their comment a hash of what they were made of, by which `migrate` finds what has changed.
 */
import { createHash } from 'node:crypto';
import { type ClusterName, fullName, onCluster } from './cluster.ts';
import { entityPositions, openEndMs } from './schema/entities.ts';
import {
  type AttributeOf,
  lookups as fixedLookups,
  type LookupDef,
  type LookupSource,
} from './schema/lookups.ts';
import { defaultOwners, type Owners, ownerLookup } from './schema/owners.ts';
import { nameOf, quoteText } from './sql.ts';

export type LookupOptions = {
  readonly database: string;
  readonly cluster?: ClusterName;
  /** Who owns what; by the labels that most use when absent. */
  readonly owners?: Owners | undefined;
  /** Named collection with the user that dictionaries read as; the server's `default` without. */
  readonly collection?: string | undefined;
};

/** Rows are read again when they have changed, at most so long after it. */
const lifetimeSeconds = { min: 20, max: 40 } as const;
const hashDigits = 12;
const openEnd = `fromUnixTimestamp64Milli(toInt64(${openEndMs}))`;

/** Every lookup of a database. */
export function lookupsOf({ owners = defaultOwners }: LookupOptions): readonly LookupDef[] {
  return [...fixedLookups, ownerLookup(owners)];
}

/** The view under a dictionary. */
export function viewName({ name }: LookupDef): string {
  return `${name}_ranges`;
}

/** Makes a lookup, also in the place of another one; the view first. */
export function createLookup(lookup: LookupDef, options: LookupOptions): readonly string[] {
  return [viewStatement(lookup, options), dictionaryStatement(lookup, options)];
}

/** What the comments of view and dictionary end with when they are as declared. */
export function lookupMark(lookup: LookupDef, options: LookupOptions): string {
  const text = JSON.stringify([selectOf(lookup, options), columnsOf(lookup), options.collection]);
  return `obsctl ${createHash('sha256').update(text).digest('hex').slice(0, hashDigits)}`;
}

/**
 * An attribute of what `key` meant at `time`; empty when nobody knows.
 *
 * @param key expressions, one a column of the key
 */
export function lookUp<Lookup extends LookupDef>(
  lookup: Lookup,
  attribute: AttributeOf<Lookup>,
  key: readonly string[],
  time: string,
  database: string,
): string {
  const dictionary = quoteText(`${database}.${lookup.name}`);
  return `dictGet(${dictionary}, ${quoteText(attribute)}, tuple(${key.join(', ')}), ${time})`;
}

function viewStatement(lookup: LookupDef, options: LookupOptions): string {
  const { database, cluster } = options;
  return [
    `CREATE OR REPLACE VIEW ${fullName(database, viewName(lookup))}${onCluster(cluster)}`,
    `AS ${selectOf(lookup, options)}`,
    `COMMENT ${quoteText(`${lookup.comment}; ${lookupMark(lookup, options)}`)}`,
  ].join('\n');
}

function dictionaryStatement(lookup: LookupDef, options: LookupOptions): string {
  const { database, cluster, collection } = options;
  const columns = columnsOf(lookup).map((name) => `    ${nameOf(name)} String`);
  const who = collection === undefined ? '' : `NAME ${nameOf(collection)} `;
  const from = `DB ${quoteText(database)} TABLE ${quoteText(viewName(lookup))}`;
  const { min, max } = lifetimeSeconds;
  return [
    `CREATE OR REPLACE DICTIONARY ${fullName(database, lookup.name)}${onCluster(cluster)}`,
    '(',
    [...columns, ...['ValidFrom', 'ValidTo'].map((name) => `    ${name} DateTime64(3)`)].join(
      ',\n',
    ),
    ')',
    `PRIMARY KEY ${lookup.key.map(({ name }) => nameOf(name)).join(', ')}`,
    `SOURCE(CLICKHOUSE(${who}${from}))`,
    `LIFETIME(MIN ${min} MAX ${max})`,
    // Of two that hold a key at once the one that came last is right.
    "LAYOUT(COMPLEX_KEY_RANGE_HASHED(range_lookup_strategy 'max'))",
    'RANGE(MIN ValidFrom MAX ValidTo)',
    `COMMENT ${quoteText(`${lookup.comment}; ${lookupMark(lookup, options)}`)}`,
  ].join('\n');
}

function selectOf(lookup: LookupDef, { database }: LookupOptions): string {
  return lookup.sources.map((source) => selectFrom(lookup, source, database)).join('\nUNION ALL\n');
}

function selectFrom(lookup: LookupDef, source: LookupSource, database: string): string {
  if (source.foreign !== undefined) {
    const columns = columnsOf(lookup).map((name) => `${source.values[name]} AS ${nameOf(name)}`);
    const always = [`toDateTime64(0, 3) AS ValidFrom`, `${openEnd} AS ValidTo`];
    const from = fullName(source.foreign.database, source.foreign.name);
    return `SELECT ${[...columns, ...always].join(', ')}\nFROM ${from}`;
  }
  const { table, each, values, outlives = false, inEveryCluster = false } = source;
  const columns = columnsOf(lookup).map((name) => {
    const value = values[name];
    return value === undefined ? nameOf(name) : `${value} AS ${nameOf(name)}`;
  });
  // A range has both its ends, a version not its last instant.
  const end = outlives ? `if(IsGone = 1, ${openEnd}, entity.ValidTo)` : 'entity.ValidTo';
  const range = ['ValidFrom', `${end} - toIntervalMillisecond(1) AS ValidTo`];
  return [
    `SELECT ${[...columns, ...range].join(', ')}`,
    `FROM ${fullName(database, table.name)} AS entity FINAL`,
    ...(inEveryCluster ? [`CROSS JOIN (${everyCluster(database)}) AS clusters`] : []),
    ...(each === undefined ? [] : [`ARRAY JOIN ${each}`]),
    'WHERE entity.ValidTo > entity.ValidFrom',
  ].join('\n');
}

function everyCluster(database: string): string {
  const from = fullName(database, entityPositions.name);
  return `SELECT Cluster AS InCluster FROM ${from} UNION DISTINCT SELECT '' AS InCluster`;
}

function columnsOf({ key, attributes }: LookupDef): readonly string[] {
  return [...key, ...attributes].map(({ name }) => name);
}
