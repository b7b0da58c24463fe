/**
 * The tables of a snapshot in ClickHouse. A new table is filled beside the old one under a name of
 * its run, and takes its place in one step (`EXCHANGE TABLES`) once it was verified. Every table
 * that a snapshot made says so in its comment; nothing else is ever touched.
 */
import { clusterClause, ofAllNodes, onCluster, wholeEngine } from '../../clickhouse/cluster.ts';
import { createDatabase, windowSettings } from '../../clickhouse/ddl.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import { Problem } from '../../core/problem.ts';
import {
  answeringNodes,
  joinNodes,
  type Nodes,
  nodeTables,
  runOnNodes,
  syncNodes,
} from './nodes.ts';
import type { TablePlan } from './plan.ts';

/** Begins the comment of every table that a snapshot made. */
const mark = 'obsctl snapshot';
const loadingInfix = '__loading_';
const oldInfix = '__old_';
const rowsInfix = '__rows_';
/** Blocks that the new table remembers by their tokens; more than one table is ever sent. */
const tokensMax = 100_000;

export type StoredTable = {
  readonly name: string;
  readonly comment: string;
};

/** What a view shows, and by what it was made. */
export type Shown = {
  readonly rows: string;
  readonly made: string;
  /** Whether every node that answers has the same view and the rows. */
  readonly isEverywhere: boolean;
};

export type StoredColumn = { readonly name: string; readonly type: string };

/** A table of a plan that is not a plain copy of it. */
export type Layout = {
  readonly name: string;
  readonly engine: string;
  readonly orderBy: readonly string[];
  /** Columns beside those of the plan, as DDL writes them. */
  readonly extra: readonly string[];
};

type Named = Pick<TablePlan, 'name'>;

/** Names the rows that a view shows, and what they were made by, at the end of its comment. */
const shownRows = /, rows in ("(?:[^"\\]|\\.)*"), made as ([0-9a-f]+)$/;

export class Target {
  readonly database: string;
  readonly #server: Nodes;
  readonly #snapshot: string;
  readonly #runName: string;

  /** @param run part of names: letters, digits and underscores, later runs sort behind */
  constructor(server: Nodes, database: string, snapshot: string, run: string) {
    this.#server = server;
    this.database = database;
    this.#snapshot = snapshot;
    this.#runName = run;
  }

