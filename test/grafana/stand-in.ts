/**
 * A stand-in of Grafana's HTTP API with state, roles and versions, over real sockets. Every request
 * and every answer is held against Grafana's published description; what breaks it is a
 * {@link StandIn.violations violation}. Where the description is silent it does as Grafana 12 does.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerFaults, matchOperation, requestFaults } from './description.ts';
import { answerQueries } from './queries.ts';
import { type Answer, answer, type Role, State } from './state.ts';

export type StandInOptions = {
  /** `/grafana` for one that stands below a path. */
  readonly basePath?: string;
  /** Absent for one without the ClickHouse plugin. */
  readonly pluginVersion?: string | undefined;
  readonly port?: number;
};

/** What the next fitting request meets instead of an answer. */
type Fault = {
  /** `POST /dashboards/db`, or the beginning of it. */
  readonly on: string;
  /** The connection is cut before, or after, the request was done. */
  readonly instead: 'cut' | 'do and cut' | number;
  readonly headers?: Readonly<Record<string, string>>;
};

export type StandIn = {
  readonly url: string;
  readonly state: State;
  /** `POST /dashboards/db 200`, in order. */
  readonly requests: string[];
  readonly violations: string[];
  readonly faults: Fault[];
  readonly close: () => Promise<void>;
};

/** By role, as service accounts have them. */
export const tokens: Readonly<Record<Role, string>> = {
  Admin: 'glsa_admin',
  Editor: 'glsa_editor',
  Viewer: 'glsa_viewer',
};

export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const { basePath = '', port = 0 } = options;
  const state = new State('pluginVersion' in options ? options.pluginVersion : '4.20.0');
  const parts = { state, requests: [], violations: [], faults: [] };
  const server = createServer((request, response) => {
    void serve(request, response, { ...parts, basePath });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    ...parts,
    url: `http://127.0.0.1:${taken}${basePath}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Parts = Pick<StandIn, 'state' | 'requests' | 'violations' | 'faults'> & {
  readonly basePath: string;
};

async function serve(request: IncomingMessage, response: ServerResponse, parts: Parts) {
  const { basePath, faults, requests } = parts;
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
  const { method = 'GET' } = request;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (!pathname.startsWith(`${basePath}/api/`)) {
    response.writeHead(404, { 'content-type': 'text/html' }).end('<!doctype html><title>no');
    return;
  }
  const path = pathname.slice(`${basePath}/api`.length);
  const line = `${method} ${path}`;
  const index = faults.findIndex(({ on }) => line.startsWith(on));
  const [fault] = index === -1 ? [] : faults.splice(index, 1);
  const role = roleOf(request.headers.authorization);
  const body = text === '' ? undefined : JSON.parse(text);
  const done =
    fault !== undefined && fault.instead !== 'do and cut'
      ? undefined
      : await handle(
          method,
          path,
          { query: searchParams, body, role, headers: request.headers },
          parts,
        );
  requests.push(`${line} ${fault?.instead ?? done?.status}`);
  if (fault?.instead === 'cut' || fault?.instead === 'do and cut') {
    response.destroy();
    return;
  }
  const status = fault?.instead ?? done?.status ?? 500;
  const said = done?.body ?? { message: 'the stand-in was told to say so' };
  const headers = { 'content-type': 'application/json', ...fault?.headers };
  response.writeHead(Number(status), headers).end(JSON.stringify(said));
}

type Asked = {
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly role: Role | undefined;
  readonly headers: IncomingMessage['headers'];
};

async function handle(
  method: string,
  path: string,
  { query, body, role, headers }: Asked,
  { state, violations }: Parts,
): Promise<Answer> {
  // The description leaves it out.
  const plugin = /^\/plugins\/([^/]+)\/settings$/.exec(path)?.[1];
  if (plugin !== undefined) {
    return role === undefined ? unknownToken() : state.pluginSettings(plugin);
  }
  // Described by Go types that are written otherwise.
  if (method === 'POST' && path === '/ds/query') {
    return role === undefined ? unknownToken() : await answerQueries(state, body as never);
  }
  const matched = matchOperation(method, path);
  if (matched === undefined) {
    violations.push(`${method} ${path} is not in the description`);
    return answer(404, 'Not found');
  }
  const { operation, uid, name } = matched;
  violations.push(...requestFaults(operation, query, body, Object.keys(headers)));
  const provenance = headers['x-disable-provenance'] === undefined ? 'api' : '';
  const asked = { uid, name, query, body: body as never, provenance };
  const given =
    role === undefined && operation.id !== 'getHealth'
      ? unknownToken()
      : state.handle(operation.id, { ...asked, role: role ?? 'Viewer' });
  violations.push(...answerFaults(operation, given.status, given.body));
  return given;
}

function unknownToken(): Answer {
  return answer(401, 'Invalid API key');
}

function roleOf(authorization: string | undefined): Role | undefined {
  const roles = Object.keys(tokens) as Role[];
  return roles.find((role) => authorization === `Bearer ${tokens[role]}`);
}
