/** What the stand-in of a Grafana remembers, and what each operation does with it. */
import { type RouteJson, RoutingState } from './routing.ts';
import { type RuleJson, Rules } from './rules.ts';

export type Role = 'Viewer' | 'Editor' | 'Admin';

export type Answer = { readonly status: number; readonly body: unknown };

export function answer(status: number, message: string, more: object = {}): Answer {
  return { status, body: { message, ...more } };
}

type Json = { [key: string]: unknown };

export type StoredFolder = { uid: string; title: string; id: number; version: number };

export type StoredDashboard = {
  data: Json & { uid: string; title: string; version: number };
  folderUid: string;
  provisioned: boolean;
};

export type StoredDataSource = {
  fields: Json & { uid: string; name: string; type: string; version: number; id: number };
  readOnly: boolean;
  secrets: Record<string, string>;
};

export type Call = {
  readonly uid: string;
  /** The second part of the path that is not fixed. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: Json & { dashboard?: Json; secureJsonData?: Record<string, string> };
  readonly role: Role;
  /** Whom a rule is written by: `api`, or nobody with the header X-Disable-Provenance. */
  readonly provenance: string;
};

const rank = { Viewer: 0, Editor: 1, Admin: 2 } as const;

/** Least role by operation, as a Grafana without custom roles has it. */
const needs: Readonly<Record<string, Role>> = {
  createFolder: 'Editor',
  updateFolder: 'Editor',
  postDashboard: 'Editor',
  deleteDashboardByUID: 'Editor',
  getDataSources: 'Admin',
  getDataSourceByUID: 'Admin',
  addDataSource: 'Admin',
  updateDataSourceByUID: 'Admin',
  PutAlertRuleGroup: 'Editor',
  DeleteAlertRule: 'Editor',
  PostContactpoints: 'Editor',
  PutContactpoint: 'Editor',
  DeleteContactpoints: 'Editor',
  PutPolicyTree: 'Editor',
  PostMuteTiming: 'Editor',
  PutMuteTiming: 'Editor',
  DeleteMuteTiming: 'Editor',
};

export class State {
  readonly folders = new Map<string, StoredFolder>();
  readonly dashboards = new Map<string, StoredDashboard>();
  readonly dataSources = new Map<string, StoredDataSource>();
  readonly alerts = new Rules();
  readonly routing = new RoutingState();
  /** An older one lets only an Admin to the API of alert rules, and has no `keep_firing_for`. */
  version = '12.2.0';
  /** What a data source answers to SQL; rejects with the words of ClickHouse. */
  queryClickHouse: (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]> = () =>
    Promise.reject(new Error('dial tcp: lookup clickhouse.example: no such host'));
  readonly #pluginVersion: string | undefined;
  #id = 0;

  constructor(pluginVersion: string | undefined) {
    this.#pluginVersion = pluginVersion;
  }

  handle(id: string, call: Call): Answer {
    const operation = this.#operations[id];
    if (operation === undefined) throw new Error(`the stand-in does not do ${id}`);
    const old = id.includes('AlertRule') && Number.parseInt(this.version, 10) < 11;
    if (rank[call.role] < rank[old ? 'Admin' : (needs[id] ?? 'Viewer')]) {
      return answer(403, `You'll need additional permissions to perform this action: ${id}`);
    }
    return operation(call);
  }

