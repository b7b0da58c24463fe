/**
 * One table of a run: made beside what readers see, copied and verified; how it takes its place is
 * given back, for when all tables are right.
 */
import { type Copied, copyTable } from './copy.ts';
import { keysPlan, markDeleted } from './deletes.ts';
import { changesBetween, type Shape } from './drift.ts';
import { EdgeCounts } from './edges.ts';
import { prepareHistory } from './history.ts';
import { makeJson } from './json.ts';
import {
  keptLayout,
  listSql,
  type Mark,
  namesOf,
  nextVersion,
  readMark,
  sinceSql,
  sumSql,
  viewSql,
} from './kept.ts';
import { type Cursor, type Mode, makingOf } from './modes.ts';
import { fullName, type TablePlan } from './plan.ts';
import type { RunOptions, RunProgress, TableReport } from './run.ts';
import type { Chunk, SourceSnapshot } from './source.ts';
import type { Target } from './target.ts';
import { mustBeEqual, readStored, type Stored } from './verify.ts';

export type Planned = {
  readonly plan: TablePlan;
  readonly mode: Mode;
  /** Of all rows. */
  readonly chunks: readonly Chunk[];
};

/** With a query of what readers will then see. */
type Made = Prepared & { readonly current: string };

export type Prepared = {
  readonly report: TableReport;
  /** Lets readers see it. */
  readonly commit: () => Promise<void>;
};

export type Work = {
  readonly target: Target;
  readonly snapshot: SourceSnapshot;
  /** When its point in time was. */
  readonly begunMs: number;
  readonly options: RunOptions;
};

export async function prepareTable(planned: Planned, work: Work): Promise<Prepared> {
  const { plan, mode } = planned;
  const { report, commit, current } = await makeTable(planned, work);
  if (!mode.hasHistory) return { report, commit };
  const { opened, closed, lines, ...history } = await prepareHistory({
    server: work.options.server,
    target: work.target,
    plan,
    current,
    atMs: work.begunMs,
    what: whatOf(plan, work),
  });
  return {
    report: { ...report, changes: [...report.changes, ...lines], history: { opened, closed } },
    // Before the table: what the run then leaves undone is found again by the next.
    commit: async () => {
      await history.commit();
      await commit();
    },
  };
}

async function makeTable(planned: Planned, work: Work): Promise<Made> {
  const { plan, mode } = planned;
  const before = await shapeOf(work.target, plan.name);
  if (mode.cursor === undefined) {
    const into = await work.target.create(plan, whatOf(plan, work));
    const loaded = await load(plan, planned.chunks, into, work);
    const after = await shapeOf(work.target, work.target.loadingName(plan));
    return {
      current: `SELECT * FROM ${into}`,
      report: reportOf(planned, loaded, work, { changes: changes(before, after) }),
      commit: () => work.target.swap(plan),
    };
  }
  const known = await knownRows(planned, mode.cursor, work);
  const added =
    typeof known === 'string' ? known : await addRows(planned, mode.cursor, known, work);
  return typeof added === 'string' ? await keepWhole(planned, before, added, work) : added;
}

type Known = Mark & { readonly rows: string };

/** The rows that can be added to, or why all must be read. */
async function knownRows(
  { plan, mode }: Planned,
  cursor: Cursor,
  { target, options }: Work,
): Promise<Known | string> {
  if (options.isFull === true) return 'as was asked for';
  const shown = await target.shown(plan.name);
  if (shown === undefined) return 'the first run of this kind';
  if (shown.made !== makingOf(plan, mode)) return 'columns, key or their settings have changed';
  if (!shown.isEverywhere) return 'nodes of the cluster have not the same rows';
  const rows = target.place(shown.rows);
  await target.sync(rows);
  const mark = await readMark(options.server, cursor, [rows]);
  return mark === undefined ? 'no row has a cursor that is past' : { ...mark, rows };
}

/** All rows into a table that later runs add to; a view of it takes the table's place. */
async function keepWhole(
  planned: Planned,
  before: Shape | undefined,
  why: string,
  work: Work,
): Promise<Made> {
  const { plan, mode } = planned;
  const { target, options } = work;
  const { server } = options;
  const name = target.rowsName(plan);
  const version = BigInt(work.begunMs);
  const into = await target.create(plan, `rows of ${whatOf(plan, work)}`, {
    ...keptLayout(plan, name, version),
  });
  const loaded = await load(plan, planned.chunks, into, work, { final: true });
  await target.createView(plan, name, makingOf(plan, mode), viewSql(plan, into));
  const after = await shapeOf(target, target.loadingName(plan), name);
  const mark = mode.cursor && (await readMark(server, mode.cursor, [into]));
  const lines = [`read whole: ${why}`, ...changes(before, after)];
  return {
    current: viewSql(plan, into),
    report: reportOf(planned, loaded, work, { changes: lines, mark: mark?.mark ?? '' }),
    commit: () => target.swap(plan),
  };
}

