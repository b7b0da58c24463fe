/** A table of MySQL in a real engine, by the product's own columns. */
import { openRowWriter } from '../../clickhouse/native/values/writer.ts';
import type { PlannedTable, SourceSnapshot } from '../../jobs/snapshot/source.ts';
import type { TestEngine } from './engine.ts';

export type MetEdge = readonly [column: string, value: string, key: string];

/** Reads all chunks into a new table of that name; what met an edge, in order. */
export async function intoEngine(
  engine: TestEngine,
  snapshot: SourceSnapshot,
  planned: PlannedTable,
  chunkRows = 1_000_000,
): Promise<readonly MetEdge[]> {
  const quoted = planned.columns.map(({ name, type }) => `\`${name}\` ${type}`);
  await askEngine(engine, `CREATE OR REPLACE TABLE copy (${quoted.join(', ')}) ENGINE = Memory`);
  const types = planned.columns.map(({ type }) => type);
  const names = planned.columns.map(({ name }) => name);
  const writer = openRowWriter(types, { rowsMax: 50_000, bytesMax: 8 * 1024 * 1024 });
  const met: MetEdge[] = [];
  const out = {
    writer,
    edges: {
      met: (column: number, value: string, key: () => string) => {
        met.push([names[column] ?? '', value, key()]);
      },
    },
    flush: async () => {
      const block = writer.take(names);
      if (block.rows === 0) return;
      await askEngine(engine, 'INSERT INTO copy FORMAT Native', Buffer.concat(block.chunks));
    },
  };
  for (const chunk of await snapshot.chunks(planned, chunkRows)) {
    await snapshot.read(planned, chunk, out, new AbortController().signal);
  }
  await out.flush();
  return met;
}

/** The answer's lines, each split at its tabs. */
export async function askEngine(
  engine: TestEngine,
  sql: string,
  body?: Buffer<ArrayBuffer>,
): Promise<readonly (readonly string[])[]> {
  const settings = {
    ...{ output_format_decimal_trailing_zeros: '1', session_timezone: 'UTC', async_insert: '0' },
    ...(body !== undefined && { query: sql }),
  };
  const url = `${engine.url}/?${new URLSearchParams(settings)}`;
  const response = await fetch(url, { method: 'POST', body: body ?? sql });
  const text = await response.text();
  if (!response.ok) throw new Error(`${sql.slice(0, 500)}\n${text}`);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));
}
