/** The queries of `docs/guide/cookbook.md`, each with its title. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Recipe = { readonly title: string; readonly sql: string };

const text = readFileSync(join(import.meta.dirname, '../../docs/guide/cookbook.md'), 'utf8');

export const recipes: readonly Recipe[] = text
  .split(/^### /m)
  .slice(1)
  .flatMap((section) => {
    const title = section.slice(0, section.indexOf('\n'));
    return [...section.matchAll(/^```sql\n(.*?)^```/gms)].map(([, sql = '']) => ({ title, sql }));
  });
