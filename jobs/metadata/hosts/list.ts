/**
 * A list of machines and other things as a CSV or JSON file: what no agent and no API server tells.
 *
 *     name,kind,addresses,zone,team          [{"name": "db-1", "kind": "Database",
 *     db-1,Database,"10.9.0.5 10.9.0.6",a,shop     "addresses": ["10.9.0.5"], "labels": {…}}]
 *
 * A column that is none of {@link columns} is a label. Faults of entries are told all at once, each
 * with its line, and then nothing is recorded.
 */
import { Problem } from '../../../core/problem.ts';
import { CsvFault, readCsv } from '../../csv.ts';
import type { Entity } from '../entity.ts';
import { type Host, hostEntity } from './host.ts';

const columns = [
  ...['name', 'id', 'kind', 'addresses', 'region', 'zone', 'instance_type', 'provider'],
  ...['account', 'os', 'architecture'],
] as const;

const faultsShown = 20;
const rowsMax = 100_000;
const labelsMax = 64;
/** As the names that Kubernetes gives to kinds. */
const kindPattern = /^[A-Za-z][A-Za-z0-9]{0,62}$/;

type Cells = Readonly<Record<string, string | readonly string[]>>;
type Line = { readonly where: string; readonly cells: Cells; readonly labels: Cells };

/** The entities of a file; `origin` names the list. Throws OBS-6073 with every fault. */
export async function readList(
  text: string,
  {
    path,
    origin,
    nowMs,
  }: { readonly path: string; readonly origin: string; readonly nowMs: number },
): Promise<readonly Entity[]> {
  const lines = /^\s*\[/.test(text) ? jsonLines(text, path) : await csvLines(text, path);
  if (lines.length > rowsMax) throw refusal(path, [`more than ${rowsMax} entries`]);
  const faults: string[] = [];
  const seen = new Map<string, string>();
  const entities: Entity[] = [];
  for (const line of lines) {
    const host = hostOf(line, origin, nowMs, (fault) => faults.push(`${line.where}: ${fault}`));
    const before = seen.get(host.id);
    if (before !== undefined) faults.push(`${line.where}: ${host.id} is in ${before} already`);
    seen.set(host.id, line.where);
    entities.push(hostEntity(host));
  }
  if (faults.length > 0) throw refusal(path, faults);
  if (entities.length === 0) throw refusal(path, ['it has no entries']);
  return entities;
}

function hostOf(
  { cells, labels }: Line,
  origin: string,
  nowMs: number,
  fault: (text: string) => void,
): Host {
  const cell = (name: (typeof columns)[number]): string => {
    const value = cells[name] ?? '';
    if (typeof value === 'string') return value.trim();
    fault(`${name}: expected a text`);
    return '';
  };
  const name = cell('name');
  if (name === '') fault('name is missing');
  const kind = cell('kind') || 'Host';
  if (!kindPattern.test(kind)) fault(`kind ${kind}: expected a word such as Host or Database`);
  const addresses = addressesOf(cells['addresses'] ?? '');
  for (const address of addresses) {
    if (!/^[0-9.]+$|^[0-9a-fA-F.:]*:[0-9a-fA-F.:]*$/.test(address)) {
      fault(`addresses: ${address} is no IP address`);
    }
  }
  if (Object.keys(labels).length > labelsMax) fault(`more than ${labelsMax} labels`);
  const kept = Object.entries(labels).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1] !== '',
  );
  return {
    ...{ name, kind, addresses, origin, createdMs: nowMs, version: BigInt(nowMs) },
    id: cell('id') || name,
    region: cell('region'),
    zone: cell('zone'),
    instanceType: cell('instance_type'),
    provider: cell('provider'),
    account: cell('account'),
    os: cell('os'),
    architecture: cell('architecture'),
    labels: Object.fromEntries(kept),
  };
}

function addressesOf(value: string | readonly string[]): readonly string[] {
  const list = typeof value === 'string' ? value.split(/[\s;,]+/) : value;
  return list.map((one) => one.trim()).filter((one) => one !== '');
}

async function csvLines(text: string, path: string): Promise<readonly Line[]> {
  async function* whole(): AsyncGenerator<string> {
    yield text;
  }
  const lines: Line[] = [];
  let header: readonly string[] | undefined;
  try {
    for await (const { line, fields } of readCsv(whole())) {
      if (header === undefined) {
        header = headerOf(fields, path, line);
        continue;
      }
      if (fields.length !== header.length) {
        const counts = `${fields.length} fields, the header has ${header.length}`;
        throw refusal(path, [`line ${line}: ${counts}`]);
      }
      const pairs = header.map((name, nth) => [name, fields[nth] ?? ''] as const);
      lines.push({ where: `line ${line}`, ...split(Object.fromEntries(pairs)) });
    }
  } catch (error) {
    if (error instanceof CsvFault) throw refusal(path, [`line ${error.line}: ${error.message}`]);
    throw error;
  }
  return lines;
}

function headerOf(fields: readonly string[], path: string, line: number): readonly string[] {
  const header = fields.map((field) => field.trim());
  const twice = header.find((name, nth) => header.indexOf(name) !== nth);
  if (twice !== undefined)
    throw refusal(path, [`line ${line}: the column ${twice} is there twice`]);
  if (header.includes('name')) return header;
  throw refusal(path, [`line ${line}: a header with a column “name” is missing`]);
}

/** Columns that we know, and labels. */
function split(all: Cells): { readonly cells: Cells; readonly labels: Cells } {
  const known: ReadonlySet<string> = new Set(columns);
  const entries = Object.entries(all);
  return {
    cells: Object.fromEntries(entries.filter(([name]) => known.has(name))),
    labels: Object.fromEntries(entries.filter(([name]) => !known.has(name))),
  };
}

function jsonLines(text: string, path: string): readonly Line[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw refusal(path, [Error.isError(error) ? error.message : String(error)]);
  }
  if (!Array.isArray(list)) throw refusal(path, ['expected a list']);
  return list.map((entry: unknown, nth) => {
    const where = `entry ${nth + 1}`;
    const isObject = typeof entry === 'object' && entry !== null && !Array.isArray(entry);
    if (!isObject) throw refusal(path, [`${where}: expected an object`]);
    const { labels = {}, ...cells } = entry as Record<string, unknown>;
    return { where, cells: textsOf(cells, path, where), labels: labelsOf(labels, path, where) };
  });
}

function textsOf(cells: Readonly<Record<string, unknown>>, path: string, where: string): Cells {
  const known: readonly string[] = columns;
  for (const [name, value] of Object.entries(cells)) {
    if (!known.includes(name)) throw refusal(path, [`${where}: there is no key ${name}`]);
    const isList = Array.isArray(value) && value.every((one) => typeof one === 'string');
    if (typeof value !== 'string' && !(name === 'addresses' && isList)) {
      throw refusal(path, [`${where}: ${name}: expected a text`]);
    }
  }
  return cells as Cells;
}

function labelsOf(labels: unknown, path: string, where: string): Cells {
  const entries =
    typeof labels === 'object' && labels !== null ? Object.entries(labels) : undefined;
  if (entries?.every(([, value]) => typeof value === 'string')) return Object.fromEntries(entries);
  throw refusal(path, [`${where}: labels: expected names and texts`]);
}

function refusal(path: string, faults: readonly string[]): Problem {
  const more = faults.length - faultsShown;
  const shown = faults.slice(0, faultsShown).join('; ') + (more > 0 ? `; and ${more} more` : '');
  return new Problem('OBS-6073', `this is no list of entities: ${shown}`, { where: path });
}
