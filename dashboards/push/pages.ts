/** Lists that Grafana gives in pages. */
import type { Grafana, Query } from './api.ts';

const pageSize = 1000;
/** A Grafana that gives the same page again and again is not asked for ever. */
const pagesMax = 50;

/** Every item of a list; an absent list is an empty one. */
export async function readPages<Item>(
  grafana: Grafana,
  what: string,
  path: string,
  query: Query = {},
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (let page = 1; page <= pagesMax; page += 1) {
    const asked = { ...query, limit: String(pageSize), page: String(page) };
    const found = (await grafana.read<readonly Item[]>(what, path, asked)) ?? [];
    items.push(...found);
    if (found.length < pageSize) break;
  }
  return items;
}
