/**
 * The ClickHouse data source in a Grafana: made and kept up to date when it is said where
 * ClickHouse is, else found. Of a data source that is there only what we say is compared and
 * written; other settings stay, and so does the name.
 */
import type { JsonObject } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import { type DataSourceTarget, dataSourceBase, dataSourceBody, plugin } from '../data-source.ts';
import type { Grafana } from './api.ts';
import { compareJson } from './compare.ts';
import type { Change, Inspection, Resource } from './resource.ts';

export type DataSourceOptions = {
  /** The uid of one that exists already. */
  readonly uid?: string;
  /** Where Grafana reaches ClickHouse; ours is made or brought up to date. */
  readonly connection?: DataSourceTarget & {
    readonly user: string;
    readonly password: string;
    /** Write the password even if one is set: Grafana does not say which. */
    readonly renewPassword: boolean;
  };
};

type Connection = NonNullable<DataSourceOptions['connection']>;

export type ChosenDataSource = {
  readonly uid: string;
  /** Absent where the token may not look it up. */
  readonly name?: string;
};

export type DataSourceChoice = {
  /** What the dashboards start with; absent where Grafana or a person chooses. */
  readonly chosen?: ChosenDataSource;
  /** Those of ClickHouse, where nothing was chosen and the token sees them. */
  readonly fitting?: readonly ChosenDataSource[];
  readonly resource?: Resource;
  readonly notes: readonly string[];
};

type Listed = { readonly uid: string; readonly name: string; readonly type: string };

type Found = Listed & {
  readonly readOnly?: boolean;
  readonly version?: number;
  readonly jsonData?: JsonObject;
  readonly secureJsonFields?: Readonly<Record<string, boolean>>;
  readonly [key: string]: unknown;
};

const { uid: ownUid, name: firstName } = dataSourceBase;
/** Name of ours where somebody else has taken the first one. */
const secondName = 'ClickHouse (obsctl)';
const what = 'read data sources';

export async function chooseDataSource(
  grafana: Grafana,
  { uid, connection }: DataSourceOptions,
): Promise<DataSourceChoice> {
  if (connection !== undefined) return ownDataSource(grafana, connection);
  const listed = await listDataSources(grafana);
  if (uid !== undefined) return givenDataSource(grafana, uid, listed);
  if (listed === undefined) {
    return {
      notes: ['the token may not read data sources: dashboards keep theirs, or take the first'],
    };
  }
  const fitting = listed.filter(({ type }) => type === plugin.id);
  const own = fitting.find((each) => each.uid === ownUid);
  if (own !== undefined) return { chosen: own, notes: [] };
  if (fitting.length === 1) return { fitting, notes: [] };
  const note =
    fitting.length === 0
      ? 'there is no ClickHouse data source yet: make one with `--clickhouse URL`'
      : `there are ${fitting.length} ClickHouse data sources: choose with \`--data-source-uid\``;
  return { fitting, notes: [note] };
}

/** Undefined where the token's role does not see them, as that of an Editor. */
async function listDataSources(grafana: Grafana): Promise<readonly Listed[] | undefined> {
  try {
    return (await grafana.read<readonly Listed[]>(what, '/datasources')) ?? [];
  } catch (error) {
    if (Error.isError(error) && 'code' in error && error.code === 'OBS-4106') return undefined;
    throw error;
  }
}

function givenDataSource(
  grafana: Grafana,
  uid: string,
  listed: readonly Listed[] | undefined,
): DataSourceChoice {
  if (listed === undefined) {
    const note = `the token may not read data sources: ${uid} was not looked at`;
    return { chosen: { uid }, notes: [note] };
  }
  const found = listed.find((each) => each.uid === uid);
  if (found?.type === plugin.id) return { chosen: found, notes: [] };
  const fitting = listed.filter(({ type }) => type === plugin.id).map((each) => each.uid);
  const there = fitting.length === 0 ? 'there are none' : `there are ${fitting.join(', ')}`;
  const fault =
    found === undefined
      ? `there is no data source with the uid ${uid}`
      : `the data source ${uid} is of type ${found.type}`;
  throw new Problem('OBS-4112', `${fault}; of ${plugin.id} ${there}`, { where: grafana.address });
}

async function ownDataSource(grafana: Grafana, connection: Connection): Promise<DataSourceChoice> {
  const { name, uid } = (await readOwn(grafana)) ?? { name: await freeName(grafana), uid: ownUid };
  const resource: Resource = {
    kind: 'data source',
    uid,
    title: name,
    inspect: () => inspectOwn(grafana, connection, name),
  };
  return { chosen: { uid, name }, resource, notes: [] };
}

function readOwn(grafana: Grafana): Promise<Found | undefined> {
  return grafana.read<Found>(what, `/datasources/uid/${ownUid}`);
}

async function inspectOwn(
  grafana: Grafana,
  { user, password, renewPassword, ...target }: Connection,
  name: string,
): Promise<Inspection> {
  const body = dataSourceBody(target);
  const jsonData = { ...body.jsonData, username: user };
  const secret = password === '' ? {} : { secureJsonData: { password } };
  const found = await readOwn(grafana);
  if (found === undefined) {
    const whole = { ...body, jsonData, ...secret, name, isDefault: false };
    const write = () => grafana.write('create a data source', 'POST', '/datasources', whole);
    return { action: 'create', changes: [], write };
  }
  refuseForeign(grafana, found);
  const unset = found.secureJsonFields?.['password'] !== true;
  const changes: readonly Change[] = [
    ...compareJson(found.jsonData, jsonData, { subset: true }, 'jsonData'),
    ...(password !== '' && (unset || renewPassword) ? [{ path: 'secureJsonData.password' }] : []),
  ];
  if (changes.length > 0 && found.readOnly === true) {
    const fault = `the data source ${found.uid} is provisioned from a file, and differs`;
    throw new Problem('OBS-4110', `${fault}: ${changes.map(({ path }) => path).join(', ')}`, {
      where: grafana.address,
    });
  }
  const whole = { ...kept(found), jsonData: merged(found.jsonData, jsonData), ...secret };
  const write = () =>
    grafana.write('change the data source', 'PUT', `/datasources/uid/${ownUid}`, whole);
  return { action: changes.length === 0 ? 'none' : 'update', changes, write };
}

async function freeName(grafana: Grafana): Promise<string> {
  const listed = await listDataSources(grafana);
  return listed?.some(({ name }) => name === firstName) ? secondName : firstName;
}

function refuseForeign(grafana: Grafana, found: Found): void {
  if (found.type === plugin.id) return;
  const fault = `the data source ${found.uid} "${found.name}" is of type ${found.type}`;
  throw new Problem('OBS-4108', `${fault}, so it is not ours`, { where: grafana.address });
}

/** Fields of the command that changes a data source; what is left out would be emptied. */
const keptFields = [
  ...['name', 'uid', 'type', 'access', 'url', 'user', 'database', 'isDefault', 'version'],
  ...['basicAuth', 'basicAuthUser', 'withCredentials'],
];

function kept(found: Found): Record<string, unknown> {
  const there = keptFields.filter((field) => found[field] !== undefined);
  return Object.fromEntries(there.map((field) => [field, found[field]]));
}

/** Ours over theirs, key by key at every depth. */
function merged(theirs: JsonObject | undefined, ours: JsonObject): JsonObject {
  const whole: Record<string, JsonObject[string]> = { ...theirs };
  for (const [key, value] of Object.entries(ours)) {
    const before = whole[key];
    whole[key] = isObject(value) && isObject(before) ? merged(before, value) : value;
  }
  return whole;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