  pluginSettings(id: string): Answer {
    if (id !== 'grafana-clickhouse-datasource' || this.#pluginVersion === undefined) {
      return answer(404, 'Plugin not found, no installed plugin with that id');
    }
    return {
      status: 200,
      body: { id, type: 'datasource', info: { version: this.#pluginVersion } },
    };
  }

  readonly #operations: Readonly<Record<string, (call: Call) => Answer>> = {
    getHealth: () => ({ status: 200, body: { database: 'ok', version: this.version } }),
    getFolders: ({ query }) => ok(page([...this.folders.values()].map(folderHit), query)),
    getFolderByUID: ({ uid }) => found(this.folders.get(uid), 'folder not found'),
    createFolder: ({ body }) => this.#createFolder(body),
    updateFolder: ({ uid, body }) => this.#updateFolder(uid, body),
    getDataSources: () => ok([...this.dataSources.values()].map(listed)),
    getDataSourceByUID: ({ uid }) => {
      const stored = this.dataSources.get(uid);
      return found(stored && shown(stored), 'Data source not found');
    },
    addDataSource: ({ body }) => this.#addDataSource(body),
    updateDataSourceByUID: ({ uid, body }) => this.#updateDataSource(uid, body),
    search: ({ query }) => ok(page(this.#search(query), query)),
    getDashboardByUID: ({ uid }) => this.#getDashboard(uid),
    postDashboard: ({ body }) => this.#postDashboard(body),
    deleteDashboardByUID: ({ uid }) => this.#deleteDashboard(uid),
    GetAlertRules: () => ok(this.alerts.list()),
    GetAlertRuleGroup: ({ uid, name }) =>
      found(this.alerts.group({ folderUid: uid, title: name }), 'rule group not found'),
    PutAlertRuleGroup: (call) => this.#putRuleGroup(call),
    DeleteAlertRule: ({ uid, provenance }) => {
      const fault = this.alerts.remove(uid, provenance);
      return fault === undefined ? { status: 204, body: undefined } : answer(...fault);
    },
    GetContactpoints: () => ok(this.routing.listPoints()),
    PostContactpoints: ({ body, provenance }) =>
      done(202, body, this.routing.createPoint(body, provenance)),
    PutContactpoint: ({ uid, body, provenance }) =>
      done(202, {}, this.routing.changePoint(uid, body, provenance)),
    DeleteContactpoints: ({ uid }) => done(202, {}, this.routing.removePoint(uid)),
    GetPolicyTree: () => ok(this.routing.readTree()),
    PutPolicyTree: ({ body, provenance }) =>
      done(202, {}, this.routing.putTree(body as RouteJson, provenance)),
    GetMuteTimings: () => ok(this.routing.listTimings()),
    PostMuteTiming: ({ body, provenance }) =>
      done(201, body, this.routing.putTiming(String(body['name']), body, provenance)),
    PutMuteTiming: ({ uid, body, provenance }) =>
      done(202, body, this.routing.putTiming(uid, body, provenance)),
    DeleteMuteTiming: ({ uid }) => done(204, undefined, this.routing.removeTiming(uid)),
  };

  #putRuleGroup({ uid, name, body, provenance }: Call): Answer {
    if (!this.folders.has(uid)) return answer(400, 'folder does not exist');
    const rules = (body['rules'] as RuleJson[]).map(({ keep_firing_for: kept, ...rule }) =>
      Number.parseInt(this.version, 10) < 12 ? rule : { ...rule, keep_firing_for: kept },
    ) as RuleJson[];
    const group = { interval: Number(body['interval']), rules };
    const fault = this.alerts.replace({ folderUid: uid, title: name }, group, provenance);
    return fault === undefined ? ok(body) : answer(...fault);
  }

  #createFolder({ uid, title }: Json): Answer {
    const made = { uid: String(uid), title: String(title), id: this.#nextId(), version: 1 };
    if (this.folders.has(made.uid)) {
      return answer(409, 'a folder/dashboard with the same uid already exists');
    }
    this.folders.set(made.uid, made);
    return ok(made);
  }

  #updateFolder(uid: string, { title, version, overwrite }: Json): Answer {
    const folder = this.folders.get(uid);
    if (folder === undefined) return answer(404, 'folder not found');
    if (overwrite !== true && version !== folder.version) {
      return answer(409, 'the folder has been changed by someone else');
    }
    const changed = { ...folder, title: String(title), version: folder.version + 1 };
    this.folders.set(uid, changed);
    return ok(changed);
  }

  #addDataSource({ secureJsonData = {}, ...rest }: Call['body']): Answer {
    const { uid, name, type } = rest as { uid: string; name: string; type: string };
    if (this.#nameTaken(name, ''))
      return answer(409, 'data source with the same name already exists');
    if (this.dataSources.has(uid))
      return answer(409, 'data source with the same uid already exists');
    const id = this.#nextId();
    const fields = { ...rest, uid, name, type, id, version: 1 };
    const stored = { fields, readOnly: false, secrets: secureJsonData };
    this.dataSources.set(uid, stored);
    return ok({ id, name, message: 'Datasource added', datasource: shown(stored) });
  }

  #updateDataSource(uid: string, { secureJsonData = {}, ...rest }: Call['body']): Answer {
    const stored = this.dataSources.get(uid);
    if (stored === undefined) return answer(404, 'Data source not found');
    if (stored.readOnly) return answer(403, 'Cannot update read-only data source');
    const { name, type, version } = rest as { name: string; type: string; version?: number };
    if (this.#nameTaken(name, uid)) return answer(409, 'data source with the same name exists');
    if (version !== undefined && version !== stored.fields.version) {
      return answer(409, 'Datasource has already been updated by someone else.');
    }
    // Everything but the secrets is replaced, as Grafana does it.
    const { id, version: before } = stored.fields;
    stored.fields = { ...rest, uid, name, type, id, version: before + 1 };
    stored.secrets = { ...stored.secrets, ...secureJsonData };
    return ok({ id, name, message: 'Datasource updated', datasource: shown(stored) });
  }

  #nameTaken(name: string, uid: string): boolean {
    return [...this.dataSources.values()].some(
      ({ fields }) => fields.name === name && fields.uid !== uid,
    );
  }

