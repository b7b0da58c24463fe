/**
 * Brings the lookups of a database to the declared ones. They hold no data: one that is missing,
 * or was made of something else, is made anew in the place of the old, on every node.
 */
import type { Sql } from './client.ts';
import { ofAllNodes } from './cluster.ts';
import { createLookup, type LookupOptions, lookupMark, viewName } from './lookups.ts';
import { nodeName } from './migrate-nodes.ts';
import { lookups } from './schema/lookups.ts';
import { quoteText } from './sql.ts';

type Found = { readonly name: string; readonly comment: string; readonly node: string };

/** Statements for what is not as declared on some node that answers. */
export async function lookupStatements(
  sql: Sql,
  options: LookupOptions,
): Promise<readonly string[]> {
  const { database, cluster } = options;
  const { from, settings } = ofAllNodes('system.tables', cluster);
  const node = cluster === undefined ? "'' AS node" : nodeName;
  const here = await sql.rows<{ node: string }>(
    `SELECT DISTINCT ${node} FROM ${ofAllNodes('system.one', cluster).from}${settings}`,
  );
  const names = lookups.flatMap((lookup) => [lookup.name, viewName(lookup)]);
  const found = await sql.rows<Found>(
    `SELECT ${node}, name, comment FROM ${from} WHERE database = ${quoteText(database)} ` +
      `AND name IN (${names.map(quoteText).join(', ')})${settings}`,
  );
  return lookups.flatMap((lookup) => {
    const mark = lookupMark(lookup, options);
    const isRight = [lookup.name, viewName(lookup)].every((name) =>
      here.every((one) =>
        found.some((it) => it.node === one.node && it.name === name && it.comment.endsWith(mark)),
      ),
    );
    return isRight ? [] : createLookup(lookup, options);
  });
}
