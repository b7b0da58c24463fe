/** Flows for tests: an hour of reports out of a seed, and what the tables must say of them. */
import type { Random } from './random.ts';

export type Report = {
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  readonly start: bigint;
  readonly end: bigint;
  readonly opened: bigint;
  readonly protocol: string;
  readonly source: Side;
  readonly destination: Side;
  readonly closeReason: string;
  readonly isByDestination: boolean;
  readonly tenant: string;
};

type Side = {
  readonly address: string;
  readonly port: number;
  readonly namespace: string;
  readonly workload: string;
  readonly zone: string;
  readonly bytes: bigint;
  readonly packets: bigint;
};

const nsPerSecond = 1_000_000_000n;
const nsPerMinute = 60n * nsPerSecond;

/** A row of `otel_logs`, as JSON. */
export function recordOf(report: Report): Record<string, unknown> {
  const { source, destination } = report;
  const side = (name: string, of: Side): Record<string, string> => ({
    [`${name}.address`]: of.address,
    [`${name}.port`]: `${of.port}`,
    [`${name}.bytes`]: `${of.bytes}`,
    [`${name}.packets`]: `${of.packets}`,
    ...(of.namespace === '' ? {} : { [`${name}.k8s.namespace.name`]: of.namespace }),
    ...(of.workload === '' ? {} : { [`${name}.k8s.workload.name`]: of.workload }),
    ...(of.zone === '' ? {} : { [`${name}.zone`]: of.zone }),
  });
  return {
    Timestamp: secondsText(report.at),
    EventName: 'network.flow',
    Tenant: report.tenant,
    ResourceAttributes: { 'k8s.cluster.name': 'prod' },
    LogAttributes: {
      'network.transport': report.protocol,
      'flow.start': `${report.start}`,
      'flow.end': isoText(report.end),
      'flow.connection.start': `${report.opened}`,
      ...side('source', source),
      ...side('destination', destination),
      ...(report.closeReason === '' ? {} : { 'flow.close_reason': report.closeReason }),
      ...(report.isByDestination ? { 'network.io.direction': 'receive' } : {}),
    },
  };
}

function secondsText(ns: bigint): string {
  return `${ns / nsPerSecond}.${`${ns % nsPerSecond}`.padStart(9, '0')}`;
}

function isoText(ns: bigint): string {
  const whole = new Date(Number(ns / nsPerSecond) * 1000).toISOString().slice(0, 19);
  return `${whole}.${`${ns % nsPerSecond}`.padStart(9, '0')}Z`;
}

type Drawing = {
  readonly connections: number;
  /** Seconds in which they begin. */
  readonly within: number;
  /** Seconds that a report may be long. */
  readonly lengths: readonly number[];
};

/** Connections that begin from `hour` (Unix seconds) on, each in one report or several. */
export function drawReports(random: Random, hour: number, drawing: Drawing): Report[] {
  const { connections, within, lengths } = drawing;
  const workloads = ['cart', 'checkout', 'payment', ''];
  const zones = ['eu-1a', 'eu-1b', ''];
  const one = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const reports: Report[] = [];
  for (let index = 0; index < connections; index += 1) {
    const side = (name: string, port: number): Side => ({
      address: `10.0.${name === 's' ? 1 : 2}.${1 + random.below(4)}`,
      port,
      namespace: 'shop',
      workload: one(workloads),
      zone: one(zones),
      bytes: 0n,
      packets: 0n,
    });
    const source = side('s', 30_000 + index);
    const destination = side('d', one([80, 443, 5432]));
    const protocol = one(['tcp', 'tcp', 'UDP']);
    const tenant = one(['', '', 'a']);
    const opened =
      BigInt(hour) * nsPerSecond + BigInt(random.below(within)) * nsPerSecond + draw(random);
    const pieces = 1 + random.below(4);
    let start = opened;
    for (let piece = 0; piece < pieces; piece += 1) {
      const long = BigInt(one(lengths)) * nsPerSecond;
      const end = start + long + (random.below(4) === 0 ? 0n : draw(random));
      const bytes = (): bigint => BigInt(random.below(2 ** 31)) * BigInt(random.below(50));
      const amounts = { packets: BigInt(random.below(1000)) };
      const report = {
        at: end + BigInt(random.below(5)) * nsPerSecond,
        ...{ start, end, opened, protocol, tenant },
        source: { ...source, ...amounts, bytes: bytes() },
        destination: { ...destination, ...amounts, bytes: bytes() },
        closeReason: piece === pieces - 1 ? one(['fin', 'rst', '']) : '',
        isByDestination: false,
      };
      reports.push(report);
      if (random.below(5) === 0) reports.push({ ...report, isByDestination: true });
      start = end;
    }
  }
  return reports;
}