/** What changed since the mark, verified, and added in one step; or why that is not enough. */
async function addRows(
  planned: Planned,
  cursor: Cursor,
  { rows, since }: Known,
  work: Work,
): Promise<Made | string> {
  const { plan, mode } = planned;
  const { target, options } = work;
  const { server, source } = options;
  const version = await nextVersion(server, rows, work.begunMs);
  const layout = keptLayout(plan, target.loadingName(plan), version);
  const into = await target.create(plan, whatOf(plan, work), layout);
  // One query, so that the source can use an index of the cursor.
  const chunks = [{ id: 'since', where: sinceSql(cursor, since, source.quote) }];
  const loaded = await load(plan, chunks, into, work, { final: true });
  const deleted = mode.comparesDeletes
    ? await compareKeys(planned, { rows, added: into, version }, work)
    : 0;
  if (typeof deleted === 'string') {
    await target.discard(plan);
    return deleted;
  }
  const mark = await readMark(server, cursor, [rows, into]);
  return {
    current: sumSql(plan, rows, into),
    report: reportOf(planned, loaded, work, {
      mode: 'incremental',
      deleted,
      since,
      mark: mark?.mark ?? '',
    }),
    commit: async () => {
      if (loaded.sent.rows + deleted > 0) await target.attach(rows, into);
      await target.discard(plan);
    },
  };
}

/** How many rows were marked as deleted, or why all must be read. */
async function compareKeys(
  { plan, chunks }: Planned,
  added: { readonly rows: string; readonly added: string; readonly version: bigint },
  work: Work,
): Promise<number | string> {
  const { target, options } = work;
  const keys = keysPlan(plan);
  const into = await target.create(keys, whatOf(plan, work));
  await load(keys, chunks, into, work, { what: 'keys' });
  const { deleted, missed } = await markDeleted(options.server, { plan, keys: into, ...added });
  await target.sync(added.added);
  await target.discard(keys);
  return missed === 0 ? deleted : `${missed} rows were committed later than the overlap`;
}

type Loaded = {
  readonly sent: Copied;
  readonly stored: Stored;
  readonly edges: EdgeCounts;
  readonly readMs: number;
  readonly verifyMs: number;
};

/** Copies the chunks into an empty table and verifies it, `final` as readers will see it. */
async function load(
  plan: TablePlan,
  chunks: readonly Chunk[],
  into: string,
  { snapshot, options, target }: Work,
  { final = false, what = '' }: { readonly final?: boolean; readonly what?: string } = {},
): Promise<Loaded> {
  const { clock, server, run, signal, config } = options;
  const source = fullName(plan.source);
  // Keys that are compared are no rows of the table: they are told apart.
  const table = what === '' ? source : `${source} (${what})`;
  const { estimatedRows } = plan.source;
  const startMs = clock.monotonicMs();
  const edges = new EdgeCounts(plan.columns);
  let rows = 0;
  const tell = (step: RunProgress['step']): void =>
    options.onProgress({ table, rows, estimatedRows, step });
  tell('read');
  const sent = await copyTable(plan, {
    server,
    snapshot,
    chunks,
    // Columns are named, so that those of ours beside them have what the table says.
    into: `${into} (${listSql(namesOf(plan))})`,
    token: `${run}/${table}`,
    clock,
    edges,
    rowsPerSecond: config.rows_per_second,
    onRows: (more) => {
      rows += more;
      tell('read');
    },
    signal,
  });
  const readMs = clock.monotonicMs() - startMs;
  tell('verify');
  // Verified is what any node would answer, and no table is swapped in before all have it.
  await target.sync(into);
  await target.mustHave(into, sent.rows);
  const stored = await readStored(server, final ? `${into} FINAL` : into, plan, signal);
  mustBeEqual(sent, stored, plan);
  await makeJson(server, into, plan, signal);
  if (plan.columns.some(({ becomes }) => becomes !== undefined)) await target.sync(into);
  tell('done');
  const verifyMs = Math.round(clock.monotonicMs() - startMs - readMs);
  return { sent, stored, edges, readMs: Math.round(readMs), verifyMs };
}

function reportOf(
  { plan, mode }: Planned,
  { edges, ...loaded }: Loaded,
  { target }: Work,
  more: Partial<TableReport>,
): TableReport {
  return {
    source: fullName(plan.source),
    database: target.database,
    table: plan.name,
    mode: 'full',
    since: '',
    mark: '',
    deleted: 0,
    edges: edges.all(),
    ...loaded,
    ...more,
    changes: [...mode.lacks, ...(more.changes ?? [])],
  };
}

function whatOf(plan: TablePlan, { options, snapshot }: Work): string {
  return `${fullName(plan.source)}, run ${options.run}, ${snapshot.position}`;
}

function changes(before: Shape | undefined, after: Shape | undefined): readonly string[] {
  return before === undefined || after === undefined ? [] : changesBetween(before, after);
}

/** @param rows whose key it has; of a view those that it shows */
async function shapeOf(target: Target, table: string, rows?: string): Promise<Shape | undefined> {
  const columns = await target.columns(table);
  if (columns.length === 0) return undefined;
  const lies = rows ?? (await target.shown(table))?.rows ?? table;
  return { columns, key: await target.key(lies) };
}
