/** Reads a table of a source whole, into values that a test can compare. */
import { nullable } from '../../jobs/snapshot/postgres/type-table.ts';
import type {
  Chunk,
  EdgePolicy,
  PlannedTable,
  Source,
  SourceSnapshot,
  SourceTable,
} from '../../jobs/snapshot/source.ts';
import { createRecordingWriter, type Recorded } from './recording-columns.ts';

export type ReadOptions = {
  readonly edges?: Readonly<Record<string, EdgePolicy>>;
  readonly types?: Readonly<Record<string, string>>;
  /** Rows a chunk. */
  readonly chunkRows?: number;
  readonly filter?: string;
  /** Names of columns; all of them without. */
  readonly columns?: readonly string[];
};

export type Met = { readonly column: string; readonly value: string; readonly key: string };

export type ReadTable = {
  readonly table: SourceTable;
  readonly planned: PlannedTable;
  readonly chunks: readonly Chunk[];
  readonly rows: readonly (readonly Recorded[])[];
  readonly met: readonly Met[];
};

/** @param name `schema.table` */
export async function findTable(source: Source, name: string): Promise<SourceTable> {
  const tables = await source.tables();
  const found = tables.find((table) => `${table.schema}.${table.name}` === name);
  if (found === undefined) throw new Error(`no table ${name}`);
  return found;
}

export function planTable(table: SourceTable, options: ReadOptions = {}): PlannedTable {
  const columns = table.columns.filter(({ name }) => options.columns?.includes(name) ?? true);
  return {
    source: table,
    name: table.name,
    columns: columns.map((column) => {
      const edge = options.edges?.[column.name] ?? column.mapped.edge;
      const chosen = edge === 'string' ? 'String' : column.mapped.type;
      const type = options.types?.[column.name] ?? chosen;
      const mayBeNull = column.isNullable || edge === 'null';
      return { source: column, name: column.name, type: mayBeNull ? nullable(type) : type, edge };
    }),
    ...(options.filter !== undefined && { filter: options.filter }),
  };
}

export async function readAll(
  source: Source,
  name: string,
  options: ReadOptions = {},
): Promise<ReadTable> {
  const table = await findTable(source, name);
  const planned = planTable(table, options);
  const snapshot = await source.begin(1);
  try {
    return { table, planned, ...(await readPlanned(snapshot, planned, options.chunkRows)) };
  } finally {
    await snapshot.end();
  }
}

export async function readPlanned(
  snapshot: SourceSnapshot,
  planned: PlannedTable,
  chunkRows = 1_000_000,
): Promise<Omit<ReadTable, 'table' | 'planned'>> {
  const chunks = await snapshot.chunks(planned, chunkRows);
  const rows: (readonly Recorded[])[] = [];
  const met: Met[] = [];
  for (const chunk of chunks) rows.push(...(await readChunkRows(snapshot, planned, chunk, met)));
  return { chunks, rows, met };
}

export async function readChunkRows(
  snapshot: SourceSnapshot,
  planned: PlannedTable,
  chunk: Chunk,
  met: Met[] = [],
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly (readonly Recorded[])[]> {
  const rows: (readonly Recorded[])[] = [];
  const writer = createRecordingWriter(planned.columns.map(({ type }) => type));
  const flush = async (): Promise<void> => {
    rows.push(...writer.take());
  };
  const out = {
    writer,
    flush,
    edges: {
      met: (column: number, value: string, key: () => string): void => {
        met.push({ column: planned.columns[column]?.name ?? '', value, key: key() });
      },
    },
  };
  await snapshot.read(planned, chunk, out, signal);
  await flush();
  return rows;
}
