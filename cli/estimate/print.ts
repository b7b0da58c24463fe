/** What `obsctl estimate` says to people. */
import { formatBytes } from '../../core/units.ts';
import { aligned } from '../output/aligned.ts';
import type { Estimate, Question } from './estimate.ts';

export function estimateText(question: Question, estimated: Estimate): string {
  const { signals, gateways, clickhouse } = estimated;
  const head = ['', 'per second', 'bytes a row', 'a day', 'kept', 'gateway', 'ClickHouse'];
  const rows = signals.map((one) => [
    one.signal,
    count(one.perSecond),
    one.bytesPerRow.toFixed(1),
    formatBytes(one.bytesPerDay),
    `${formatBytes(one.bytesKept)} in ${one.retentionDays} d`,
    cores(one.gatewayCores),
    cores(one.engineCores),
  ]);
  const servers = clickhouse.shards * clickhouse.replicas;
  return [
    `${count(question.eventsPerSecond)} events a second\n\n`,
    aligned([head, ...rows]),
    `\nGateway     ${gateways.count} of ${gateways.coresEach} cores; a volume of ` +
      `${formatBytes(gateways.volumeBytesEach)} each holds what comes while ClickHouse is away\n`,
    `ClickHouse  ${servers} ${servers === 1 ? 'server' : 'servers'} of ${clickhouse.coresEach} ` +
      `cores (${clickhouse.shards} × ${clickhouse.replicas}), a disk of ` +
      `${formatBytes(clickhouse.diskBytesEach)} each\n`,
    `Stack file  ${stackLines(estimated).join('\n            ')}\n`,
    '\nHalf of the cores are left for peaks and queries, three tenths of the disk for merges.\n' +
      'What a row costs was measured with the rows of our benches: docs/guide/scaling.md.\n',
  ].join('');
}

/** What to write into a stack file so that `obsctl render` makes it. */
function stackLines({ gateways, clickhouse }: Estimate): readonly string[] {
  const { shards, replicas, coresEach, diskBytesEach } = clickhouse;
  const isSingle = shards * replicas === 1;
  const topology = isSingle
    ? ''
    : `topology: {shards: ${shards}, replicas: ${replicas}, keepers: 3}, `;
  return [
    `clickhouse: {${topology}volume: ${gibibytes(diskBytesEach)}, ` +
      `resources: {cpu_request: "${coresEach}"}}`,
    `gateway: {replicas: ${gateways.count}, volume: ${gibibytes(gateways.volumeBytesEach)}}`,
  ];
}

function gibibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 30)}Gi`;
}

/** A row of the table in docs/guide/scaling.md. */
export function sizingRow(question: Question, { gateways, clickhouse }: Estimate): string {
  const { shards, replicas, coresEach, diskBytesEach } = clickhouse;
  return `| ${[
    count(question.eventsPerSecond),
    `${gateways.count} of ${gateways.coresEach} cores, ${formatBytes(gateways.volumeBytesEach)}`,
    `${shards} × ${replicas} of ${coresEach} cores`,
    `${formatBytes(diskBytesEach)}`,
  ].join(' | ')} |`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function cores(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} cores`;
}
