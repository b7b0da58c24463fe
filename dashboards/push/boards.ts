/**
 * The dashboards in a Grafana. Ours have our uids and carry our tag; anything else in their place,
 * or under their title in the same folder, belongs to somebody and is never written over.
 */
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import { type DashboardJson, ownTag } from '../vocabulary/board.ts';
import type { Grafana } from './api.ts';
import { compareJson } from './compare.ts';
import type { ChosenDataSource } from './data-source.ts';
import type { FolderChoice } from './folder.ts';
import { readPages } from './pages.ts';
import type { Inspection, Leftover, Resource } from './resource.ts';

export type BoardsOptions = {
  readonly dashboards: readonly DashboardJson[];
  readonly folder: FolderChoice;
  /** What the variable `datasource` starts with; absent where it stays as it is. */
  readonly dataSource: ChosenDataSource | undefined;
};

type Hit = { readonly uid: string; readonly title: string };

type Found = {
  readonly dashboard: JsonObject;
  readonly meta: {
    readonly folderUid?: string;
    readonly folderTitle?: string;
    readonly provisioned?: boolean;
    readonly provisionedExternalId?: string;
  };
};

const uidPrefix = 'obsctl-';
const what = 'read dashboards';

export async function ownBoards(
  grafana: Grafana,
  options: BoardsOptions,
): Promise<{ readonly resources: readonly Resource[]; readonly leftovers: readonly Leftover[] }> {
  const { dashboards, folder } = options;
  const tagged = await search(grafana, { tag: ownTag });
  const beside = folder.exists ? await search(grafana, { folderUIDs: folder.uid }) : [];
  const uids = new Set(dashboards.map(({ uid }) => uid));
  const leftovers = tagged.filter(({ uid }) => uid.startsWith(uidPrefix) && !uids.has(uid));
  const foreign = beside.filter(
    ({ uid }) => !uids.has(uid) && !leftovers.some((leftover) => leftover.uid === uid),
  );
  return {
    resources: dashboards.map((dashboard) => ({
      kind: 'dashboard',
      uid: dashboard.uid,
      title: dashboard.title,
      inspect: () => inspectBoard(grafana, dashboard, options, foreign),
    })),
    leftovers: leftovers.map(({ uid, title }) => ({
      kind: 'dashboard',
      uid,
      title,
      remove: () =>
        grafana.write(`delete the dashboard ${uid}`, 'DELETE', `/dashboards/uid/${uid}`),
    })),
  };
}

async function inspectBoard(
  grafana: Grafana,
  dashboard: DashboardJson,
  { folder, dataSource }: BoardsOptions,
  foreign: readonly Hit[],
): Promise<Inspection> {
  const { uid, title } = dashboard;
  const found = await grafana.read<Found>(what, `/dashboards/uid/${uid}`);
  refuseForeign(grafana, dashboard, found, foreign, folder.title);
  const current = currentFor(dataSource, currentOf(found?.dashboard));
  const wanted = withCurrent(JSON.parse(JSON.stringify(dashboard)), current);
  const write = () =>
    grafana.write(`write the dashboard "${title}"`, 'POST', '/dashboards/db', {
      // A version that is not the newest is a conflict: nothing is overwritten unseen.
      dashboard: { ...wanted, id: null, ...versionOf(found) },
      folderUid: folder.uid,
      message: 'obsctl dashboards push',
      overwrite: false,
    });
  if (found === undefined) return { action: 'create', changes: [], write };
  const changes = [
    ...compareJson({ folder: found.meta.folderUid ?? '' }, { folder: folder.uid }),
    ...compareJson(comparable(found.dashboard), comparable(wanted)),
  ];
  if (changes.length > 0 && found.meta.provisioned === true) {
    const file = found.meta.provisionedExternalId;
    const place = file === undefined || file === '' ? 'a file' : file;
    throw new Problem(
      'OBS-4110',
      `the dashboard "${title}" (${uid}) is provisioned from ${place}`,
      {
        where: grafana.address,
      },
    );
  }
  return { action: changes.length === 0 ? 'none' : 'update', changes, write };
}

function refuseForeign(
  grafana: Grafana,
  { uid, title }: DashboardJson,
  found: Found | undefined,
  foreign: readonly Hit[],
  folder: string,
): void {
  const tags = found?.dashboard['tags'];
  if (found !== undefined && !(Array.isArray(tags) && tags.includes(ownTag))) {
    const whose = `a dashboard "${String(found.dashboard['title'])}" without the tag ${ownTag}`;
    throw new Problem('OBS-4108', `${uid} is ${whose}, so it is not ours`, {
      where: grafana.address,
    });
  }
  const same = foreign.find((hit) => hit.title === title);
  if (same === undefined) return;
  const fault = `another dashboard (${same.uid}) has the title "${title}" in "${folder}"`;
  throw new Problem('OBS-4108', fault, { where: grafana.address });
}

/** Of the dashboards that carry our tag. */
export async function ownUids(grafana: Grafana): Promise<ReadonlySet<string>> {
  const tagged = await search(grafana, { tag: ownTag });
  return new Set(tagged.map(({ uid }) => uid));
}

function search(
  grafana: Grafana,
  query: Readonly<Record<string, string>>,
): Promise<readonly Hit[]> {
  return readPages<Hit>(grafana, 'search dashboards', '/search', { type: 'dash-db', ...query });
}

function versionOf(found: Found | undefined): { version?: JsonValue } {
  const version = found?.dashboard['version'];
  return version === undefined ? {} : { version };
}

/** Without what Grafana counts and adds by itself. */
function comparable(dashboard: JsonObject): JsonObject {
  const { id: _id, version: _version, iteration: _iteration, ...rest } = dashboard;
  const { annotations } = rest;
  const list = isObject(annotations) ? annotations['list'] : undefined;
  if (!isObject(annotations) || !Array.isArray(list)) return rest;
  const ours = list.filter((each) => !isObject(each) || each['builtIn'] !== 1);
  return { ...rest, annotations: { ...annotations, list: ours } };
}

type Current = { readonly uid: string; readonly name: string };

/** What was chosen, else what is there; also its name where that could not be looked up. */
function currentFor(
  chosen: ChosenDataSource | undefined,
  there: Current | undefined,
): Current | undefined {
  if (chosen === undefined) return there;
  const { uid, name } = chosen;
  return { uid, name: name ?? (there?.uid === uid ? there.name : uid) };
}

/** The data source that the dashboard in Grafana starts with. */
function currentOf(dashboard: JsonObject | undefined): Current | undefined {
  const current = variablesOf(dashboard).find(isDataSource)?.['current'];
  if (!isObject(current) || typeof current['value'] !== 'string') return undefined;
  return { uid: current['value'], name: String(current['text']) };
}

function withCurrent(dashboard: JsonObject, current: Current | undefined): JsonObject {
  if (current === undefined) return dashboard;
  const list = variablesOf(dashboard).map((variable) =>
    isDataSource(variable)
      ? { ...variable, current: { selected: true, text: current.name, value: current.uid } }
      : variable,
  );
  return { ...dashboard, templating: { list } };
}

function variablesOf(dashboard: JsonObject | undefined): readonly JsonObject[] {
  const templating = dashboard?.['templating'];
  const list = isObject(templating) ? templating['list'] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function isDataSource(variable: JsonObject): boolean {
  return variable['type'] === 'datasource';
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
