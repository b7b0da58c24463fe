/** Bodies read back by protobuf.js, as rows that tables of tests can be compared with. */
import { requestType } from '../../decode/testdata/otlp.ts';

export type Row = readonly [
  startSeconds: number,
  kind: string,
  name: string,
  value: unknown,
  more?: Record<string, unknown>,
];

type Message = Record<string, any>;

/** The instant that rows count their seconds from: a whole minute. */
export const zeroSeconds = 1_699_999_980;

/** All points, by time, then by name, kind and the rest. */
export function decodedRows(bodies: readonly Uint8Array[]): readonly Row[] {
  const rows: Row[] = [];
  for (const { resource, scope_metrics } of bodies.flatMap(resourcesOf)) {
    for (const metric of scope_metrics[0].metrics as Message[]) {
      const kind = ['gauge', 'sum', 'exponential_histogram'].find((one) => metric[one] !== undefined)!;
      for (const point of metric[kind].data_points as Message[]) {
        rows.push(rowOf(kind, metric, point, attributesOf(resource?.attributes)));
      }
    }
  }
  return rows.sort((left, right) => left[0] - right[0] || compare(sortText(left), sortText(right)));
}

/** All log records, with their resource's attributes. */
export function decodedLogs(bodies: readonly Uint8Array[]): readonly Message[] {
  const type = requestType('logs');
  return bodies.flatMap((body) => {
    const { resource_logs = [] } = type.toObject(type.decode(body), { longs: String }) as Message;
    return resource_logs.flatMap(({ resource, scope_logs }: Message) =>
      scope_logs[0].log_records.map((record: Message) => ({
        ...record,
        attributes: attributesOf(record['attributes']),
        resource: attributesOf(resource?.attributes),
      })),
    );
  });
}

/** The resources of one body of metrics, as plain data. */
export function resourcesOf(body: Uint8Array): readonly Message[] {
  const type = requestType('metrics');
  return (type.toObject(type.decode(body), { longs: Number }) as Message)['resource_metrics'] ?? [];
}

function rowOf(kind: string, metric: Message, point: Message, resource: Message): Row {
  const data = metric[kind];
  const more: Record<string, unknown> = {};
  if (metric['unit'] !== undefined) more['unit'] = metric['unit'];
  if (kind === 'sum' && data.is_monotonic !== true) more['isMonotonic'] = false;
  const attributes = attributesOf(point['attributes']);
  if (Object.keys(attributes).length > 0) more['attributes'] = attributes;
  if (Object.keys(resource).length > 0) more['resource'] = resource;
  if (point['exemplars'] !== undefined) more['members'] = point['exemplars'].length;
  if (kind !== 'gauge' && (data.aggregation_temporality !== 1 || !isStamped(point))) {
    more['wrong'] = 'a delta begins at its own time';
  }
  const seconds = Number(BigInt(point['time_unix_nano']) / 1_000_000_000n) - zeroSeconds;
  const isPlain = Object.keys(more).length === 0;
  const row = [seconds, kind === 'exponential_histogram' ? 'distribution' : kind, metric['name']] as const;
  const value = kind === 'exponential_histogram' ? distribution(point) : point['as_double'];
  return isPlain ? [...row, value] : [...row, value, more];
}

function isStamped(point: Message): boolean {
  return point['start_time_unix_nano'] === point['time_unix_nano'];
}

function distribution(point: Message): unknown {
  const sum = (side?: Message): number =>
    (side?.['bucket_counts'] ?? []).reduce((all: number, one: number) => all + Number(one), 0);
  const { count, sum: total, min, max, scale, zero_count, positive, negative } = point;
  return {
    count: Number(count),
    sum: total,
    min,
    max,
    scale,
    zero: Number(zero_count ?? 0),
    positive: sum(positive),
    negative: sum(negative),
  };
}

function attributesOf(list: readonly Message[] = []): Message {
  return Object.fromEntries(
    list.map(({ key, value }) => [key, value.string_value ?? Number(value.int_value)]),
  );
}

/** What rows of one time are ordered by; `members` and the like do not matter. */
export function sortText(row: Row): string {
  const { attributes, resource } = row[4] ?? {};
  return [row[2], row[1], JSON.stringify([row[3], attributes, resource])].join(' ');
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
