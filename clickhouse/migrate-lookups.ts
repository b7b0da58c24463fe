/**
 * Brings the lookups of a database to the declared ones, and the views that ask them. They hold no
 * data: one that is missing, or was made of something else, is made anew in the place of the old,
 * on every node.
 */
import type { Sql } from './client.ts';
import { ofAllNodes } from './cluster.ts';
import { createLookup, type LookupOptions, lookupMark, lookupsOf, viewName } from './lookups.ts';
import { nodeName } from './migrate-nodes.ts';
import { defaultOwners, type OwnersTable } from './schema/owners.ts';
import { taggedViews } from './schema/tags.ts';
import { quoteText } from './sql.ts';
import { createTagged, taggedMark } from './tags.ts';

type Found = { readonly name: string; readonly comment: string; readonly node: string };

type LookupPlan = { readonly statements: readonly string[]; readonly notes: readonly string[] };

/** Statements for what is not as declared on some node that answers. */
export async function planLookups(sql: Sql, asked: LookupOptions): Promise<LookupPlan> {
  const table = asked.owners?.table;
  if (table === undefined || (await hasTable(sql, table))) {
    return { statements: await lookupStatements(sql, asked), notes: [] };
  }
  const { labels } = asked.owners ?? defaultOwners;
  const note =
    `there is no table ${table.database}.${table.name} yet: owners come from labels alone; ` +
    'run obsctl migrate again when it is there';
  return {
    statements: await lookupStatements(sql, { ...asked, owners: { labels } }),
    notes: [note],
  };
}

async function hasTable(sql: Sql, { database, name }: OwnersTable): Promise<boolean> {
  const [row] = await sql.rows<{ count: string }>(
    `SELECT toString(count()) AS count FROM system.tables ` +
      `WHERE database = ${quoteText(database)} AND name = ${quoteText(name)}`,
  );
  return row?.count !== '0';
}

async function lookupStatements(sql: Sql, options: LookupOptions): Promise<readonly string[]> {
  const { database, cluster } = options;
  const { from, settings } = ofAllNodes('system.tables', cluster);
  const node = cluster === undefined ? "'' AS node" : nodeName;
  const here = await sql.rows<{ node: string }>(
    `SELECT DISTINCT ${node} FROM ${ofAllNodes('system.one', cluster).from}${settings}`,
  );
  const wanted = wantedBy(options);
  const names = wanted.flatMap((one) => one.names);
  const found = await sql.rows<Found>(
    `SELECT ${node}, name, comment FROM ${from} WHERE database = ${quoteText(database)} ` +
      `AND name IN (${names.map(quoteText).join(', ')})${settings}`,
  );
  return wanted.flatMap((one) => {
    const isRight = one.names.every((name) =>
      here.every((each) =>
        found.some(
          (it) => it.node === each.node && it.name === name && it.comment.endsWith(one.mark),
        ),
      ),
    );
    return isRight ? [] : one.statements;
  });
}

type Wanted = {
  /** Of the views and dictionaries that the statements make. */
  readonly names: readonly string[];
  readonly mark: string;
  readonly statements: readonly string[];
};

function wantedBy(options: LookupOptions): readonly Wanted[] {
  return [
    ...lookupsOf(options).map((lookup) => ({
      names: [lookup.name, viewName(lookup)],
      mark: lookupMark(lookup, options),
      statements: createLookup(lookup, options),
    })),
    ...taggedViews.map((view) => ({
      names: [view.name],
      mark: taggedMark(view, options),
      statements: [createTagged(view, options)],
    })),
  ];
}
