/**
 * One run of a snapshot: all tables at one point in time, each copied beside the old one and
 * verified; only when every table is right do they take their places.
 *
 *     catalog ─▶ plan ─▶ new tables ─▶ copy ─▶ verify ─▶ swap ─▶ snapshot_runs
 *                             └──────── a fault: drop the new tables, old ones stay, one row
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { checksumSettings } from '../../clickhouse/native/values/checksum-sql.ts';
import type { Clock } from '../../core/clock.ts';
import { isProblem } from '../../core/problem.ts';
import { databaseOf, type SnapshotConfig } from './config.ts';
import { type Copied, chunkRows, copyTable } from './copy.ts';
import { Dictionaries, type DictionaryReport } from './dictionaries.ts';
import { planDictionaries } from './dictionary-plan.ts';
import { changesBetween, type Shape } from './drift.ts';
import { type EdgeCount, EdgeCounts } from './edges.ts';
import { fullName, planTables, type TablePlan } from './plan.ts';
import { withLock } from './run-lock.ts';
import { recordRuns } from './runs.ts';
import type { Chunk, Source, SourceLock, SourceSnapshot } from './source.ts';
import { Target } from './target.ts';
import { mustBeEqual, readStored, type Stored } from './verify.ts';

export type TableReport = {
  /** Schema and table in the source. */
  readonly source: string;
  readonly database: string;
  readonly table: string;
  readonly sent: Copied;
  readonly stored: Stored;
  readonly edges: readonly EdgeCount[];
  readonly changes: readonly string[];
  readonly readMs: number;
  readonly verifyMs: number;
};

export type RunReport = {
  readonly run: string;
  readonly snapshot: string;
  readonly address: string;
  readonly position: string;
  readonly notes: readonly string[];
  readonly tables: readonly TableReport[];
  readonly dictionaries: readonly DictionaryReport[];
  readonly startedMs: number;
};

export type RunProgress = {
  readonly table: string;
  readonly rows: number;
  readonly estimatedRows: number;
  readonly step: 'read' | 'verify' | 'done';
};

export type RunOptions = {
  readonly config: SnapshotConfig;
  readonly source: Source;
  readonly server: ClickHouse;
  /** The schema whose tables keep their names in ClickHouse, beside `public`. */
  readonly home?: string;
  readonly clock: Clock;
  /** Part of names: later runs sort behind, and no two are the same. */
  readonly run: string;
  readonly onProgress: (progress: RunProgress) => void;
  readonly signal: AbortSignal;
};

/** What a connection of the target must be set to, before any statement is parsed. */
export const snapshotSettings = {
  ...checksumSettings,
  enable_time_time64_type: 1,
  allow_suspicious_low_cardinality_types: 1,
} as const;

/**
 * Runs it to its end. Whatever fails, the tables of the run before stay, what this one began is
 * dropped, and `snapshot_runs` says why.
 */
export async function runSnapshot(options: RunOptions): Promise<RunReport> {
  const startedMs = options.clock.nowMs();
  const { config, source, run } = options;
  const head = { run, snapshot: config.name, address: source.address, startedMs };
  const copying = withLock(options, (lock) => copyAll(options, lock));
  const copied = await copying.catch(async (error: unknown) => {
    // Nothing was begun: the row is of the run that is under way.
    if (isProblem(error) && error.code === 'OBS-6059') throw error;
    const words = Error.isError(error) ? error.message : String(error);
    const failed = { ...head, position: '', notes: [], tables: [], dictionaries: [] };
    // The fault itself is what must be told, whether or not the server takes a row about it.
    await recordRuns(options.server, failed, options.clock.nowMs(), words).catch(() => {});
    throw error;
  });
  const report = { ...head, ...copied };
  await recordRuns(options.server, report, options.clock.nowMs());
  return report;
}

type Whole = Pick<RunReport, 'position' | 'notes' | 'tables' | 'dictionaries'>;

async function copyAll(options: RunOptions, lock: SourceLock): Promise<Whole> {
  const { config, source, server, run } = options;
  const plans = planTables(await source.tables(), config, options.home);
  const target = new Target(server, databaseOf(config), config.name, run);
  const asked = planDictionaries(config, plans);
  const dictionaries = new Dictionaries(server, target, { snapshot: config.name, run }, asked);
  await dictionaries.prepare();
  await target.prepare(plans);
  const snapshot = await source.begin(config.readers);
  try {
    // All at once, because it holds each table as it is to the end of the snapshot.
    const planned: Planned[] = [];
    for (const plan of plans) {
      planned.push({ plan, chunks: await snapshot.chunks(plan, chunkRows) });
    }
    const tables: TableReport[] = [];
    for (const one of planned) tables.push(await copyOne(one, target, snapshot, options));
    await dictionaries.rehearse();
    await lock.check();
    options.signal.throwIfAborted();
    for (const plan of plans) await target.swap(plan);
    const made = await dictionaries.replace();
    for (const plan of plans) await target.forget(plan, config.keep);
    const { position, notes } = snapshot;
    return { position, notes, tables, dictionaries: made };
  } catch (error) {
    await dictionaries.discard();
    for (const plan of plans) await target.discard(plan).catch(() => {});
    throw error;
  } finally {
    await snapshot.end();
  }
}

type Planned = { readonly plan: TablePlan; readonly chunks: readonly Chunk[] };

async function copyOne(
  { plan, chunks }: Planned,
  target: Target,
  snapshot: SourceSnapshot,
  options: RunOptions,
): Promise<TableReport> {
  const { clock, server, run, signal, config } = options;
  const source = fullName(plan.source);
  const { estimatedRows } = plan.source;
  const before = await shapeOf(target, plan.name);
  const into = await target.create(plan, `${source}, run ${run}, ${snapshot.position}`);
  const startMs = clock.monotonicMs();
  const edges = new EdgeCounts(plan.columns);
  let rows = 0;
  const tell = (step: RunProgress['step']): void =>
    options.onProgress({ table: source, rows, estimatedRows, step });
  tell('read');
  const sent = await copyTable(plan, {
    server,
    snapshot,
    chunks,
    into,
    token: `${run}/${source}`,
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
  const stored = await readStored(server, into, plan, signal);
  mustBeEqual(sent, stored, plan);
  tell('done');
  const after = await shapeOf(target, target.loadingName(plan));
  return {
    source,
    database: target.database,
    table: plan.name,
    sent,
    stored,
    edges: edges.all(),
    changes: before === undefined || after === undefined ? [] : changesBetween(before, after),
    readMs: Math.round(readMs),
    verifyMs: Math.round(clock.monotonicMs() - startMs - readMs),
  };
}

async function shapeOf(target: Target, table: string): Promise<Shape | undefined> {
  const columns = await target.columns(table);
  return columns.length === 0 ? undefined : { columns, key: await target.key(table) };
}
