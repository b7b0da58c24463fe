/**
 * Dashboards as files: Grafana JSON, one file each, and the provider that loads them. The golden
 * copies under `testdata/rendered/` are what a reviewer sees when a dashboard changes.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { DashboardJson } from './board.ts';
import { dashboards } from './catalog.ts';
import { dashboardsReference } from './reference.ts';

export type RenderedFile = { readonly path: string; readonly text: string };

/** Where Grafana finds the files, as its provider file says. */
export type RenderOptions = {
  /** Folder of the JSON files on the machine or in the container that runs Grafana. */
  readonly grafanaPath?: string;
};

const goldenFolder = new URL('./testdata/rendered/', import.meta.url);

/** The generated reference; a test compares it with what the dashboards say now. */
export const referencePage = new URL('../docs/reference/dashboards.md', import.meta.url);

/** Every file, always the same bytes. */
export function renderFiles(options: RenderOptions = {}): readonly RenderedFile[] {
  const files = dashboards().map((dashboard) => ({
    path: `${dashboard.uid}.json`,
    text: dashboardText(dashboard),
  }));
  return [...files, { path: 'provider.yaml', text: providerText(options) }];
}

function dashboardText(dashboard: DashboardJson): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function providerText({ grafanaPath = '/var/lib/grafana/dashboards/obsctl' }: RenderOptions) {
  const provider = {
    name: 'obsctl',
    folder: 'obsctl',
    type: 'file',
    disableDeletion: true,
    allowUiUpdates: false,
    options: { path: grafanaPath, foldersFromFilesStructure: false },
  };
  return stringify({ apiVersion: 1, providers: [provider] }, { lineWidth: 0 });
}

/** Writes every file into `folder`, which is made when it is missing. Returns the paths. */
export async function writeRendered(
  folder: string,
  options: RenderOptions = {},
): Promise<readonly string[]> {
  const files = renderFiles(options);
  await mkdir(folder, { recursive: true });
  for (const file of files) await writeFile(join(folder, file.path), file.text);
  return files.map((file) => file.path);
}

/** Rewrites the golden files and the reference page; the diff in Git is the review. */
export async function updateGolden(): Promise<readonly string[]> {
  const folder = fileURLToPath(goldenFolder);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) await rm(join(folder, name));
  await mkdir(new URL('./', referencePage), { recursive: true });
  await writeFile(referencePage, dashboardsReference());
  return writeRendered(folder);
}
