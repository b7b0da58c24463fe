/** What `obsctl snapshot` says to people. */
import type { DictionaryReport } from '../../jobs/snapshot/dictionaries.ts';
import type { Outlook, TableOutlook } from '../../jobs/snapshot/outlook.ts';
import type { RunReport, TableReport } from '../../jobs/snapshot/run.ts';
import type { LastRun } from '../../jobs/snapshot/runs.ts';
import { aligned } from '../output/aligned.ts';

const msPerSecond = 1_000;
const secondsPerMinute = 60;
const secondsPerHour = 3_600;
const secondsPerDay = 86_400;
const hexDigits = 16;

export function runText(report: RunReport): string {
  const { tables, dictionaries, notes } = report;
  const rows = tables.map((table) => [
    table.source,
    `${table.database}.${table.table}`,
    table.mode,
    number(table.sent.rows),
    hex(table.sent.checksum),
    seconds(table.readMs),
    seconds(table.verifyMs),
  ]);
  const head = ['table', 'into', 'mode', 'rows', 'checksum', 'read', 'verified'];
  return [
    `${report.snapshot}: ${report.address} at ${report.position}\n`,
    ...notes.map((note) => `note: ${note}\n`),
    aligned([head, ...rows]),
    ...tables.flatMap(remarks),
    ...dictionaries.map(dictionaryText),
  ].join('');
}

function dictionaryText({ database, name, source, ...one }: DictionaryReport): string {
  const nulls = one.nullable.length === 0 ? '' : `; NULL stays NULL in ${one.nullable.join(', ')}`;
  const keys = one.keys === 1 ? '1 key' : `${number(one.keys)} keys`;
  return `dictionary ${database}.${name}: ${keys} of ${source}, ${one.layout}${nulls}\n`;
}

/** What a person should look at: values at an edge, and what is not as it was. */
function remarks({ source, edges, changes, ...table }: TableReport): readonly string[] {
  const { since, mark, deleted, history } = table;
  return [
    ...(since === '' ? [] : [`${source}: rows from ${since} on, ${number(deleted)} deleted\n`]),
    ...(history === undefined
      ? []
      : [`${source}: ${history.opened} versions began, ${history.closed} ended\n`]),
    ...(mark === '' ? [] : [`${source}: mark ${mark}\n`]),
    ...edges.map(({ column, count, policy, value, key }) => {
      const first = `first “${value}”${key === '' ? '' : ` at ${key}`}`;
      return `${source}.${column}: ${number(count)} values beyond the type, ${policy}; ${first}\n`;
    }),
    ...changes.map((change) => `${source}: ${change}\n`),
  ];
}

export function planText({ snapshot, address, readers, notes, tables }: Outlook): string {
  const one = readers === 1 ? '1 reader' : `${readers} readers`;
  const all = tables.length === 1 ? '1 table' : `${tables.length} tables`;
  return [
    `${snapshot}: ${address}, ${one}, ${all}\n`,
    ...notes.map((note) => `note: ${note}\n`),
    ...tables.map(tableText),
  ].join('');
}

function tableText(table: TableOutlook): string {
  const chunks = table.chunks === 1 ? '1 chunk' : `${table.chunks} chunks`;
  const key = table.key.length === 0 ? 'no key' : `key (${table.key.join(', ')})`;
  const about = `about ${number(table.estimatedRows)} rows, ${chunks}, ${key}`;
  const columns = table.columns.map((column) => [
    `  ${column.source}`,
    column.sourceType,
    column.name,
    column.isHashed ? `${column.type}, SHA-256` : column.type,
    `edge: ${column.edge}`,
  ]);
  return [
    `\n${table.source} (${table.kind}) into ${table.into}: ${about}\n`,
    ...(table.filter === '' ? [] : [`  where ${table.filter}\n`]),
    aligned(columns),
    ...table.modes.map((line) => `  ${line}\n`),
    ...table.dropped.map((name) => `  ${name}: left out\n`),
  ].join('');
}

/** @param names snapshots that ought to be there */
export function listText(runs: readonly LastRun[], names: readonly string[]): string {
  const missing = names.filter((name) => !runs.some(({ snapshot }) => snapshot === name));
  const rows = runs.map((run) => [
    run.snapshot,
    run.table === '' ? '(all)' : run.table,
    run.into,
    run.result === 'ok' && !run.isEqual ? 'unequal' : run.result,
    run.mode,
    number(Number(run.rows)),
    number(Number(run.deleted)),
    run.mark,
    hex(BigInt(run.checksum)),
    `${age(run.ageS)} ago`,
    run.error,
  ]);
  const head = [
    ...['snapshot', 'table', 'into', 'result', 'mode', 'rows', 'deleted', 'mark', 'checksum'],
    ...['age', ''],
  ];
  return [
    rows.length === 0 ? '' : aligned([head, ...rows]),
    ...missing.map((name) => `${name}: never run\n`),
  ].join('');
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function hex(value: bigint): string {
  return value.toString(hexDigits).padStart(hexDigits, '0');
}

function seconds(ms: number): string {
  return `${(ms / msPerSecond).toFixed(1)} s`;
}

function age(s: number): string {
  if (s < secondsPerMinute) return `${s} s`;
  if (s < secondsPerHour) return `${Math.floor(s / secondsPerMinute)} min`;
  if (s < secondsPerDay) return `${Math.floor(s / secondsPerHour)} h`;
  return `${Math.floor(s / secondsPerDay)} d`;
}
