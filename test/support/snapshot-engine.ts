/** A table of a source through the writer of columns into a real engine; what it prints. */
import { openRowWriter } from '../../clickhouse/native/values/writer.ts';
import type { PlannedTable, SourceSnapshot } from '../../jobs/snapshot/source.ts';
import type { TestEngine } from './engine.ts';
import { jsonSettings } from './postgres-text.ts';
import type { Met } from './snapshot-reading.ts';

/** Rows as ClickHouse prints them in JSON, bytes as latin1, in the order they came. */
export async function throughEngine(
  engine: TestEngine,
  snapshot: SourceSnapshot,
  planned: PlannedTable,
  met: Met[] = [],
  chunkRows = 1_000_000,
): Promise<readonly (readonly unknown[])[]> {
  const columns = planned.columns.map(({ name, type }) => `${quote(name)} ${type}`);
  await ask(engine, 'DROP TABLE IF EXISTS snapshot');
  await ask(engine, `CREATE TABLE snapshot (${columns.join(', ')}) ENGINE = Memory`);
  const types = planned.columns.map(({ type }) => type);
  const writer = openRowWriter(types, { rowsMax: 50_000, bytesMax: 8 * 1024 * 1024 });
  const names = planned.columns.map(({ name }) => name);
  const flush = async (): Promise<void> => {
    const block = writer.take(names);
    if (block.rows === 0) return;
    await ask(
      engine,
      'INSERT INTO snapshot FORMAT Native',
      Uint8Array.from(Buffer.concat(block.chunks)),
    );
  };
  const edges = {
    met: (column: number, value: string, key: () => string): void => {
      met.push({ column: names[column] ?? '', value, key: key() });
    },
  };
  for (const chunk of await snapshot.chunks(planned, chunkRows)) {
    await snapshot.read(planned, chunk, { writer, edges, flush }, new AbortController().signal);
    await flush();
  }
  const answer = await ask(engine, 'SELECT * FROM snapshot FORMAT JSONCompactEachRow');
  return answer
    .toString('latin1')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown[]);
}

async function ask(
  engine: TestEngine,
  sql: string,
  body?: Uint8Array<ArrayBuffer>,
): Promise<Buffer> {
  const settings = { ...jsonSettings, async_insert: '0', max_ast_elements: '1000000' };
  const query = new URLSearchParams({ ...settings, ...(body !== undefined && { query: sql }) });
  const response = await fetch(`${engine.url}/?${query}`, { method: 'POST', body: body ?? sql });
  const answer = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`${sql.slice(0, 300)}\n${answer.toString()}`);
  return answer;
}

function quote(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}
