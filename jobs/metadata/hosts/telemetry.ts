/**
 * Machines outside Kubernetes, by what their agents say of themselves: the resource attributes of
 * host metrics. Whatever names a node or pod of Kubernetes is none of them.
 */
import type { Sql } from '../../../clickhouse/client.ts';
import { sum } from '../../../clickhouse/schema/metrics.ts';
import { nameOf } from '../../../clickhouse/sql.ts';
import type { Entity } from '../entity.ts';
import { hostEntity } from './host.ts';

/** What the host_metrics receiver tells of every machine, whichever scrapers are on. */
const metrics = [
  'system.cpu.time',
  'system.memory.usage',
  'system.network.io',
  'system.disk.io',
  'system.filesystem.usage',
];

export type SeenHost = { readonly entity: Entity; readonly lastMs: number };

type Row = {
  readonly attributes: Readonly<Record<string, string>>;
  readonly firstMs: string;
  readonly lastMs: string;
};

/** Machines whose agents were heard in the last `seconds`, as they were when last heard. */
export async function seenHosts(
  sql: Sql,
  database: string,
  { nowMs, seconds }: { readonly nowMs: number; readonly seconds: number },
): Promise<readonly SeenHost[]> {
  const has = (name: string): string => `ResourceAttributes['${name}'] != ''`;
  const at = (ms: number): string => `fromUnixTimestamp64Milli(toInt64(${ms}))`;
  const rows = await sql.rows<Row>(
    `SELECT argMax(ResourceAttributes, TimeUnix) AS attributes, ` +
      `toUnixTimestamp64Milli(min(TimeUnix)) AS firstMs, ` +
      `toUnixTimestamp64Milli(max(TimeUnix)) AS lastMs ` +
      `FROM ${nameOf(database)}.${nameOf(sum.name)} ` +
      `WHERE MetricName IN (${metrics.map((name) => `'${name}'`).join(', ')}) ` +
      `AND TimeUnix > ${at(nowMs - seconds * 1000)} AND TimeUnix <= ${at(nowMs)} ` +
      `AND ${has('host.name')} AND NOT ${has('k8s.node.name')} AND NOT ${has('k8s.pod.name')} ` +
      `GROUP BY ResourceAttributes['host.name'], ResourceAttributes['host.id'] ` +
      'ORDER BY lastMs SETTINGS max_threads = 2',
  );
  return rows.map(({ attributes, firstMs, lastMs }) => ({
    entity: entityOf(attributes, Number(firstMs), Number(lastMs)),
    lastMs: Number(lastMs),
  }));
}

function entityOf(
  attributes: Readonly<Record<string, string>>,
  firstMs: number,
  lastMs: number,
): Entity {
  const said = (name: string): string => attributes[name] ?? '';
  return hostEntity({
    id: said('host.id') || said('host.name'),
    name: said('host.name'),
    kind: 'Host',
    addresses: listOf(said('host.ip')),
    region: said('cloud.region'),
    zone: said('cloud.availability_zone'),
    instanceType: said('host.type'),
    provider: said('cloud.provider'),
    account: said('cloud.account.id'),
    os: said('os.type'),
    architecture: said('host.arch'),
    labels: {},
    origin: 'telemetry',
    createdMs: firstMs,
    version: BigInt(lastMs),
  });
}

/** Arrays are stored as JSON. */
function listOf(text: string): readonly string[] {
  if (!text.startsWith('[')) return text === '' ? [] : [text];
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}