function draw(random: Random): bigint {
  return BigInt(random.below(1_000_000_000));
}

export type Totals = {
  bytes: bigint;
  answered: bigint;
  packets: bigint;
  opened: number;
  closed: number;
  most: number;
};

/** What `flow_seconds` must hold, by `second pair`. */
export function secondsOf(reports: readonly Report[]): Map<string, Totals> {
  const seconds = new Map<string, Open>();
  for (const report of countedOnce(reports)) {
    const { start, source, destination } = report;
    const finish = report.end > start ? report.end : start + 1n;
    for (let second = start / nsPerSecond; second * nsPerSecond < finish; second += 1n) {
      const [from, to] = [second * nsPerSecond, (second + 1n) * nsPerSecond];
      const [lo, hi] = [from > start ? from : start, to < finish ? to : finish];
      const part = (value: bigint): bigint =>
        (value * (hi - start)) / (finish - start) - (value * (lo - start)) / (finish - start);
      const key = `${second} ${pairOf(report)}`;
      const totals = seconds.get(key) ?? {
        ...{ bytes: 0n, answered: 0n, packets: 0n },
        ...{ begun: new Set(), ended: new Set(), open: new Map() },
      };
      totals.bytes += part(source.bytes);
      totals.answered += part(destination.bytes);
      totals.packets += part(source.packets);
      const connection = connectionOf(report);
      if (start === report.opened && start === lo) totals.begun.add(connection);
      if (report.closeReason !== '' && finish === hi) totals.ended.add(connection);
      const [first, last] = totals.open.get(connection) ?? [lo, hi];
      totals.open.set(connection, [lo < first ? lo : first, hi > last ? hi : last]);
      seconds.set(key, totals);
    }
  }
  return new Map(
    [...seconds].map(([key, { bytes, answered, packets, begun, ended, open }]) => {
      const most = mostOpen([...open.values()]);
      return [key, { bytes, answered, packets, opened: begun.size, closed: ended.size, most }];
    }),
  );
}

type Open = Pick<Totals, 'bytes' | 'answered' | 'packets'> & {
  readonly begun: Set<string>;
  readonly ended: Set<string>;
  readonly open: Map<string, readonly [bigint, bigint]>;
};

function connectionOf({ source, destination, protocol, opened }: Report): string {
  const ends = [source, destination].map(({ address, port }) => `${address} ${port}`);
  return [...ends, protocol, opened].join(' ');
}

/** The most of the intervals that hold one instant; at the begin of one there is the most. */
function mostOpen(spans: readonly (readonly [bigint, bigint])[]): number {
  return Math.max(
    ...spans.map(([at]) => spans.filter(([from, to]) => from <= at && at < to).length),
  );
}

function pairOf({ protocol, source, destination, tenant }: Report): string {
  const name = (side: Side): string =>
    [side.namespace, side.workload, side.zone, side.workload === '' ? side.address : ''].join('/');
  return [protocol.toLowerCase(), name(source), name(destination), destination.port, tenant].join(
    ' ',
  );
}

/** Of a connection that both sides report, what its source says. The oracle draws them in step. */
function countedOnce(reports: readonly Report[]): readonly Report[] {
  return reports.filter((report) => !report.isByDestination);
}

/** The greatest of the greatest and sums of the sums, by minute. */
export function minutesOf(seconds: ReadonlyMap<string, Totals>): Map<string, Totals> {
  const minutes = new Map<string, Totals>();
  for (const [key, totals] of seconds) {
    const [second = '', ...pair] = key.split(' ');
    const minute = `${(BigInt(second) / 60n) * 60n} ${pair.join(' ')}`;
    const before = minutes.get(minute);
    minutes.set(
      minute,
      before === undefined
        ? { ...totals }
        : {
            bytes: before.bytes + totals.bytes,
            answered: before.answered + totals.answered,
            packets: before.packets + totals.packets,
            opened: before.opened + totals.opened,
            closed: before.closed + totals.closed,
            most: Math.max(before.most, totals.most),
          },
    );
  }
  return minutes;
}

/** Minutes that a report touches, and the bytes of its source in each. */
export function byMinute(report: Report): Map<bigint, bigint> {
  const { start } = report;
  const finish = report.end > start ? report.end : start + 1n;
  const rows = new Map<bigint, bigint>();
  for (let at = start - (start % nsPerMinute); at < finish; at += nsPerMinute) {
    const lo = at > start ? at : start;
    const hi = at + nsPerMinute < finish ? at + nsPerMinute : finish;
    const until = (to: bigint): bigint => (report.source.bytes * (to - start)) / (finish - start);
    rows.set(at / nsPerSecond, until(hi) - until(lo));
  }
  return rows;
}