  /**
   * Makes the database when it is absent and removes what runs that died left behind.
   *
   * @throws Problem OBS-6044 when a table of that name is somebody else's, OBS-6049 without Atomic
   */
  async prepare(plans: readonly Named[]): Promise<void> {
    const { cluster } = this.#server;
    await runOnNodes(this.#server, createDatabase(this.database, cluster));
    const [found] = await this.#server.rows<{ engine: string }>(
      `SELECT engine FROM system.databases WHERE name = ${quoteText(this.database)}`,
    );
    // A Replicated one spreads statements itself, and takes none that say where to.
    const fit = cluster === undefined ? /^(Atomic|Replicated|Shared)$/ : /^Atomic$/;
    if (!fit.test(found?.engine ?? '')) {
      throw new Problem('OBS-6049', `${this.database} has the engine ${found?.engine}`, {
        where: this.#server.address,
      });
    }
    const tables = await this.tables();
    for (const { name } of plans) {
      const named = tables.filter((one) => one.name === name);
      if (named.some(({ comment }) => !comment.startsWith(`${this.#mark}: `))) {
        const message = `${this.database}.${name} was not made by the snapshot ${this.#snapshot}`;
        throw new Problem('OBS-6044', message, { where: this.#server.address });
      }
    }
    const left = tables.filter((table) => this.#isOurs(table, loadingInfix));
    for (const name of namesOf(left)) await this.#drop(name);
    await this.sweep();
    await joinNodes(this.#server, this.database, ({ name, comment }) =>
      name.includes(rowsInfix) ? this.#isRows({ name, comment }) : this.#isView(comment),
    );
  }

  /** Drops rows that no view of ours shows. */
  async sweep(): Promise<void> {
    const ours = (await this.tables()).filter(({ comment }) =>
      comment.startsWith(`${this.#mark}: `),
    );
    const shown = new Set(ours.map(({ comment }) => rowsIn(comment)?.rows));
    const rows = namesOf(ours.filter((table) => this.#isRows(table)));
    for (const name of rows) if (!shown.has(name)) await this.#drop(name);
  }

  /** Of all nodes; one of which they differ in the comment is there once for each. */
  async tables(): Promise<readonly StoredTable[]> {
    const { from, settings } = ofAllNodes('system.tables', this.#server.cluster);
    const found = await this.#server.rows<StoredTable>(
      `SELECT name, comment FROM ${from} WHERE database = ${quoteText(this.database)}` +
        ` ORDER BY name${settings}`,
    );
    const texts = new Map(found.map((one) => [JSON.stringify([one.name, one.comment]), one]));
    return [...texts.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async columns(table: string): Promise<readonly StoredColumn[]> {
    const { from, settings } = ofAllNodes('system.columns', this.#server.cluster);
    const found = await this.#server.rows<StoredColumn>(
      `SELECT name, type FROM ${from} WHERE database = ${quoteText(this.database)} ` +
        `AND table = ${quoteText(table)} ORDER BY position${settings}`,
    );
    return [...new Map(found.map((one) => [one.name, one])).values()];
  }

  /** The key columns of a table, as ClickHouse writes them. */
  async key(table: string): Promise<string> {
    const { from, settings } = ofAllNodes('system.tables', this.#server.cluster);
    const [found] = await this.#server.rows<{ sorting_key: string }>(
      `SELECT sorting_key FROM ${from} WHERE ` +
        `database = ${quoteText(this.database)} AND name = ${quoteText(table)}${settings}`,
    );
    return found?.sorting_key ?? '';
  }

  get isOnNodes(): boolean {
    return this.#server.cluster !== undefined;
  }

  /** Makes the new table of `plan`, empty, and gives its name with its database. */
  async create(plan: TablePlan, what: string, layout?: Layout): Promise<string> {
    const name = layout?.name ?? this.loadingName(plan);
    const table = this.place(name);
    const { cluster } = this.#server;
    const engine = layout?.engine ?? 'MergeTree';
    const columns = plan.columns.map(({ name, type, source, isNullFlag }) => {
      const comment = isNullFlag === true ? `${source.name} IS NULL` : source.sourceType;
      return `  ${nameOf(name)} ${type} COMMENT ${quoteText(comment)}`;
    });
    const all = [...columns, ...(layout?.extra ?? []).map((one) => `  ${one}`)];
    // The run is part of the name and so of the UUID, which goes with the table when it is swapped.
    const on = clusterClause(this.database, name, cluster);
    await this.#run(
      `CREATE TABLE ${table}${on}\n(\n${all.join(',\n')}\n)\n` +
        `ENGINE = ${cluster === undefined ? engine : wholeEngine(engine)}\n` +
        `ORDER BY ${orderSql(layout?.orderBy ?? keyColumns(plan))}\n` +
        `SETTINGS ${settingsSql(windowSettings(tokensMax, cluster !== undefined))}\n` +
        `COMMENT ${quoteText(`${this.#mark}: ${what}`)}`,
    );
    return table;
  }

  /** Makes the view that will show `rows` once it is swapped in; `made` is found again later. */
  async createView(plan: Named, rows: string, made: string, query: string): Promise<void> {
    const shows = `rows in ${JSON.stringify(rows)}, made as ${made}`;
    const what = `${this.#mark}: run ${this.#runName}, ${shows}`;
    await this.#run(
      `CREATE VIEW ${this.#loading(plan)}${this.#on} AS ${query} COMMENT ${quoteText(what)}`,
    );
  }

  /** The rows that the view of that name shows, and by what they were made; the newest of nodes. */
  async shown(name: string): Promise<Shown | undefined> {
    const tables = await this.tables();
    const views = tables.filter((table) => table.name === name);
    const found = views
      .flatMap(({ comment }) => rowsIn(comment) ?? [])
      .toSorted((a, b) => (a.rows < b.rows ? -1 : 1))
      .at(-1);
    if (found === undefined || !tables.some((table) => table.name === found.rows)) return undefined;
    return { ...found, isEverywhere: views.length === 1 && (await this.#areOnAll(name, found)) };
  }

  /** Whether no node lacks the view or the rows, or has rows that are its own. */
  async #areOnAll(view: string, { rows }: { readonly rows: string }): Promise<boolean> {
    const found = await nodeTables(this.#server, this.database);
    return (await answeringNodes(this.#server)).every((node) => {
      const here = found.filter((one) => one.node === node);
      const lie = here.find(({ name }) => name === rows);
      return here.some(({ name }) => name === view) && lie?.engine.startsWith('Replicated');
    });
  }

  /** @throws Problem OBS-6053 when rows that must not be lost lie on one node of a cluster */
  async mustBeShared(name: string): Promise<void> {
    const found = await nodeTables(this.#server, this.database);
    const own = found.find((one) => one.name === name && !one.engine.startsWith('Replicated'));
    if (own === undefined) return;
    throw new Problem('OBS-6053', `${this.place(name)} of ${own.node} is ${own.engine}`, {
      where: this.#server.address,
    });
  }

  /** Ends when every node has what was written to `table`. */
  async sync(table: string): Promise<void> {
    await syncNodes(this.#server, table);
  }

  /** @throws Problem OBS-6045 when a node has not all rows of a table, given by its full name */
  async mustHave(table: string, rows: number): Promise<void> {
    const found = await nodeTables(this.#server, this.database);
    const here = found.filter(({ name }) => this.place(name) === table);
    const short = here.find((one) => Number(one.rows) !== rows);
    if (short === undefined) return;
    const message = `${short.node} has ${short.rows} of ${rows} rows of ${table}`;
    throw new Problem('OBS-6045', message, { where: this.#server.address });
  }

  /**
   * Adds all rows of `from` to `rows`, in one step that readers see whole; both lie alike. On a
   * cluster one node does it and the log of the table tells the others: sent to all, each shard
   * would add them.
   */
  async attach(rows: string, from: string): Promise<void> {
    await this.#server.run(`ALTER TABLE ${rows} ATTACH PARTITION tuple() FROM ${from}`);
    await this.sync(rows);
  }

  /** Puts the new table in the place of the old one; readers see the one or the other, whole. */
  async swap(plan: Named, infix = oldInfix): Promise<void> {
    const place = this.place(plan.name);
    const exists = (await this.tables()).some(({ name }) => name === plan.name);
    if (!exists) {
      return await this.#run(`RENAME TABLE ${this.#loading(plan)} TO ${place}${this.#on}`);
    }
    await this.#fill(plan.name);
    await this.#run(`EXCHANGE TABLES ${this.#loading(plan)} AND ${place}${this.#on}`);
    const old = this.place(`${plan.name}${infix}${this.#runName}`);
    await this.#run(`RENAME TABLE ${this.#loading(plan)} TO ${old}${this.#on}`);
  }

  /** A node that lacks what others exchange gets a view that refuses to be read, for a moment. */
  async #fill(name: string): Promise<void> {
    const found = await nodeTables(this.#server, this.database);
    const having = new Set(found.flatMap((one) => (one.name === name ? [one.node] : [])));
    if ((await answeringNodes(this.#server)).every((node) => having.has(node))) return;
    await this.#run(
      `CREATE VIEW IF NOT EXISTS ${this.place(name)}${this.#on} AS SELECT 1 AS nothing ` +
        "WHERE throwIf(materialize(true), 'a snapshot is about to fill it') " +
        `COMMENT ${quoteText(`${this.#mark}: place of ${name}`)}`,
    );
  }

  /** Drops all but the newest `keep` of the tables that were replaced. */
  async forget(plan: Named, keep: number): Promise<void> {
    const prefix = `${plan.name}${oldInfix}`;
    const old = (await this.tables()).filter(
      (table) => this.#isOurs(table, oldInfix) && table.name.startsWith(prefix),
    );
    // The run is part of the name, so that the order of names is the order of runs.
    const names = namesOf(old);
    for (const name of names.slice(0, Math.max(0, names.length - keep))) await this.#drop(name);
  }

  /** Drops the new table of a run that failed; harmless when there is none. */
  async discard(plan: Named): Promise<void> {
    await this.#drop(this.loadingName(plan));
  }

  /** Drops all that this run has not put in its place. */
  async discardAll(): Promise<void> {
    const left = (await this.tables()).filter(
      (table) =>
        table.name.endsWith(`${loadingInfix}${this.#runName}`) && this.#isOurs(table, loadingInfix),
    );
    for (const name of namesOf(left)) await this.#drop(name);
    await this.sweep();
  }

  /** The new table's name while it is filled. */
  loadingName({ name }: Named): string {
    return `${name}${loadingInfix}${this.#runName}`;
  }

  /** The name of rows that a view shows. */
  rowsName({ name }: Named): string {
    return `${name}${rowsInfix}${this.#runName}`;
  }

  /** A table with its database, as SQL writes it. */
  place(table: string): string {
    return `${nameOf(this.database)}.${nameOf(table)}`;
  }

  get #mark(): string {
    return `${mark} ${this.#snapshot}`;
  }

  get #on(): string {
    return onCluster(this.#server.cluster);
  }

  async #run(statement: string): Promise<void> {
    await runOnNodes(this.#server, statement);
  }

  #isRows({ name, comment }: StoredTable): boolean {
    return comment.startsWith(`${this.#mark}: rows of `) && name.includes(rowsInfix);
  }

  #isView(comment: string): boolean {
    return comment.startsWith(`${this.#mark}: `) && rowsIn(comment) !== undefined;
  }

  #isOurs({ name, comment }: StoredTable, infix: string): boolean {
    return name.includes(infix) && comment.startsWith(`${this.#mark}: `);
  }

  #loading(plan: Named): string {
    return this.place(this.loadingName(plan));
  }

  async #drop(name: string): Promise<void> {
    await this.#run(`DROP TABLE IF EXISTS ${this.place(name)}${this.#on} SYNC`);
  }
}

function settingsSql(settings: Readonly<Record<string, number>>): string {
  const parts = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return parts.join(', ');
}

function namesOf(tables: readonly StoredTable[]): readonly string[] {
  return [...new Set(tables.map(({ name }) => name))];
}

function rowsIn(comment: string): { readonly rows: string; readonly made: string } | undefined {
  const [, rows, made] = shownRows.exec(comment) ?? [];
  return rows === undefined || made === undefined ? undefined : { rows: JSON.parse(rows), made };
}

/** Rows lie by the primary key of the source, when all of it is copied as it is. */
function orderSql(columns: readonly string[]): string {
  return columns.length === 0 ? 'tuple()' : `(${columns.map(nameOf).join(', ')})`;
}

/** Names in ClickHouse of the primary key's columns; none unless every one can be a key there. */
export function keyColumns(plan: TablePlan): readonly string[] {
  const columns = plan.source.primaryKey.map((key) =>
    plan.columns.find(({ source }) => source.name === key),
  );
  const usable = columns.filter(
    (column) => column !== undefined && !/Nullable|Map|Tuple|Array|Point/.test(column.type),
  );
  return usable.length < columns.length ? [] : usable.flatMap((column) => column?.name ?? []);
}
