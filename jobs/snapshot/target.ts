/**
 * The tables of a snapshot in ClickHouse. A new table is filled beside the old one under a name of
 * its run, and takes its place in one step (`EXCHANGE TABLES`) once it was verified. Every table
 * that a snapshot made says so in its comment; nothing else is ever touched.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { createDatabase } from '../../clickhouse/ddl.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import { Problem } from '../../core/problem.ts';
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
  readonly #server: ClickHouse;
  readonly #snapshot: string;
  readonly #run: string;

  /** @param run part of names: letters, digits and underscores, later runs sort behind */
  constructor(server: ClickHouse, database: string, snapshot: string, run: string) {
    this.#server = server;
    this.database = database;
    this.#snapshot = snapshot;
    this.#run = run;
  }

  /**
   * Makes the database when it is absent and removes what runs that died left behind.
   *
   * @throws Problem OBS-6044 when a table of that name is somebody else's, OBS-6049 without Atomic
   */
  async prepare(plans: readonly Named[]): Promise<void> {
    await this.#server.run(createDatabase(this.database));
    const [found] = await this.#server.rows<{ engine: string }>(
      `SELECT engine FROM system.databases WHERE name = ${quoteText(this.database)}`,
    );
    if (!/^(Atomic|Replicated|Shared)$/.test(found?.engine ?? '')) {
      throw new Problem('OBS-6049', `${this.database} has the engine ${found?.engine}`, {
        where: this.#server.address,
      });
    }
    const tables = await this.tables();
    for (const { name } of plans) {
      const table = tables.find((one) => one.name === name);
      if (table !== undefined && !table.comment.startsWith(`${this.#mark}: `)) {
        const message = `${this.database}.${name} was not made by the snapshot ${this.#snapshot}`;
        throw new Problem('OBS-6044', message, { where: this.#server.address });
      }
    }
    for (const table of tables) {
      if (this.#isOurs(table, loadingInfix)) await this.#drop(table.name);
    }
    await this.sweep();
  }

  /** Drops rows that no view of ours shows. */
  async sweep(): Promise<void> {
    const ours = (await this.tables()).filter(({ comment }) =>
      comment.startsWith(`${this.#mark}: `),
    );
    const shown = new Set(ours.map(({ comment }) => rowsIn(comment)?.rows));
    for (const { name, comment } of ours) {
      const isRows = comment.startsWith(`${this.#mark}: rows of `) && name.includes(rowsInfix);
      if (isRows && !shown.has(name)) await this.#drop(name);
    }
  }

  async tables(): Promise<readonly StoredTable[]> {
    return await this.#server.rows<StoredTable>(
      `SELECT name, comment FROM system.tables WHERE database = ${quoteText(this.database)}` +
        ' ORDER BY name',
    );
  }

  async columns(table: string): Promise<readonly StoredColumn[]> {
    return await this.#server.rows<StoredColumn>(
      'SELECT name, type FROM system.columns WHERE ' +
        `database = ${quoteText(this.database)} AND table = ${quoteText(table)} ORDER BY position`,
    );
  }

  /** The key columns of a table, as ClickHouse writes them. */
  async key(table: string): Promise<string> {
    const [found] = await this.#server.rows<{ sorting_key: string }>(
      'SELECT sorting_key FROM system.tables WHERE ' +
        `database = ${quoteText(this.database)} AND name = ${quoteText(table)}`,
    );
    return found?.sorting_key ?? '';
  }

  /** Makes the new table of `plan`, empty, and gives its name with its database. */
  async create(plan: TablePlan, what: string, layout?: Layout): Promise<string> {
    const table = layout === undefined ? this.#loading(plan) : this.place(layout.name);
    const columns = plan.columns.map(({ name, type, source, isNullFlag }) => {
      const comment = isNullFlag === true ? `${source.name} IS NULL` : source.sourceType;
      return `  ${nameOf(name)} ${type} COMMENT ${quoteText(comment)}`;
    });
    const all = [...columns, ...(layout?.extra ?? []).map((one) => `  ${one}`)];
    await this.#server.run(
      `CREATE TABLE ${table}\n(\n${all.join(',\n')}\n)\n` +
        `ENGINE = ${layout?.engine ?? 'MergeTree'}\n` +
        `ORDER BY ${orderSql(layout?.orderBy ?? keyColumns(plan))}\n` +
        `SETTINGS non_replicated_deduplication_window = ${tokensMax}\n` +
        `COMMENT ${quoteText(`${this.#mark}: ${what}`)}`,
    );
    return table;
  }

  /** Makes the view that will show `rows` once it is swapped in; `made` is found again later. */
  async createView(plan: Named, rows: string, made: string, query: string): Promise<void> {
    const shows = `rows in ${JSON.stringify(rows)}, made as ${made}`;
    const what = `${this.#mark}: run ${this.#run}, ${shows}`;
    await this.#server.run(
      `CREATE VIEW ${this.#loading(plan)} AS ${query} COMMENT ${quoteText(what)}`,
    );
  }

  /** The rows that the view of that name shows, and by what they were made. */
  async shown(name: string): Promise<{ readonly rows: string; readonly made: string } | undefined> {
    const tables = await this.tables();
    const found = rowsIn(tables.find((table) => table.name === name)?.comment ?? '');
    return tables.some((table) => table.name === found?.rows) ? found : undefined;
  }

  /** Adds all rows of `from` to `rows`, in one step that readers see whole; both lie alike. */
  async attach(rows: string, from: string): Promise<void> {
    await this.#server.run(`ALTER TABLE ${rows} ATTACH PARTITION tuple() FROM ${from}`);
  }

  /** Puts the new table in the place of the old one; readers see the one or the other, whole. */
  async swap(plan: Named, infix = oldInfix): Promise<void> {
    const place = this.place(plan.name);
    const exists = (await this.tables()).some(({ name }) => name === plan.name);
    if (!exists) return await this.#server.run(`RENAME TABLE ${this.#loading(plan)} TO ${place}`);
    await this.#server.run(`EXCHANGE TABLES ${this.#loading(plan)} AND ${place}`);
    const old = this.place(`${plan.name}${infix}${this.#run}`);
    await this.#server.run(`RENAME TABLE ${this.#loading(plan)} TO ${old}`);
  }

  /** Drops all but the newest `keep` of the tables that were replaced. */
  async forget(plan: Named, keep: number): Promise<void> {
    const prefix = `${plan.name}${oldInfix}`;
    const old = (await this.tables()).filter(
      (table) => this.#isOurs(table, oldInfix) && table.name.startsWith(prefix),
    );
    // The run is part of the name, so that the order of names is the order of runs.
    for (const { name } of old.slice(0, Math.max(0, old.length - keep))) await this.#drop(name);
  }

  /** Drops the new table of a run that failed; harmless when there is none. */
  async discard(plan: Named): Promise<void> {
    await this.#server.run(`DROP TABLE IF EXISTS ${this.#loading(plan)} SYNC`);
  }

  /** Drops all that this run has not put in its place. */
  async discardAll(): Promise<void> {
    for (const table of await this.tables()) {
      const isLoading = table.name.endsWith(`${loadingInfix}${this.#run}`);
      if (isLoading && this.#isOurs(table, loadingInfix)) await this.#drop(table.name);
    }
    await this.sweep();
  }

  /** The new table's name while it is filled. */
  loadingName({ name }: Named): string {
    return `${name}${loadingInfix}${this.#run}`;
  }

  /** The name of rows that a view shows. */
  rowsName({ name }: Named): string {
    return `${name}${rowsInfix}${this.#run}`;
  }

  /** A table with its database, as SQL writes it. */
  place(table: string): string {
    return `${nameOf(this.database)}.${nameOf(table)}`;
  }

  get #mark(): string {
    return `${mark} ${this.#snapshot}`;
  }

  #isOurs({ name, comment }: StoredTable, infix: string): boolean {
    return name.includes(infix) && comment.startsWith(`${this.#mark}: `);
  }

  #loading(plan: Named): string {
    return this.place(this.loadingName(plan));
  }

  async #drop(name: string): Promise<void> {
    await this.#server.run(`DROP TABLE IF EXISTS ${this.place(name)} SYNC`);
  }
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