  #search(query: URLSearchParams): readonly Json[] {
    const tags = query.getAll('tag');
    const folders = query.getAll('folderUIDs');
    return [...this.dashboards.values()]
      .filter(({ folderUid }) => folders.length === 0 || folders.includes(folderUid))
      .filter(({ data }) => tags.every((tag) => tagsOf(data).includes(tag)))
      .map(({ data, folderUid }) => ({
        uid: data.uid,
        title: data.title,
        type: 'dash-db',
        tags: tagsOf(data),
        ...(folderUid === '' ? {} : { folderUid }),
      }));
  }

  #getDashboard(uid: string): Answer {
    const stored = this.dashboards.get(uid);
    if (stored === undefined) return answer(404, 'Dashboard not found');
    const { data, folderUid, provisioned } = stored;
    const { version } = data;
    const file = provisioned ? { provisionedExternalId: `${uid}.json` } : {};
    const meta = { type: 'db', folderUid, version, provisioned, ...file };
    return ok({ dashboard: data, meta });
  }

  #postDashboard({ dashboard = {}, folderUid = '', overwrite }: Call['body']): Answer {
    const { uid, title } = dashboard as { uid: string; title: string };
    if (title === undefined) return answer(400, 'Dashboard title cannot be empty');
    const folder = String(folderUid);
    if (folder !== '' && !this.folders.has(folder)) return answer(404, 'Folder not found');
    const stored = this.dashboards.get(uid);
    if (stored?.provisioned) return answer(400, 'Cannot save provisioned dashboard');
    const before = stored?.data.version ?? 0;
    if (stored !== undefined && overwrite !== true && dashboard['version'] !== before) {
      const more = { status: 'version-mismatch' };
      return answer(412, 'The dashboard has been changed by someone else', more);
    }
    const id = Number(stored?.data['id'] ?? this.#nextId());
    const version = before + 1;
    const data = { ...dashboard, uid, title, id, version };
    this.dashboards.set(uid, { data, folderUid: folder, provisioned: false });
    return ok({ id, uid, title, version, status: 'success', url: `/d/${uid}`, folderUid: folder });
  }

  #deleteDashboard(uid: string): Answer {
    const stored = this.dashboards.get(uid);
    if (stored === undefined) return answer(404, 'Dashboard not found');
    this.dashboards.delete(uid);
    const { title } = stored.data;
    return ok({ uid, title, message: `Dashboard ${title} deleted` });
  }

  #nextId(): number {
    this.#id += 1;
    return this.#id;
  }
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function done(
  status: number,
  body: unknown,
  fault: readonly [status: number, message: string] | undefined,
): Answer {
  return fault === undefined ? { status, body } : answer(...fault);
}

function found(body: unknown, missing: string): Answer {
  return body === undefined ? answer(404, missing) : ok(body);
}

function page<Item>(items: readonly Item[], query: URLSearchParams): readonly Item[] {
  const size = Number(query.get('limit') ?? 1000);
  const start = (Number(query.get('page') ?? 1) - 1) * size;
  return items.slice(start, start + size);
}

function folderHit({ uid, title, id }: StoredFolder): Json {
  return { uid, title, id };
}

/** Never with the secrets: only which of them are set. */
function shown({ fields, readOnly, secrets }: StoredDataSource): Json {
  const set = Object.keys(secrets).map((key) => [key, true]);
  return { ...fields, readOnly, secureJsonFields: Object.fromEntries(set) };
}

function listed({ fields, readOnly }: StoredDataSource): Json {
  const { uid, name, type, id, isDefault = false, jsonData = {} } = fields;
  return { uid, name, type, id, isDefault, jsonData, readOnly };
}

function tagsOf({ tags }: Json): readonly string[] {
  return Array.isArray(tags) ? tags : [];
}
