/**
 * The part of Grafana's published description that is used (`api.json`, written by
 * `tools/grafana-api.ts`): which operation a request is, and whether request and answer keep to it.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

type Operation = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, { readonly type: string }>>;
  /** In small letters; absent where there are none. */
  readonly headers?: readonly string[];
  readonly body?: object;
  readonly responses: Readonly<Record<string, object>>;
};

type Description = {
  readonly operations: readonly Operation[];
  readonly definitions: Readonly<Record<string, object>>;
};

/** `uid` and `name` are the parts of the path that are not fixed, in this order. */
export type Matched = {
  readonly operation: Operation;
  readonly uid: string;
  readonly name: string;
};

const description: Description = JSON.parse(
  readFileSync(new URL('./api.json', import.meta.url), 'utf8'),
);
const refusal = { $ref: '#/definitions/ErrorResponseBody' };
const ajv = new Ajv({ strict: false, formats: { 'date-time': true } });
const compiled = new Map<object, ValidateFunction>();

/** The operation of a path below `/api`; undefined for what the description does not have. */
export function matchOperation(method: string, path: string): Matched | undefined {
  for (const operation of description.operations) {
    const pattern = operation.path.replaceAll(/\{\w+\}/g, '([^/]+)');
    const found = new RegExp(`^${pattern}$`).exec(path);
    if (found === null || operation.method !== method) continue;
    const [, uid = '', name = ''] = found.map(decodeURIComponent);
    return { operation, uid, name };
  }
  return undefined;
}

/** What is wrong with a request, in words. */
export function requestFaults(
  { id, query: known, headers = [], body: schema }: Operation,
  query: URLSearchParams,
  body: unknown,
  sent: readonly string[],
): readonly string[] {
  const unknown = [...query.keys()].filter((key) => known[key] === undefined);
  const faults = unknown.map((key) => `${id}: no query parameter ${key}`);
  const strange = sent.filter((name) => name.startsWith('x-') && !headers.includes(name));
  faults.push(...strange.map((name) => `${id}: no header ${name}`));
  for (const [key, { type }] of Object.entries(known)) {
    const value = query.get(key);
    if (type !== 'integer' || value === null || /^\d+$/.test(value)) continue;
    faults.push(`${id}: ${key}=${value} is no integer`);
  }
  if (schema === undefined && body !== undefined) faults.push(`${id}: takes no body`);
  if (schema !== undefined) faults.push(...bodyFaults(id, schema, body));
  return faults;
}

export function answerFaults(
  { id, responses }: Operation,
  status: number,
  body: unknown,
): readonly string[] {
  // Every operation may refuse a token; the description leaves it out of some.
  const refused = status === 401 || status === 403 ? refusal : undefined;
  const schema = responses[String(status)] ?? refused;
  if (schema === undefined) return [`${id}: no answer with status ${status}`];
  return bodyFaults(`${id} ${status}`, schema, body);
}

function bodyFaults(id: string, schema: object, body: unknown): readonly string[] {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = ajv.compile({ ...schema, definitions: description.definitions });
    compiled.set(schema, validate);
  }
  if (validate(body)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${id}: ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
