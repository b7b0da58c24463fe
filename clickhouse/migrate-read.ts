/** Reads what a server has: its version, its kind, and every table of ours as it stands. */
import type { Sql } from './client.ts';
import type { Flavour } from './ddl.ts';
import type { Since } from './schema/profiles.ts';
import { quoteText } from './sql.ts';

export type LiveColumn = {
  readonly name: string;
  readonly type: string;
  /** '', DEFAULT, MATERIALIZED, ALIAS or EPHEMERAL. */
  readonly kind: string;
  readonly expression: string;
  /** As the schema writes it, without `CODEC(…)`; empty when the server's default applies. */
  readonly codec: string;
  readonly comment: string;
};

type LiveIndex = {
  readonly name: string;
  readonly expression: string;
  readonly type: string;
  readonly granularity: number;
};

export type LiveTable = {
  readonly name: string;
  /** Ours say what they hold; the Collector's exporter leaves it empty. */
  readonly comment: string;
  /** Without `Replicated` or `Shared` in front. */
  readonly engine: string;
  readonly partitionBy: string;
  readonly orderBy: string;
  readonly primaryKey: string;
  /** Empty when the table has none. */
  readonly ttl: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly columns: readonly LiveColumn[];
  readonly indexes: readonly LiveIndex[];
};

export type LiveServer = {
  readonly versionText: string;
  readonly version: Since;
  readonly flavour: Flavour;
  /** Engine of the database; undefined when there is no such database. */
  readonly databaseEngine: string | undefined;
  readonly tables: ReadonlyMap<string, LiveTable>;
  /** Materialized views that write into tables of ours. */
  readonly views: readonly LiveView[];
};

type LiveView = { readonly name: string; readonly target: string };

/** One look at the server: four short queries on its system tables. */
export async function readServer(
  sql: Sql,
  database: string,
  names: readonly string[],
): Promise<LiveServer> {
  const [facts] = await sql.rows<{ version: string; cloud: string; embedded: string }>(
    `SELECT version() AS version,
      (SELECT any(value) FROM system.settings WHERE name = 'cloud_mode') AS cloud,
      (SELECT toString(count()) FROM system.databases
        WHERE name = 'default' AND engine = 'Overlay') AS embedded`,
  );
  const [found] = await sql.rows<{ engine: string }>(
    `SELECT engine FROM system.databases WHERE name = ${quoteText(database)}`,
  );
  const versionText = facts?.version ?? '';
  const [major, minor] = versionText.split('.').map(Number);
  const tables = found === undefined ? new Map() : await readTables(sql, database, names);
  const replicated = found?.engine === 'Replicated' || hasReplicated(tables);
  const cloud = facts?.cloud === '1' || facts?.cloud === 'true';
  // Only the engine in a process (chDB, clickhouse-local) lays `default` over other databases.
  const embedded = facts?.embedded === '1';
  return {
    versionText,
    version: [major ?? 0, minor ?? 0],
    flavour: cloud ? 'cloud' : replicated ? 'replicated' : embedded ? 'embedded' : 'server',
    databaseEngine: found?.engine,
    tables,
    views: found === undefined ? [] : await readViews(sql, database, names),
  };
}

async function readViews(
  sql: Sql,
  database: string,
  names: readonly string[],
): Promise<LiveView[]> {
  return sql.rows<LiveView>(
    `SELECT name, extract(create_table_query, ' TO [^ ]*?\\.?\`?([A-Za-z0-9_]+)\`? ') AS target
      FROM system.tables WHERE database = ${quoteText(database)} AND engine = 'MaterializedView'
      AND target IN (${names.map(quoteText).join(', ')})`,
  );
}

type TableRow = {
  name: string;
  engine: string;
  engine_full: string;
  comment: string;
  partition_key: string;
  sorting_key: string;
  primary_key: string;
};

type Read = LiveTable & { readonly replicated: boolean };

function hasReplicated(tables: ReadonlyMap<string, Read>): boolean {
  return [...tables.values()].some((table) => table.replicated);
}

async function readTables(
  sql: Sql,
  database: string,
  names: readonly string[],
): Promise<Map<string, Read>> {
  const list = names.map(quoteText).join(', ');
  const where = `database = ${quoteText(database)} AND table IN (${list})`;
  const rows = await sql.rows<TableRow>(
    `SELECT name, engine, engine_full, comment, partition_key, sorting_key, primary_key
      FROM system.tables WHERE database = ${quoteText(database)} AND name IN (${list})`,
  );
  const columns = await sql.rows<LiveColumn & { table: string }>(
    `SELECT table, name, type, default_kind AS kind, default_expression AS expression,
      replaceRegexpOne(compression_codec, '^CODEC\\\\((.*)\\\\)$', '\\\\1') AS codec, comment
      FROM system.columns WHERE ${where} ORDER BY table, position`,
  );
  const indexes = await sql.rows<LiveIndex & { table: string }>(
    `SELECT table, name, expr AS expression, type_full AS type, toUInt32(granularity) AS granularity
      FROM system.data_skipping_indices WHERE ${where}`,
  );
  const tables = new Map<string, Read>();
  for (const row of rows) {
    const clauses = clausesOf(row.engine_full);
    tables.set(row.name, {
      name: row.name,
      comment: row.comment,
      engine: row.engine.replace(/^(Replicated|Shared)/, ''),
      replicated: row.engine.startsWith('Replicated'),
      partitionBy: row.partition_key,
      orderBy: row.sorting_key,
      primaryKey: row.primary_key,
      ttl: clauses.get('TTL') ?? '',
      settings: settingsOf(clauses.get('SETTINGS') ?? ''),
      columns: columns.filter((column) => column.table === row.name),
      indexes: indexes.filter((index) => index.table === row.name),
    });
  }
  return tables;
}

const clauseWords = ['PARTITION BY', 'PRIMARY KEY', 'ORDER BY', 'SAMPLE BY', 'TTL', 'SETTINGS'];

/** Cuts `engine_full` at its clauses, where they stand outside quotes and parentheses. */
export function clausesOf(text: string): Map<string, string> {
  const clauses = new Map<string, string>();
  let word = 'ENGINE';
  let start = 0;
  for (const index of topLevel(text)) {
    const next = clauseWords.find(
      (candidate) => text[index] === ' ' && text.startsWith(`${candidate} `, index + 1),
    );
    // ORDER BY inside a later clause (a TTL with GROUP BY) keeps the first meaning.
    if (next === undefined || clauses.has(next) || word === next) continue;
    clauses.set(word, text.slice(start, index).trim());
    word = next;
    start = index + 1 + next.length;
  }
  clauses.set(word, text.slice(start).trim());
  return clauses;
}

function settingsOf(text: string): Record<string, string> {
  const settings: Record<string, string> = {};
  let start = 0;
  const cuts = [...topLevel(text)].filter((index) => text[index] === ',');
  for (const end of [...cuts, text.length]) {
    const [name, value] = text.slice(start, end).split(/\s*=\s*(.*)/s);
    if (name !== undefined && value !== undefined) settings[name.trim()] = value.trim();
    start = end + 1;
  }
  return settings;
}

/** Positions of `text` outside of quotes and parentheses. */
function* topLevel(text: string): Generator<number> {
  let depth = 0;
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] as string;
    if (quote !== '') {
      if (character === '\\') index += 1;
      else if (character === quote) quote = '';
    } else if (character === "'" || character === '`' || character === '"') quote = character;
    else if (character === '(' || character === '[') depth += 1;
    else if (character === ')' || character === ']') depth -= 1;
    else if (depth === 0) yield index;
  }
}
