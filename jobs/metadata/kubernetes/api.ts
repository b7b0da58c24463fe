/**
 * The Kubernetes API server, as the reflector and the lease need it: pages of a list, a stream of
 * events, single objects. The only file that loads the official client, and only when it is
 * called: its index costs a second and more memory than all else here.
 *
 * Of the client are used how a cluster is found and how one proves who one is (`KubeConfig`), the
 * request and its sending, and the stream (`Watch`). The client makes a new pool of connections for
 * each request; it is ended here with the request, also when that still waits for its answer.
 */
import type { KubeConfig, RequestContext } from '@kubernetes/client-node';
import type { JsonObject } from '../../../core/json.ts';
import { Problem } from '../../../core/problem.ts';

type Client = typeof import('@kubernetes/client-node');

/** An object as the server has it; of `metadata.managedFields` only the latest time. */
export type KubeObject = JsonObject & {
  readonly metadata: JsonObject & {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
};

export type Page = {
  readonly objects: readonly KubeObject[];
  /** Of the whole list: the same on each of its pages. */
  readonly resourceVersion: string;
  /** Asks for the next page; undefined on the last one. */
  readonly continue: string | undefined;
};

type PageQuery = {
  readonly limit: number;
  readonly continue?: string | undefined;
  /** Without it the list is as new as the server's own store, which is dearer for the server. */
  readonly resourceVersion?: string;
};

/** Of type ADDED, MODIFIED, DELETED, BOOKMARK or ERROR; of an ERROR the object is a Status. */
export type WatchEvent = { readonly type: string; readonly object: JsonObject };

export type WatchParams = Readonly<Record<string, string | number | boolean>>;

type WatchHandle = {
  /** Neither callback is called any more. */
  readonly stop: () => void;
};

/** All fail with an {@link ApiFailure}. */
export type Api = {
  /** Where it is, as the kubeconfig says. */
  readonly server: string;
  readonly list: (path: string, query: PageQuery, signal?: AbortSignal) => Promise<Page>;
  /** `onDone` is called once, unless it was stopped before; without a failure at a clean end. */
  readonly watch: (
    path: string,
    params: WatchParams,
    onEvent: (event: WatchEvent) => void,
    onDone: (failure?: ApiFailure) => void,
  ) => WatchHandle;
  readonly get: (path: string, signal?: AbortSignal) => Promise<JsonObject>;
  /** `path` is of the collection. */
  readonly create: (path: string, body: JsonObject, signal?: AbortSignal) => Promise<JsonObject>;
  /** `path` is of the object, whose `metadata.resourceVersion` must be the one of the server. */
  readonly replace: (path: string, body: JsonObject, signal?: AbortSignal) => Promise<JsonObject>;
};

/** What the server answered instead of what it was asked for, or that it did not answer. */
export class ApiFailure extends Error {
  override readonly name: string = 'ApiFailure';
  /** Of HTTP; 0 without an answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function isApiFailure(error: unknown): error is ApiFailure {
  return Error.isError(error) && error.name === 'ApiFailure';
}

const requestMsMax = 60_000;
/**
 * Without a byte: bookmarks come each minute or so, and two of them may be missed. Kinds that the
 * server does not keep in its cache have none, so that silence is an end, not a failure.
 */
const silenceMsMax = 150_000;
/** What the client falls back to when it finds nothing. */
const nowhere = 'http://localhost:8080';

export type KubernetesOptions = {
  /** A file; without it `KUBECONFIG`, the one in the home folder, or the pod's service account. */
  readonly kubeconfig?: string;
};

/** @throws Problem OBS-6070, OBS-6071 or OBS-6072 */
export async function connectKubernetes(options: KubernetesOptions = {}): Promise<Api> {
  const client = await import('@kubernetes/client-node');
  const { config, server } = load(client, options.kubeconfig);
  const connection: Connection = { client, config, server };
  const read = (path: string, signal?: AbortSignal) => ask(connection, 'GET', path, { signal });
  try {
    await read('/version');
  } catch (error) {
    throw unreachable(server, error);
  }
  return {
    server,
    list: async (path, query, signal) => toPage(await read(`${path}?${search(query)}`, signal)),
    watch: (path, params, onEvent, onDone) => stream(connection, path, params, { onEvent, onDone }),
    get: read,
    create: (path, body, signal) => ask(connection, 'POST', path, { body, signal }),
    replace: (path, body, signal) => ask(connection, 'PUT', path, { body, signal }),
  };
}

type Connection = {
  readonly client: Client;
  readonly config: KubeConfig;
  /** Without a slash at its end. */
  readonly server: string;
};

function load(client: Client, file: string | undefined): { config: KubeConfig; server: string } {
  const config = new client.KubeConfig();
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (error) {
    // The words of a parser show the lines around the fault, which may be a token.
    const code = Error.isError(error) && 'code' in error ? ` (${String(error.code)})` : '';
    const what = code === '' ? 'it is no kubeconfig' : `it cannot be read${code}`;
    throw new Problem('OBS-6070', what, { where: file ?? 'kubeconfig' });
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null || cluster.server === undefined) {
    const name = config.getCurrentContext();
    const lack = name === undefined ? 'is not set' : `“${name}” has no cluster`;
    const what = `the current context ${lack}`;
    throw new Problem('OBS-6070', what, { where: file ?? 'kubeconfig' });
  }
  if (file === undefined && cluster.server === nowhere) {
    throw new Problem('OBS-6070', 'no kubeconfig was found, and no service account of a pod');
  }
  return { config, server: cluster.server.replace(/\/+$/, '') };
}

function unreachable(server: string, error: unknown): Problem {
  const { status, message } = asFailure(error);
  const code = status === 401 || status === 403 ? 'OBS-6072' : 'OBS-6071';
  return new Problem(code, message, { where: server, reach: 'outside' });
}

type Request = { readonly body?: JsonObject; readonly signal: AbortSignal | undefined };

async function ask(
  { client, config, server }: Connection,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  { body, signal }: Request,
): Promise<JsonObject> {
  const context = new client.RequestContext(`${server}${path}`, method as never);
  const limit = AbortSignal.timeout(requestMsMax);
  context.setSignal(signal === undefined ? limit : AbortSignal.any([signal, limit]));
  context.setHeaderParam('Accept', 'application/json');
  if (body !== undefined) {
    context.setHeaderParam('Content-Type', 'application/json');
    context.setBody(JSON.stringify(body));
  }
  try {
    await config.applySecurityAuthentication(context);
    const answer = await new client.IsomorphicFetchHttpLibrary().send(context).toPromise();
    const text = await answer.body.text();
    const { httpStatusCode: status } = answer;
    if (status < 200 || status > 299) throw new ApiFailure(status, messageOf(text, status));
    return JSON.parse(text);
  } catch (error) {
    throw asFailure(error);
  } finally {
    drop(context);
  }
}

type Callbacks = {
  readonly onEvent: (event: WatchEvent) => void;
  readonly onDone: (failure?: ApiFailure) => void;
};

function stream(
  connection: Connection,
  path: string,
  params: WatchParams,
  { onEvent, onDone }: Callbacks,
): WatchHandle {
  const { client, config, server } = connection;
  let ended = false;
  let stopped = false;
  let answered = false;
  let context: RequestContext | undefined;
  const end = (): void => {
    ended = true;
    // Also ends what still waits for an answer: the client gives its handle only with the answer.
    if (context !== undefined) drop(context);
  };
  const done = (error: unknown): void => {
    if (ended) return;
    end();
    const silent = answered && Error.isError(error) && error.name === 'TimeoutError';
    void refusal(connection, path, silent ? undefined : error).then((failure) => {
      if (!stopped) onDone(failure);
    });
  };
  const owner = {
    getCurrentCluster: () => ({ ...config.getCurrentCluster(), server }),
    applySecurityAuthentication: async (given: RequestContext) => {
      await config.applySecurityAuthentication(given);
      context = given;
      if (ended) drop(given);
    },
  };
  const watch = new client.Watch(owner as unknown as KubeConfig);
  // Its own 30 s are less than the time between two bookmarks; its type does not show the field.
  (watch as unknown as { requestTimeoutMs: number }).requestTimeoutMs = silenceMsMax;
  const event = (type: string, object: JsonObject): void => {
    if (!ended) onEvent({ type, object: slim(object) });
  };
  watch.watch(path, params, event, done).then((handle) => {
    answered = true;
    if (ended) handle.abort();
  }, done);
  const stop = (): void => {
    stopped = true;
    end();
  };
  return { stop };
}

/** Why a watch ended; the client leaves out the server's words, which name the missing right. */
async function refusal(
  connection: Connection,
  path: string,
  error: unknown,
): Promise<ApiFailure | undefined> {
  if (error === null || error === undefined) return undefined;
  const failure = asFailure(error);
  if (failure.status !== 403) return failure;
  const again = `${path}?watch=true&timeoutSeconds=1`;
  return await ask(connection, 'GET', again, { signal: undefined }).then(
    () => failure,
    (refused) => (refused.status === failure.status ? refused : failure),
  );
}

/** Ends the connection that the client made for one request. */
function drop(context: RequestContext): void {
  context
    .getDispatcher()
    ?.destroy()
    .catch(() => undefined);
}

/** A list leaves out of its items what it says itself; in events each object has both. */
function toPage(list: JsonObject): Page {
  const metadata = list['metadata'] as JsonObject;
  const kind = String(list['kind']).replace(/List$/, '');
  const apiVersion = list['apiVersion'] ?? '';
  const items = (list['items'] ?? []) as readonly JsonObject[];
  const token = metadata['continue'];
  return {
    objects: items.map((item) => ({ kind, apiVersion, ...slim(item) }) as unknown as KubeObject),
    resourceVersion: String(metadata['resourceVersion']),
    continue: typeof token === 'string' && token !== '' ? token : undefined,
  };
}

/** Of `managedFields`, often half of an object, stays when the last write was. */
function slim(object: JsonObject): JsonObject {
  const metadata = object['metadata'] as
    | { managedFields?: readonly { time?: string }[] }
    | undefined;
  const fields = metadata?.managedFields;
  if (metadata === undefined || !Array.isArray(fields)) return object;
  // Of one form, so that the order of texts is that of times.
  const last = fields.map(({ time }) => time ?? '').reduce((a, b) => (a > b ? a : b), '');
  metadata.managedFields = last === '' ? [] : [{ time: last }];
  return object;
}

function search({ limit, continue: token, resourceVersion }: PageQuery): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (token !== undefined) query.set('continue', token);
  if (resourceVersion !== undefined) query.set('resourceVersion', resourceVersion);
  return query.toString();
}

function asFailure(error: unknown): ApiFailure {
  if (isApiFailure(error)) return error;
  if (!Error.isError(error)) return new ApiFailure(0, String(error));
  if ('statusCode' in error) return new ApiFailure(Number(error.statusCode), error.message);
  // `fetch failed` says nothing; its cause does.
  const { cause } = error;
  if (!Error.isError(cause)) return new ApiFailure(0, error.message);
  return new ApiFailure(
    0,
    cause.message === '' ? String((cause as { code?: unknown }).code) : cause.message,
  );
}

/** The server's words, out of the Status that it answers with. */
function messageOf(text: string, status: number): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string' && message !== '') return message;
  } catch {
    // A proxy in between answers in its own way.
  }
  return `HTTP ${status}`;
}
