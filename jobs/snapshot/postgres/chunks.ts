/**
 * Chunks of a table as ranges of its pages (TID range scans, PostgreSQL 14): known at once, without
 * an index, and never overlapping, because a row that our snapshot sees does not move: what would
 * move it waits for the lock that the coordinator holds.
 */
import type { Client } from 'pg';
import type { Chunk, PlannedTable } from '../source.ts';
import { quote } from './select.ts';

type Relation = {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** Only heaps have pages whose rows are found by TID. */
  readonly heap: boolean;
  readonly pages: number;
  /** Of the last ANALYZE; -1 before. */
  readonly rows: number;
  readonly stat_pages: number;
  /** Whether its own rights and policies would let us read it by its own name. */
  readonly open: boolean;
};

const tidRangeVersion = 140_000;
/** So many for a table whatever its size, so that planning stays small. */
const chunksMax = 100_000;
/** Before the first ANALYZE nothing is known; rows of about 80 bytes. */
const rowsAPageUnknown = 100;

/** `true` where the partition may be read by its own name without anything being passed over. */
const relationsSql = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name,
    coalesce(am.amname = 'heap', false) AS heap,
    CASE WHEN am.amname = 'heap'
      THEN pg_catalog.pg_relation_size(c.oid)
        / current_setting('block_size')::pg_catalog.int8 ELSE 0 END::pg_catalog.float8 AS pages,
    c.reltuples::pg_catalog.float8 AS rows, c.relpages::pg_catalog.float8 AS stat_pages,
    NOT root.relrowsecurity AND NOT c.relrowsecurity
      AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS open
  FROM pg_catalog.pg_class root
  CROSS JOIN LATERAL (
    SELECT relid FROM pg_catalog.pg_partition_tree(root.oid)
      WHERE isleaf AND root.relkind = 'p'
    UNION ALL SELECT root.oid WHERE root.relkind <> 'p') leaf
  JOIN pg_catalog.pg_class c ON c.oid = leaf.relid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
  WHERE root.oid = $1 ORDER BY n.nspname, c.relname`;

/** @param rows about so many a chunk */
export async function planChunks(
  client: Client,
  version: number,
  table: PlannedTable,
  oid: number,
  rows: number,
): Promise<readonly Chunk[]> {
  const whole: readonly Chunk[] = [{ id: 'all', where: '' }];
  const { kind } = table.source;
  if (version < tidRangeVersion || kind === 'view' || kind === 'foreign table') return whole;
  const found = await client.query<Relation>(relationsSql, [oid]);
  if (kind !== 'partitioned') {
    const [relation] = found.rows;
    return relation?.heap === true ? rangesOf(relation, rows, '') : whole;
  }
  // A parent that has rights or policies of its own is only read whole, through itself.
  if (found.rows.some(({ open }) => !open)) return whole;
  return found.rows.flatMap((leaf) => {
    const from = `${leaf.heap ? 'ONLY ' : ''}${quote(leaf.schema)}.${quote(leaf.name)}`;
    const name = `${leaf.schema}.${leaf.name}`;
    if (!leaf.heap) return [{ id: name, where: '', from }];
    return rangesOf(leaf, rows, `${name} `).map((chunk) => ({ ...chunk, from }));
  });
}

/** Page ranges `[start, end)`; the last is open above, for pages that came since. */
export function rangesOf(
  relation: Pick<Relation, 'pages' | 'rows' | 'stat_pages'>,
  rows: number,
  name: string,
): readonly Chunk[] {
  const known = relation.rows > 0 && relation.stat_pages > 0;
  const rowsAPage = known ? relation.rows / relation.stat_pages : rowsAPageUnknown;
  const wanted = Math.max(1, Math.round(rows / rowsAPage));
  const step = Math.max(wanted, Math.ceil(relation.pages / chunksMax));
  const chunks: Chunk[] = [];
  for (let start = 0; start === 0 || start < relation.pages; start += step) {
    const end = start + step;
    const isLast = end >= relation.pages;
    const bounds = [
      ...(start > 0 ? [`ctid >= '(${start},0)'::pg_catalog.tid`] : []),
      ...(isLast ? [] : [`ctid < '(${end},0)'::pg_catalog.tid`]),
    ];
    chunks.push({ id: `${name}${start}-${isLast ? '' : end}`, where: bounds.join(' AND ') });
  }
  return chunks;
}
