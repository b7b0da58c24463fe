/**
 * Columns that are to be JSON (research: protocols.md §4.7). They are sent as the text that the
 * source has, verified by that text, and then ClickHouse itself makes JSON of them: it keeps the
 * values of an object and not its bytes, which no checksum could be taken over.
 */
import { nameOf } from '../../clickhouse/sql.ts';
import { Problem } from '../../core/problem.ts';
import type { Nodes } from './nodes.ts';
import { fullName, type TablePlan } from './plan.ts';
import type { PlannedColumn } from './source.ts';
import { keyColumns } from './target.ts';

/**
 * Gives the columns of `into`, a table that nobody reads yet, their type; resolves when it has it.
 *
 * @throws Problem OBS-6051 when a value is none of an object
 */
export async function makeJson(
  server: Nodes,
  into: string,
  plan: TablePlan,
  signal: AbortSignal,
): Promise<void> {
  const columns = plan.columns.filter(({ becomes }) => becomes === 'JSON');
  if (columns.length === 0) return;
  for (const column of columns) await mustBeObjects(server, into, plan, column, signal);
  const parts = columns.map(({ name, type }) => {
    return `MODIFY COLUMN ${nameOf(name)} ${type.replace('String', 'JSON')}`;
  });
  // Of a cluster the node that was asked: 2 waits in vain for one that is away. Who made the table
  // waits for those that are there.
  const sync = server.cluster === undefined ? 2 : 1;
  try {
    await server.run(`ALTER TABLE ${into} ${parts.join(', ')} SETTINGS alter_sync = ${sync}`);
  } catch (error) {
    const names = columns.map(({ name }) => name).join(', ');
    // A mutation tells the cause inside of what it failed with.
    const told = Error.isError(error) ? error.message : String(error);
    const reason =
      /reason: '(?:Code: \d+\. )?(?:DB::Exception: )?([^\n]{1,300})/.exec(told)?.[1] ?? told;
    const message = `ClickHouse made no JSON of ${names}: ${reason}`;
    throw new Problem('OBS-6051', message, { where: fullName(plan.source), cause: error });
  }
}

async function mustBeObjects(
  server: Nodes,
  into: string,
  plan: TablePlan,
  { name, source }: PlannedColumn,
  signal: AbortSignal,
): Promise<void> {
  const value = nameOf(name);
  const keys = keyColumns(plan).map((key) => `'${key}=', toString(${nameOf(key)})`);
  const row = keys.length === 0 ? "'without a key'" : `concat(${keys.join(", ', ', ")}, '')`;
  const [found] = await server.rows<{ count: string; first: string }>(
    `SELECT count() AS count, argMin(${row}, _part_offset) AS first FROM ${into} ` +
      `WHERE ${value} IS NOT NULL AND JSONType(assumeNotNull(${value})) != 'Object'`,
    signal,
  );
  if (Number(found?.count ?? 0) === 0) return;
  const message =
    `column ${source.name}: ${found?.count} values are no objects of JSON, ` +
    `one in the row ${found?.first}`;
  throw new Problem('OBS-6051', message, { where: fullName(plan.source) });
}
