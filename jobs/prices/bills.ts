/**
 * Bills into `cost_bills`. A file is read twice: the first time to find every fault, the second
 * time to insert. The row that says that an import is finished is written last, and only finished
 * imports count, so a file that is refused or cut off leaves what was there in its place.
 *
 *     file ─▶ every row readable? ─▶ rows (Import = now) ─▶ row of line 0: finished
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { costBills } from '../../clickhouse/schema/costs.ts';
import { nameOf } from '../../clickhouse/sql.ts';
import { Problem } from '../../core/problem.ts';
import { CsvFault, readCsv } from '../csv.ts';
import { type Charge, type Header, readCharge, readHeader } from './focus.ts';

export type BillImport = {
  readonly source: string;
  readonly rows: number;
  /** `unchanged`: the same file is there already; nothing was written. */
  readonly state: 'imported' | 'unchanged';
  /** Where the same file is already, when that is under another name. */
  readonly known?: string;
  readonly currencies: readonly string[];
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
};

export type BillOptions = {
  readonly path: string;
  /** Name of the bill; importing it again replaces it. */
  readonly name: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
};

const batchRows = 20_000;
const faultsMax = 20;

export async function importBill(server: ClickHouse, options: BillOptions): Promise<BillImport> {
  const { path, name, nowMs, signal } = options;
  const checked = await check(path, signal);
  const { rows, currencies, from, to, hash } = checked;
  const told = { source: name, rows, currencies, from, to };
  const finished = await finishedImports(server);
  const same = finished.find((one) => one.hash === hash);
  if (same !== undefined) {
    const known = same.source === name ? {} : { known: same.source };
    return { ...told, ...known, state: 'unchanged' };
  }
  // A clock that was set back does not hide the new import behind the old one.
  const last = Math.max(0, ...finished.map((one) => one.at));
  const at = Math.max(nowMs, last + 1);
  const again = createHash('sha256');
  let batch: Row[] = [];
  for await (const { line, charge } of readCharges(path, signal, again)) {
    if (typeof charge === 'string') throw changed(path);
    batch.push({ Source: name, Import: at, Line: line, ...charge, Hash: '', Version: at });
    if (batch.length < batchRows) continue;
    await insert(server, batch, signal);
    batch = [];
  }
  await insert(server, batch, signal);
  if (again.digest('hex') !== hash) throw changed(path);
  const mark = { Source: name, Import: at, Line: 0, Hash: hash, Version: at };
  // Kept as long as its last row.
  await insert(server, [{ ...mark, ChargePeriodStart: from, ChargePeriodEnd: to }], signal);
  return { ...told, state: 'imported' };
}

/** A condition on rows of `cost_bills`: of each bill those of its last finished import. */
export function finishedOnly(table: string): string {
  return `Line > 0 AND (Source, Import) IN (
      SELECT Source, max(Import) FROM ${table} WHERE Line = 0 GROUP BY Source)`;
}

type Row = Readonly<Record<string, unknown>>;

type Finished = { readonly source: string; readonly at: number; readonly hash: string };

async function finishedImports(server: ClickHouse): Promise<readonly Finished[]> {
  const rows = await server.rows<{ source: string; at: string; hash: string }>(
    `SELECT Source AS source, toString(max(Import)) AS at, argMax(Hash, Import) AS hash
    FROM ${tableOf(server)} WHERE Line = 0 GROUP BY Source`,
  );
  return rows.map(({ at, ...row }) => ({ ...row, at: Number(at) }));
}

async function insert(
  server: ClickHouse,
  rows: readonly Row[],
  signal: AbortSignal,
): Promise<void> {
  if (rows.length === 0) return;
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const into = `INSERT INTO ${tableOf(server)} FORMAT JSONEachRow`;
  await server.insert(into, [Buffer.from(lines)], { async_insert: 0 }, signal);
}

function tableOf({ database }: ClickHouse): string {
  return `${nameOf(database)}.${nameOf(costBills.name)}`;
}

type Checked = Pick<BillImport, 'rows' | 'currencies' | 'from' | 'to'> & { readonly hash: string };

async function check(path: string, signal: AbortSignal): Promise<Checked> {
  const hash = createHash('sha256');
  const faults: string[] = [];
  const currencies = new Set<string>();
  let first: number | undefined;
  let [rows, from, to] = [0, Number.POSITIVE_INFINITY, 0];
  for await (const { line, charge } of readCharges(path, signal, hash)) {
    rows += 1;
    if (typeof charge === 'string') {
      first ??= line;
      faults.push(`line ${line}: ${charge}`);
      if (faults.length === faultsMax) break;
      continue;
    }
    currencies.add(charge.BillingCurrency);
    from = Math.min(from, charge.ChargePeriodStart);
    to = Math.max(to, charge.ChargePeriodEnd);
  }
  if (faults.length > 0) throw refusal(path, first ?? 1, faults.join('; '));
  if (rows === 0) throw refusal(path, 1, 'it has no row behind the header');
  return { rows, from, to, currencies: [...currencies].sort(), hash: hash.digest('hex') };
}

type Read = { readonly line: number; readonly charge: Charge | string };

async function* readCharges(
  path: string,
  signal: AbortSignal,
  hash: { update: (text: string) => unknown },
): AsyncGenerator<Read> {
  let header: Header | undefined;
  try {
    for await (const { line, fields } of readCsv(piecesOf(path, signal, hash))) {
      if (header !== undefined) {
        yield { line, charge: readCharge(header, fields) };
        continue;
      }
      const read = readHeader(fields);
      if (typeof read === 'string') throw refusal(path, line, read);
      header = read;
    }
  } catch (error) {
    if (error instanceof CsvFault) throw refusal(path, error.line, error.message);
    throw error;
  }
  if (header === undefined) throw refusal(path, 1, 'it is empty');
}

async function* piecesOf(
  path: string,
  signal: AbortSignal,
  hash: { update: (text: string) => unknown },
): AsyncGenerator<string> {
  const file = createReadStream(path, { signal });
  const stream: Readable = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file;
  stream.setEncoding('utf8');
  try {
    for await (const piece of stream) {
      hash.update(String(piece));
      yield String(piece);
    }
  } catch (cause) {
    if (signal.aborted) throw cause;
    const message = Error.isError(cause) ? cause.message : String(cause);
    throw new Problem('OBS-6151', message, { where: path, cause });
  } finally {
    stream.destroy();
  }
}

function refusal(path: string, line: number, message: string): Problem {
  return new Problem('OBS-6151', message, { where: `${path}:${line}` });
}

function changed(path: string): Problem {
  return new Problem('OBS-6151', 'the file changed while it was read', {
    where: path,
    next: 'Import it again when it is written.',
  });
}
