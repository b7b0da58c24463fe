/**
 * Dashboards as files: Grafana JSON, one file each, and the provider that loads them; beside them
 * the alert rules. The golden copies under `testdata/rendered/` are what a reviewer sees when a
 * dashboard or a rule changes.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { alertRules, type RuleOptions } from './alerts/catalog.ts';
import { type GrafanaRuleOptions, provisioningText } from './alerts/grafana.ts';
import { alertsReference } from './alerts/reference.ts';
import type { Routing } from './alerts/routing/config.ts';
import { dashboards } from './catalog.ts';
import { dashboardsReference } from './reference.ts';
import type { DashboardJson } from './vocabulary/board.ts';
import type { SourceId } from './vocabulary/sources.ts';

export type RenderedFile = { readonly path: string; readonly text: string };

/** What the files say that is not the same everywhere. */
export type RenderOptions = GrafanaRuleOptions & {
  /** Folder of the JSON files on the machine or in the container that runs Grafana. */
  readonly grafanaPath?: string;
  readonly rules?: RuleOptions;
  /** Channels, for contact points of the operator. */
  readonly routing?: Routing;
  /** Sources that nothing feeds: their panels and rules are left out. */
  readonly without?: readonly SourceId[];
};

/** For `provisioning/alerting/` of Grafana. */
const alertRulesFile = 'alert-rules.yaml';

const goldenFolder = new URL('./testdata/rendered/', import.meta.url);

/** The generated reference; a test compares it with what the dashboards say now. */
export const referencePage = new URL('../docs/reference/dashboards.md', import.meta.url);

/** The same of the alert rules. */
export const alertsPage = new URL('../docs/reference/alerts.md', import.meta.url);

/** Every file, always the same bytes. */
export function renderFiles(options: RenderOptions = {}): readonly RenderedFile[] {
  const fed = fedOptions(options);
  const files = dashboards(fed).map((dashboard) => ({
    path: `${dashboard.uid}.json`,
    text: dashboardText(dashboard),
  }));
  return [
    ...files,
    { path: 'provider.yaml', text: providerText(options) },
    { path: alertRulesFile, text: provisioningText(alertRules(fed), options) },
  ];
}

/** The options of dashboards and rules, both without what nothing feeds. */
export function fedOptions({
  rules = {},
  without = [],
}: Pick<RenderOptions, 'rules' | 'without'>): RuleOptions {
  return { ...rules, without: [...(rules.without ?? []), ...without] };
}

function dashboardText(dashboard: DashboardJson): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function providerText(options: RenderOptions): string {
  const { grafanaPath = '/var/lib/grafana/dashboards/obsctl', folder = 'obsctl' } = options;
  const provider = {
    name: 'obsctl',
    folder,
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
  files: readonly RenderedFile[] = renderFiles(),
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  for (const file of files) await writeFile(join(folder, file.path), file.text);
  return files.map((file) => file.path);
}

/** Rewrites the golden files and the reference pages; the diff in Git is the review. */
export async function updateGolden(): Promise<readonly string[]> {
  const folder = fileURLToPath(goldenFolder);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) await rm(join(folder, name));
  await mkdir(new URL('./', referencePage), { recursive: true });
  await writeFile(referencePage, dashboardsReference());
  await writeFile(alertsPage, alertsReference());
  return writeRendered(folder);
}
