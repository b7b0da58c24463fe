/** Reading a table of a source into JavaScript values, as a job would plan it. */
import type {
  EdgePolicy,
  PlannedTable,
  SourceColumn,
  SourceSnapshot,
  SourceTable,
} from '../../jobs/snapshot/source.ts';
import { type Recorded, recordRows } from './mysql-columns.ts';

/** Wishes for one column, by its name. */
export type Wishes = Readonly<
  Record<string, { readonly type?: string; readonly edge?: EdgePolicy }>
>;

/** Every column by the type table, but for `wishes`; Nullable where NULL may come. */
export function planAll(table: SourceTable, wishes: Wishes = {}): PlannedTable {
  return {
    source: table,
    name: table.name,
    columns: table.columns.map((source) => {
      const wish = wishes[source.name] ?? {};
      const edge = wish.edge ?? source.mapped.edge;
      const type = wish.type ?? source.mapped.type;
      return { source, name: source.name, edge, type: nullable(source, type, edge) };
    }),
  };
}

/** All rows, chunk by chunk, with as many chunks at once as the snapshot has readers. */
export async function readTable(
  snapshot: SourceSnapshot,
  table: SourceTable,
  options: {
    readonly wishes?: Wishes;
    readonly rows?: number;
    readonly met?: (column: number, value: string, key: string) => void;
  } = {},
): Promise<readonly (readonly Recorded[])[]> {
  const planned = planAll(table, options.wishes);
  const chunks = await snapshot.chunks(planned, options.rows ?? 100_000);
  const parts = await Promise.all(
    chunks.map(async (chunk) => {
      const recorder = recordRows(planned.columns.map(({ type }) => type));
      const out = {
        writer: recorder.writer,
        edges: {
          met: (column: number, value: string, key: () => string) =>
            options.met?.(column, value, key()),
        },
        flush: async () => recorder.drain(),
      };
      await snapshot.read(planned, chunk, out, new AbortController().signal);
      return recorder.rows;
    }),
  );
  return parts.flat();
}

function nullable(source: SourceColumn, type: string, edge: EdgePolicy): string {
  const mayBe = source.isNullable || edge === 'null';
  if (!mayBe || /^(Array|Map|Point|Tuple)/.test(type)) return type;
  const inner = /^LowCardinality\((.*)\)$/.exec(type)?.[1];
  return inner === undefined ? `Nullable(${type})` : `LowCardinality(Nullable(${inner}))`;
}
