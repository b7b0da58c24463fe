/**
 * The history of rows (slowly changing dimension, type 2): each version of a row with the time from
 * which and until which runs found it so. What is true now is compared with the versions that are
 * open, and readers see the difference before they see the table: a run that dies in between leaves
 * the next one nothing to find but what has really changed, so that no step is done twice.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { rowHashSql } from '../../clickhouse/native/values/checksum-sql.ts';
import { nameOf } from '../../clickhouse/sql.ts';
import { Problem } from '../../core/problem.ts';
import { listSql, namesOf, nextVersion } from './kept.ts';
import { historyMakingOf, historyName, versionName } from './modes.ts';
import { fullName, type TablePlan } from './plan.ts';
import { keyColumns, type Layout, type Target } from './target.ts';

/**
 * `valid_to` of a version that is still true: far off rather than NULL, so that `<` finds it, and
 * before 2262, where a `DateTime64(9)` ends: telemetry could not be compared with it beyond.
 */
const openEnd = "toDateTime64('2200-01-01 00:00:00', 6, 'UTC')";
const ours: readonly string[] = ['valid_from', 'valid_to'];
const hashName = '_obsctl_hash';
/** Rows may be many: the join goes on on disk. */
const joinSettings = "SETTINGS join_algorithm = 'grace_hash,hash'";
const untilInfix = '__until_';

export type History = {
  readonly opened: number;
  readonly closed: number;
  /** What a person should know. */
  readonly lines: readonly string[];
  /** Lets readers see it. */
  readonly commit: () => Promise<void>;
};

export type HistoryOptions = {
  readonly server: ClickHouse;
  readonly target: Target;
  readonly plan: TablePlan;
  /** What is true now: a query that gives the columns of the plan. */
  readonly current: string;
  /** When that was so. */
  readonly atMs: number;
  /** For the comments of its tables. */
  readonly what: string;
};

/**
 * @throws Problem OBS-6045 when the versions would not add up to what is true now, OBS-6053 when
 *   those so far lie on one node of a cluster
 */
export async function prepareHistory(options: HistoryOptions): Promise<History> {
  const { server, target, plan } = options;
  const shown = await target.shown(historyName(plan));
  const rows = shown && target.place(shown.rows);
  if (shown !== undefined) await target.mustBeShared(shown.rows);
  if (rows !== undefined) await target.sync(rows);
  const version = await nextVersion(server, rows, options.atMs);
  const isSame = shown?.isEverywhere === true && shown.made === historyMakingOf(plan);
  if (rows === undefined || !isSame) {
    return await beginAnew(options, rows, version);
  }
  const view = { ...plan, name: historyName(plan) };
  const name = target.loadingName(view);
  const added = await target.create(view, options.what, layoutOf(plan, name, version));
  const counts = await addVersions(options, rows, added, version);
  return {
    ...counts,
    lines: [],
    commit: async () => {
      if (counts.opened + counts.closed > 0) await target.attach(rows, added);
      await target.discard(view);
    },
  };
}

/** With all versions so far where columns only came; else those stay under another name. */
async function beginAnew(
  options: HistoryOptions,
  before: string | undefined,
  version: bigint,
): Promise<History> {
  const { server, target, plan, what } = options;
  const view = { ...plan, name: historyName(plan) };
  const name = target.rowsName(view);
  const rows = await target.create(view, `rows of ${what}`, layoutOf(plan, name, version));
  const old = before === undefined ? undefined : await columnsThatStayed(options);
  if (before !== undefined && old !== undefined) {
    const names = listSql([...old, 'valid_from', 'valid_to', versionName]);
    await server.run(`INSERT INTO ${rows} (${names}) SELECT ${names} FROM ${before} FINAL`);
    await target.sync(rows);
  }
  const counts = await addVersions(options, rows, rows, version);
  const shown = listSql([...namesOf(plan), 'valid_from', 'valid_to']);
  const query = `SELECT ${shown} FROM ${rows} FINAL`;
  await target.createView(view, name, historyMakingOf(plan), query);
  const isCut = before !== undefined && old === undefined;
  return {
    ...counts,
    lines: isCut ? [`history: begins anew; the one before is ${view.name}${untilInfix}RUN`] : [],
    commit: async () => {
      if (isCut) return await target.swap(view, untilInfix);
      await target.swap(view);
      await target.forget(view, 0);
    },
  };
}

