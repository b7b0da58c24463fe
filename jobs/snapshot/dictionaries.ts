/**
 * Dictionaries over the tables of a snapshot. Each is tried over the new table before that takes
 * its place, so that what can go wrong does so while everything old still stands; then it is made
 * over the table's own name, loaded, and exchanged with the one before in one step.
 *
 *     keys unique ─▶ tried over NAME__loading ─▶ (tables swap) ─▶ made, loaded ─▶ exchanged
 *
 * A new one is loaded by being read, so that no right to reload dictionaries of others is needed.
 */
import { ofAllNodes, onCluster } from '../../clickhouse/cluster.ts';
import { nodeName } from '../../clickhouse/migrate-nodes.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { type DictionaryPlan, unfit } from './dictionary-plan.ts';
import { answeringNodes, type Nodes, nodeTables, runOnNodes } from './nodes.ts';
import { fullName } from './plan.ts';
import type { Target } from './target.ts';

export type DictionaryReport = {
  readonly name: string;
  readonly database: string;
  /** Schema and table in the source. */
  readonly source: string;
  readonly layout: string;
  readonly keys: number;
  /** Attributes that may be NULL; `dictGet` gives NULL for a key that is not there, too. */
  readonly nullable: readonly string[];
};

const mark = 'obsctl dictionary';
const loadingInfix = '__loading_';
/** ClickHouse's own limit of `flat`. */
const flatKeysMax = 500_000;
const secondMs = 1_000;

type Found = { readonly name: string; readonly comment: string; readonly engine: string };

export class Dictionaries {
  readonly #server: Nodes;
  readonly #target: Target;
  readonly #snapshot: string;
  readonly #runName: string;
  readonly #all: readonly DictionaryPlan[];

  constructor(
    server: Nodes,
    target: Target,
    { snapshot, run }: { readonly snapshot: string; readonly run: string },
    all: readonly DictionaryPlan[],
  ) {
    this.#server = server;
    this.#target = target;
    this.#snapshot = snapshot;
    this.#runName = run;
    this.#all = all;
  }

