/**
 * The golden files of this room: the DDL of every table and the reference page. Reviewed as
 * files; `npm run update` rewrites them.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { clusterMacro } from './cluster.ts';
import { clusterWindowBlocks, defaultTableOptions, showCreate, type TableOptions } from './ddl.ts';
import { createAll } from './distributed.ts';
import type { ProfileName } from './schema/profiles.ts';
import { schemaReference } from './schema/reference.ts';
import { tables } from './schema/tables.ts';

/** Tables whose indexes differ between profiles. */
const profiledTables: ReadonlySet<string> = new Set(['otel_traces', 'otel_logs']);

export const goldenFolder = 'clickhouse/testdata/ddl';
const referenceFile = 'docs/reference/schema.md';

export type GoldenDdl = {
  /** Below {@link goldenFolder}. */
  readonly file: string;
  readonly table: string;
  readonly profile: ProfileName;
  readonly text: string;
};

/** Every golden DDL as it should be: all tables as shipped, two of them in every profile. */
export function goldenDdl(): GoldenDdl[] {
  const all = (['balanced', 'cheap_ingest', 'fast_search'] as const).flatMap((profile) =>
    tables.map((table) => ({
      table: table.name,
      profile,
      file: profile === 'balanced' ? `${table.name}.sql` : `${profile}/${table.name}.sql`,
      text: `${showCreate(table, { ...defaultTableOptions, profile })}\n`,
    })),
  );
  return all.filter(({ profile, table }) => profile === 'balanced' || profiledTables.has(table));
}

/** As a cluster has them. */
export const clusterOptions: TableOptions = {
  ...defaultTableOptions,
  flavour: 'replicated',
  cluster: clusterMacro,
  deduplicationWindowBlocks: clusterWindowBlocks,
};

/** The statements of every table of a cluster: where it is stored, and where it is read. */
export function goldenClusterDdl(): GoldenDdl[] {
  return tables.map((table) => ({
    table: table.name,
    profile: 'balanced',
    file: `cluster/${table.name}.sql`,
    text: createAll(table, clusterOptions)
      .map((statement) => `${statement};\n`)
      .join('\n'),
  }));
}

/** Writes the golden files below `root`, the clone, and removes the ones without a table. */
export async function updateGolden(root = '.'): Promise<void> {
  const folder = join(root, goldenFolder);
  const wanted = [...goldenDdl(), ...goldenClusterDdl()];
  await mkdir(folder, { recursive: true });
  const names = new Set(wanted.map(({ file }) => file));
  for (const found of await readdir(folder, { recursive: true })) {
    if (found.endsWith('.sql') && !names.has(found)) await rm(join(folder, found));
  }
  for (const { file, text } of wanted) await writeWhole(join(folder, file), text);
  await writeWhole(join(root, referenceFile), schemaReference());
}

async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
