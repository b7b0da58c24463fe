/**
 * `node tools/grafana-api.ts`: writes `test/grafana/api.json`, the part of Grafana's published
 * OpenAPI description that `dashboards push` uses: its operations, their answers by status and the
 * shapes of bodies. Source: Grafana's Go API client, which go-swagger generates from that
 * description (`public/api-merged.json`) and which, unlike Grafana itself, is a module that the Go
 * proxy serves; the version stands in `tools/peers/grafana.ts`. Needs Go.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientModule, clientVersion } from './peers/grafana.ts';

type Schema = { readonly [key: string]: unknown };

/** Folder of the client, and the operation's id in the description. */
const wanted: readonly (readonly [folder: string, id: string])[] = [
  ['health', 'getHealth'],
  ['folders', 'getFolders'],
  ['folders', 'getFolderByUID'],
  ['folders', 'createFolder'],
  ['folders', 'updateFolder'],
  ['datasources', 'getDataSources'],
  ['datasources', 'getDataSourceByUID'],
  ['datasources', 'addDataSource'],
  ['datasources', 'updateDataSourceByUID'],
  ['search', 'search'],
  ['dashboards', 'getDashboardByUID'],
  ['dashboards', 'postDashboard'],
  ['dashboards', 'deleteDashboardByUID'],
  ['provisioning', 'GetAlertRules'],
  ['provisioning', 'GetAlertRuleGroup'],
  ['provisioning', 'PutAlertRuleGroup'],
  ['provisioning', 'DeleteAlertRule'],
  ['provisioning', 'GetContactpoints'],
  ['provisioning', 'PostContactpoints'],
  ['provisioning', 'PutContactpoint'],
  ['provisioning', 'DeleteContactpoints'],
  ['provisioning', 'GetPolicyTree'],
  ['provisioning', 'PutPolicyTree'],
  ['provisioning', 'GetMuteTimings'],
  ['provisioning', 'PostMuteTiming'],
  ['provisioning', 'PutMuteTiming'],
  ['provisioning', 'DeleteMuteTiming'],
];

const target = join(import.meta.dirname, '..', 'test', 'grafana', 'api.json');
const asked = ['mod', 'download', '-json', `${clientModule}@${clientVersion}`];
const { Dir: root } = JSON.parse(execFileSync('go', asked, { encoding: 'utf8' }));
const models = readAll('models');
const definitions: Record<string, Schema> = {};
const operations = wanted.map(([folder, id]) => operationOf(folder, id));
const sorted = Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1)));
const source = `${clientModule}@${clientVersion}`;
const text = JSON.stringify({ source, operations, definitions: sorted }, null, 2);
writeFileSync(target, `${text}\n`);

function operationOf(folder: string, id: string) {
  const files = readAll('client', folder);
  const call = files.join('\n').split(`ID: "${id}"`)[1] ?? fail(id);
  const method = /Method:\s+"(\w+)"/.exec(call)?.[1] ?? fail(id);
  const path = /PathPattern:\s+"([^"]+)"/.exec(call)?.[1] ?? fail(id);
  const goName = id[0]?.toUpperCase() + id.slice(1);
  const answers = files.find((file) => file.includes(`type ${goName}Reader struct`)) ?? fail(id);
  const parameters = files.find((file) => file.includes(`type ${goName}Params struct`)) ?? fail(id);
  const body = /\n\tBody (\S+)\n/.exec(parameters)?.[1];
  return {
    id,
    method,
    path,
    query: queryOf(parameters),
    ...headersOf(parameters),
    ...(body === undefined ? {} : { body: schemaOf(body) }),
    responses: responsesOf(answers),
  };
}

