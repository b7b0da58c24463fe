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
import { type Copied, chunkRows } from './copy.ts';
import { Dictionaries, type DictionaryReport } from './dictionaries.ts';
import { planDictionaries } from './dictionary-plan.ts';
import type { EdgeCount } from './edges.ts';
import { historyName, planModes } from './modes.ts';
import { type Nodes, nodeNotes, nodesOf } from './nodes.ts';
import { planTables, type TablePlan } from './plan.ts';
import { withLock } from './run-lock.ts';
import { recordRuns } from './runs.ts';
import type { Source, SourceLock } from './source.ts';
import { type Planned, type Prepared, prepareTable } from './table.ts';
import { Target } from './target.ts';
import type { Stored } from './verify.ts';

export type TableReport = {
  /** Schema and table in the source. */
  readonly source: string;
  readonly database: string;
  readonly table: string;
  readonly sent: Copied;
  readonly stored: Stored;
  readonly edges: readonly EdgeCount[];
  readonly changes: readonly string[];
  /** Whether all rows were read, or those that changed. */
  readonly mode: 'full' | 'incremental';
  /** From which cursor on rows were read, and the greatest that was; empty where there is none. */
  readonly since: string;
  readonly mark: string;
  /** Rows that were marked as deleted. */
  readonly deleted: number;
  /** Versions that began and ended; absent without a history. */
  readonly history?: { readonly opened: number; readonly closed: number };
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
  /** All rows, also of tables of which only changes would be read. */
  readonly isFull?: boolean;
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
  let server: Nodes = options.server;
  const copying = async (): Promise<Whole> => {
    server = await nodesOf(options.server);
    return await withLock({ config, source, server }, (lock) =>
      copyAll({ ...options, server }, lock),
    );
  };
  const copied = await copying().catch(async (error: unknown) => {
    // Nothing was begun: the row is of the run that is under way.
    if (isProblem(error) && error.code === 'OBS-6059') throw error;
    const words = Error.isError(error) ? error.message : String(error);
    const failed = { ...head, position: '', notes: [], tables: [], dictionaries: [] };
    // The fault itself is what must be told, whether or not the server takes a row about it.
    await recordRuns(server, failed, options.clock.nowMs(), words).catch(() => {});
    throw error;
  });
  const report = { ...head, ...copied };
  await recordRuns(server, report, options.clock.nowMs());
  return report;
}

type Whole = Pick<RunReport, 'position' | 'notes' | 'tables' | 'dictionaries'>;

type NodesOptions = RunOptions & { readonly server: Nodes };

async function copyAll(options: NodesOptions, lock: SourceLock): Promise<Whole> {
  const { config, source, server, run } = options;
  const plans = planTables(await source.tables(), config, options.home);
  const modes = planModes(plans, config);
  const target = new Target(server, databaseOf(config), config.name, run);
  const changing = plans.filter((_, index) => modes[index]?.cursor !== undefined);
  const asked = planDictionaries(config, plans, changing);
  const dictionaries = new Dictionaries(server, target, { snapshot: config.name, run }, asked);
  await dictionaries.prepare();
  const histories = plans.flatMap((plan, index) =>
    modes[index]?.hasHistory === true ? [{ name: historyName(plan) }] : [],
  );
  await target.prepare([...plans, ...histories]);
  const snapshot = await source.begin(config.readers);
  const begunMs = Math.round(options.clock.nowMs());
  try {
    // All at once, because it holds each table as it is to the end of the snapshot.
    const planned: Planned[] = [];
    for (const [index, mode] of modes.entries()) {
      const plan = plans[index] as TablePlan;
      planned.push({ plan, mode, chunks: await snapshot.chunks(plan, chunkRows) });
    }
    const tables: Prepared[] = [];
    for (const one of planned) {
      tables.push(await prepareTable(one, { target, snapshot, begunMs, options }));
    }
    await dictionaries.rehearse();
    const notes = [...snapshot.notes, ...(await nodeNotes(server))];
    await lock.check();
    options.signal.throwIfAborted();
    for (const { commit } of tables) await commit();
    const made = await dictionaries.replace();
    for (const plan of plans) await target.forget(plan, config.keep);
    await target.sweep();
    const { position } = snapshot;
    const reports = tables.map(({ report }) => report);
    return { position, notes, tables: reports, dictionaries: made };
  } catch (error) {
    await dictionaries.discard();
    await target.discardAll().catch(() => {});
    throw error;
  } finally {
    await snapshot.end();
  }
}
