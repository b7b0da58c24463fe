/** What a run would read and write, without reading a row. */

import { databaseOf, type SnapshotConfig } from './config.ts';
import { chunkRows } from './copy.ts';
import { historyName, type Mode, planModes } from './modes.ts';
import { fullName, planTables, type TablePlan } from './plan.ts';
import type { Source } from './source.ts';

export type TableOutlook = {
  readonly source: string;
  readonly kind: string;
  /** Database and table in ClickHouse. */
  readonly into: string;
  readonly estimatedRows: number;
  readonly chunks: number;
  readonly key: readonly string[];
  readonly filter: string;
  readonly columns: readonly {
    readonly source: string;
    readonly sourceType: string;
    readonly name: string;
    readonly type: string;
    readonly edge: string;
    readonly isHashed: boolean;
  }[];
  readonly dropped: readonly string[];
  /** How it is kept, and why not as was asked; a line each. */
  readonly modes: readonly string[];
};

export type Outlook = {
  readonly snapshot: string;
  readonly address: string;
  readonly readers: number;
  readonly notes: readonly string[];
  readonly tables: readonly TableOutlook[];
};

/** Opens a point in time too, so that missing rights show before the first run does. */
export async function planSnapshot(
  config: SnapshotConfig,
  source: Source,
  home: string | undefined,
): Promise<Outlook> {
  const plans = planTables(await source.tables(), config, home);
  const modes = planModes(plans, config);
  const snapshot = await source.begin(config.readers);
  try {
    const tables: TableOutlook[] = [];
    for (const [index, plan] of plans.entries()) {
      const chunks = await snapshot.chunks(plan, chunkRows);
      tables.push({
        source: fullName(plan.source),
        kind: plan.source.kind,
        into: `${databaseOf(config)}.${plan.name}`,
        estimatedRows: plan.source.estimatedRows,
        chunks: chunks.length,
        key: plan.source.primaryKey,
        filter: plan.filter ?? '',
        columns: plan.columns.map((column, index) => ({
          source: column.source.name,
          sourceType: column.isNullFlag === true ? 'IS NULL' : column.source.sourceType,
          name: column.name,
          type: column.becomes ?? column.type,
          edge: column.edge,
          isHashed: plan.hashed[index] === true,
        })),
        dropped: plan.dropped,
        modes: modeLines(plan, modes[index]),
      });
    }
    const { address } = source;
    return {
      snapshot: config.name,
      address,
      readers: snapshot.readers,
      notes: snapshot.notes,
      tables,
    };
  } finally {
    await snapshot.end();
  }
}

function modeLines(plan: TablePlan, mode: Mode | undefined): readonly string[] {
  if (mode === undefined) return [];
  const { cursor, comparesDeletes, hasHistory, lacks } = mode;
  const overlap =
    cursor?.kind === 'integer' ? cursor.overlap : `${(cursor?.overlap ?? 0) / 1_000} s`;
  const deletes = comparesDeletes ? 'deletes by comparing keys' : 'deletes are not seen';
  return [
    ...(cursor === undefined
      ? []
      : [`incremental by ${cursor.column.source.name}, overlap ${overlap}, ${deletes}`]),
    ...(hasHistory ? [`history in ${historyName(plan)}`] : []),
    ...lacks,
  ];
}