/** Columns of the history so far, when the plan has them all and the same key. */
async function columnsThatStayed({
  target,
  plan,
}: HistoryOptions): Promise<readonly string[] | undefined> {
  const name = historyName(plan);
  const rows = (await target.shown(name))?.rows ?? '';
  // Views of nodes may differ, rows do not.
  const columns = await target.columns(target.isOnNodes ? rows : name);
  const old = columns.filter((one) => ![...ours, versionName].includes(one.name));
  const stayed = old.every(({ name: column, type }) =>
    plan.columns.some((now) => now.name === column && now.type === type),
  );
  const key = await target.key(rows);
  const isSameKey = key === listSql([...keyColumns(plan), 'valid_from']);
  return stayed && isSameKey ? old.map((one) => one.name) : undefined;
}

function layoutOf(plan: TablePlan, name: string, version: bigint): Layout {
  return {
    name,
    engine: `ReplacingMergeTree(${versionName})`,
    orderBy: [...keyColumns(plan), 'valid_from'],
    extra: [
      "valid_from DateTime64(6, 'UTC')",
      "valid_to DateTime64(6, 'UTC')",
      `${versionName} UInt64 DEFAULT ${version}`,
    ],
  };
}

type Counts = Pick<History, 'opened' | 'closed'>;

/** Writes into `into` what differs between what is true now and the open versions of `rows`. */
async function addVersions(
  options: HistoryOptions,
  rows: string,
  into: string,
  version: bigint,
): Promise<Counts> {
  const { server, target, plan, current } = options;
  const [names, keys] = [namesOf(plan), keyColumns(plan)];
  const time = `fromUnixTimestamp64Milli(toInt64(${version}), 'UTC')`;
  const hash = `${rowHashSql(plan.columns)} AS ${hashName}`;
  const open = `SELECT * FROM ${rows} FINAL WHERE valid_to = ${openEnd}`;
  const openBefore = await countOf(server, open);
  const without = (what: string, others: string, selected: readonly string[]): string =>
    `SELECT ${selected.map((one) => `a.${nameOf(one)} AS ${nameOf(one)}`).join(', ')} ` +
    `FROM (SELECT *, ${hash} FROM (${what})) AS a ` +
    `LEFT ANTI JOIN (SELECT ${listSql(keys)}, ${hash} FROM (${others})) AS b ON ` +
    [...keys, hashName].map((one) => `a.${nameOf(one)} = b.${nameOf(one)}`).join(' AND ');
  const insert = async (from: string, to: string, query: string): Promise<void> => {
    await server.run(
      `INSERT INTO ${into} (${listSql([...names, 'valid_from', 'valid_to', versionName])}) ` +
        `SELECT ${listSql(names)}, ${from}, ${to}, ${version} FROM (${query}) ${joinSettings}`,
    );
    await target.sync(into);
  };
  await insert(time, openEnd, without(current, open, names));
  await insert('valid_from', time, without(open, current, [...names, 'valid_from']));
  const opened = await countOf(server, `SELECT 1 FROM ${into} WHERE valid_from = ${time}`);
  const closed = await countOf(server, `SELECT 1 FROM ${into} FINAL WHERE valid_to = ${time}`);
  const now = await countOf(server, current);
  if (openBefore + opened - closed !== now) {
    const message = `${openBefore} versions + ${opened} - ${closed} are not the ${now} rows of now`;
    throw new Problem('OBS-6045', message, { where: `history of ${fullName(plan.source)}` });
  }
  return { opened, closed };
}

async function countOf(server: ClickHouse, query: string): Promise<number> {
  const [row] = await server.rows<{ n: string }>(`SELECT count() AS n FROM (${query})`);
  return Number(row?.n ?? 0);
}