  /**
   * Removes what runs that died left behind: while one reads a table, that cannot be dropped.
   *
   * @throws Problem OBS-6044 when something of its name was not made by this snapshot
   */
  async prepare(): Promise<void> {
    const found = await this.#found();
    for (const { name } of this.#all) {
      const others = found.filter((one) => one.name === name);
      if (!others.every((one) => this.#isOurs(one))) {
        const message = `${this.#target.database}.${name} is no dictionary of ${this.#snapshot}`;
        throw new Problem('OBS-6044', message, { where: this.#server.address });
      }
    }
    const left = found.filter((one) => one.name.includes(loadingInfix) && this.#isOurs(one));
    for (const name of new Set(left.map((one) => one.name))) await this.#drop(name);
  }

  /**
   * Makes each over its new table, which is filled and not yet in its place, and drops it again.
   *
   * @throws Problem OBS-6057 or OBS-6058
   */
  async rehearse(): Promise<void> {
    for (const one of this.#all) {
      const table = this.#target.loadingName(one.plan);
      await this.#mustHaveKeys(one, table);
      await this.#load(one, table);
      await this.#drop(this.#loading(one));
    }
  }

  /** Puts the new ones in the place of the old; readers find the one or the other, loaded. */
  async replace(): Promise<readonly DictionaryReport[]> {
    const found = await this.#found();
    const reports: DictionaryReport[] = [];
    for (const one of this.#all) {
      const keys = await this.#load(one, one.plan.name);
      const loading = this.#named(this.#loading(one));
      const place = this.#named(one.name);
      if (found.some(({ name }) => name === one.name)) {
        await this.#fill(one);
        await this.#run(`EXCHANGE DICTIONARIES ${loading} AND ${place}${this.#on}`);
        await this.#drop(this.#loading(one));
      } else {
        await this.#run(`RENAME DICTIONARY ${loading} TO ${place}${this.#on}`);
      }
      reports.push({
        name: one.name,
        database: this.#target.database,
        source: fullName(one.plan.source),
        layout: one.layout,
        keys,
        nullable: one.attributes.filter(({ type }) => isNullable(type)).map(({ name }) => name),
      });
    }
    return reports;
  }

  /** Drops the new ones of a run that failed; harmless when there are none. */
  async discard(): Promise<void> {
    for (const one of this.#all) await this.#drop(this.#loading(one)).catch(() => {});
  }

  /** Of rows with the same key a dictionary would keep one, and say nothing. */
  async #mustHaveKeys(one: DictionaryPlan, table: string): Promise<void> {
    const { database } = this.#target;
    const where = `dictionary ${database}.${one.name}`;
    const names = one.key.map(({ name }) => nameOf(name));
    const key = `tuple(${names.join(', ')})`;
    const from = `FROM ${this.#named(table)}`;
    const isNull = `(${names.map((name) => `isNull(${name})`).join(' OR ')})`;
    const [first = ''] = names;
    const ends =
      one.layout === 'complex_key_hashed'
        ? ''
        : `, toString(min(${first})) AS least, toString(max(${first})) AS greatest`;
    const [row] = await this.#server.rows<Record<string, string>>(
      `SELECT count() AS count, uniqExact(${key}) AS keys, countIf(${isNull}) AS nulls${ends} ` +
        from,
    );
    const columns = one.key.map(({ name }) => name).join(', ');
    const source = fullName(one.plan.source);
    if (Number(row?.['nulls']) > 0) {
      throw unfit(`${row?.['nulls']} rows of ${source} have NULL in its key (${columns})`, where);
    }
    if (row?.['keys'] !== row?.['count']) {
      const [twice] = await this.#server.rows<{ key: string; n: string }>(
        `SELECT toString(${key}) AS key, count() AS n ${from} GROUP BY ${key} ` +
          `HAVING n > 1 ORDER BY ${key} LIMIT 1`,
      );
      throw unfit(
        `its key (${columns}) is not unique: ${twice?.n} rows of ${source} have ${twice?.key}`,
        where,
      );
    }
    if (ends === '' || Number(row?.['count']) === 0) return;
    const isBeyond = one.layout === 'flat' && Number(row?.['greatest']) >= flatKeysMax;
    if (!isBeyond && Number(row?.['least']) >= 0) return;
    const range = `${row?.['least']} to ${row?.['greatest']}`;
    throw unfit(`the layout ${one.layout} cannot hold its keys, which are ${range}`, where);
  }

  /** A node that lacks what others exchange gets the same one under both names. */
  async #fill(one: DictionaryPlan): Promise<void> {
    const found = await nodeTables(this.#server, this.#target.database);
    const having = new Set(found.flatMap(({ name, node }) => (name === one.name ? [node] : [])));
    if ((await answeringNodes(this.#server)).every((node) => having.has(node))) return;
    await this.#run(this.#createSql(one, one.plan.name, one.name));
  }

  /** Makes it under the name of the run over `table` and reads it, which loads it, on all nodes. */
  async #load(one: DictionaryPlan, table: string): Promise<number> {
    try {
      await this.#run(this.#createSql(one, table));
      return await this.#keysOf(this.#named(this.#loading(one)));
    } catch (error) {
      if (isProblem(error) && error.code === 'OBS-3002') throw error;
      const words = Error.isError(error) ? error.message : String(error);
      throw new Problem('OBS-6058', words, {
        where: `dictionary ${this.#target.database}.${one.name}`,
        cause: error,
      });
    }
  }

  async #keysOf(name: string): Promise<number> {
    const { cluster } = this.#server;
    if (cluster === undefined) {
      const [row] = await this.#server.rows<{ n: string }>(`SELECT count() AS n FROM ${name}`);
      return Number(row?.n);
    }
    const { from, settings } = ofAllNodes(name, cluster);
    const rows = await this.#server.rows<{ node: string; n: string }>(
      `SELECT ${nodeName}, toString(count()) AS n FROM ${from} GROUP BY node${settings}`,
    );
    const [first] = rows;
    const other = rows.find(({ n }) => n !== first?.n);
    if (other === undefined) return Number(first?.n);
    throw new Error(`${first?.node} loads ${first?.n} keys, ${other.node} ${other.n}`);
  }

  #createSql(one: DictionaryPlan, table: string, final?: string): string {
    const columns = [...one.key, ...one.attributes].map(
      ({ name, type }) => `  ${nameOf(name)} ${type}`,
    );
    const who = one.collection === undefined ? '' : `NAME ${nameOf(one.collection)} `;
    const { database } = this.#target;
    const maxS = Math.ceil(one.lifetimeMs / secondMs);
    return (
      `CREATE DICTIONARY ${final === undefined ? '' : 'IF NOT EXISTS '}` +
      `${this.#named(final ?? this.#loading(one))}${this.#on}\n(\n${columns.join(',\n')}\n)\n` +
      `PRIMARY KEY ${one.key.map(({ name }) => nameOf(name)).join(', ')}\n` +
      // No host: the server reads its own table. A password stands in the collection alone.
      `SOURCE(CLICKHOUSE(${who}DB ${quoteText(database)} TABLE ${quoteText(table)}))\n` +
      `LIFETIME(MIN ${Math.ceil(maxS / 2)} MAX ${maxS})\n` +
      `LAYOUT(${one.layout.toUpperCase()}())\n` +
      `COMMENT ${quoteText(`${this.#mark}${fullName(one.plan.source)}, run ${this.#runName}`)}`
    );
  }

  async #found(): Promise<readonly Found[]> {
    const { from, settings } = ofAllNodes('system.tables', this.#server.cluster);
    return await this.#server.rows<Found>(
      `SELECT name, comment, engine FROM ${from} WHERE ` +
        `database = ${quoteText(this.#target.database)}${settings}`,
    );
  }

  get #on(): string {
    return onCluster(this.#server.cluster);
  }

  async #run(statement: string): Promise<void> {
    await runOnNodes(this.#server, statement);
  }

  get #mark(): string {
    return `${mark} ${this.#snapshot}: `;
  }

  #isOurs({ comment, engine }: Found): boolean {
    return engine === 'Dictionary' && comment.startsWith(this.#mark);
  }

  #loading({ name }: DictionaryPlan): string {
    return `${name}${loadingInfix}${this.#runName}`;
  }

  #named(name: string): string {
    return `${nameOf(this.#target.database)}.${nameOf(name)}`;
  }

  async #drop(name: string): Promise<void> {
    await this.#run(`DROP DICTIONARY IF EXISTS ${this.#named(name)}${this.#on} SYNC`);
  }
}

function isNullable(type: string): boolean {
  return type.startsWith('Nullable(');
}