/** Types of query parameters by name. */
function queryOf(parameters: string): Record<string, Schema> {
  const names = [...parameters.matchAll(/SetQueryParam\("(\w+)"/g)].map(([, name = '']) => name);
  return Object.fromEntries(
    names.map((name) => {
      const field = new RegExp(`\\n\\t(${name}) \\*?(\\S+)\\n`, 'i').exec(parameters);
      return [name, schemaOf(field?.[2] ?? fail(name))];
    }),
  );
}

/** Headers that an operation knows; none is an absent key. */
function headersOf(parameters: string): { readonly headers?: readonly string[] } {
  const found = [...parameters.matchAll(/SetHeaderParam\("([\w-]+)"/g)];
  return found.length === 0 ? {} : { headers: found.map(([, name = '']) => name.toLowerCase()) };
}

function responsesOf(answers: string): Record<string, Schema> {
  const pattern =
    /response with status code (\d+)[\s\S]*?\ntype \w+ struct \{\n(?:\tPayload (\S+)\n)?/g;
  return Object.fromEntries(
    [...answers.matchAll(pattern)].map(([, status, payload]) => [
      status,
      payload === undefined ? {} : schemaOf(payload),
    ]),
  );
}

/** A Go type as JSON Schema; models are followed into `definitions`. */
function schemaOf(type: string): Schema {
  const plain = type.replace(/^\*/, '').replace(/^models\./, '');
  if (plain.startsWith('[]')) return { type: 'array', items: schemaOf(plain.slice(2)) };
  const map = /^map\[string\](.+)$/.exec(plain)?.[1];
  if (map !== undefined) return { type: 'object', additionalProperties: schemaOf(map) };
  if (plain === 'string') return { type: 'string' };
  if (plain === 'bool') return { type: 'boolean' };
  if (plain === 'float64') return { type: 'number' };
  if (/^u?int\d+$/.test(plain)) return { type: 'integer' };
  if (plain === 'strfmt.Duration') return { type: 'string' };
  if (plain === 'strfmt.DateTime') return { type: 'string', format: 'date-time' };
  if (plain === 'JSON' || plain === 'interface{}') return {};
  if (!/^[A-Z]\w*$/.test(plain)) fail(plain);
  if (definitions[plain] === undefined) {
    // Stands already, so that a model which holds itself ends here.
    definitions[plain] = {};
    definitions[plain] = modelOf(plain);
  }
  return { $ref: `#/definitions/${plain}` };
}

function modelOf(name: string): Schema {
  const file = models.find((each) => each.includes(`\ntype ${name} `)) ?? fail(name);
  const alias = new RegExp(`\\ntype ${name} (?!struct)(\\S+)\\n`).exec(file)?.[1];
  if (alias !== undefined) {
    const values = [...file.matchAll(new RegExp(`\\n\\t\\w+ ${name} = ("[^"]*")`, 'g'))];
    const enumeration = values.map(([, value = '']) => JSON.parse(value));
    return { ...schemaOf(alias), ...(enumeration.length === 0 ? {} : { enum: enumeration }) };
  }
  const inside = new RegExp(`\\ntype ${name} struct \\{\\n([\\s\\S]*?)\\n\\}`).exec(file)?.[1];
  const fields = (inside ?? fail(name)).split('\n\n').map((field) => fieldOf(field.trim()));
  const required = fields.filter((field) => field.required).map((field) => field.name);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field.name, field.schema])),
    ...(required.length === 0 ? {} : { required }),
    // Not in the description, which lets everything through: a misspelt key is to be found.
    additionalProperties: false,
  };
}

function fieldOf(text: string) {
  const [, type = '', name = ''] = /^\t*\w+ (\S+) `json:"([^",]+)/m.exec(text) ?? fail(text);
  return { name, schema: schemaOf(type), required: text.includes('// Required: true') };
}

function readAll(...folder: readonly string[]): readonly string[] {
  const path = join(root, ...folder);
  return readdirSync(path)
    .filter((name) => name.endsWith('.go'))
    .map((name) => readFileSync(join(path, name), 'utf8').replaceAll(/^(\t+\w+:) +/gm, '$1 '));
}

function fail(what: string): never {
  throw new Error(`the Go client has no ${what} where it was looked for`);
}
