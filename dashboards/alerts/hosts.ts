/** Inspections of machines, from the host metrics of the Collector. */
import { sum } from '../../clickhouse/schema/metrics.ts';
import { type HostMetric, hostMetrics } from '../vocabulary/names.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { type AlertRule, defineRule } from './rule.ts';
import {
  attributeOf,
  growth,
  literal,
  newest,
  type RuleSql,
  ruleSql,
  tableName,
} from './rule-sql.ts';

const s = columnsOf(sum);

const host = attributeOf(s.ResourceAttributes, 'host.name');
const state = attributeOf(s.Attributes, 'state');
const device = attributeOf(s.Attributes, 'device');
const direction = attributeOf(s.Attributes, 'direction');
const mountpoint = attributeOf(s.Attributes, 'mountpoint');

const common = { group: 'hosts', dashboard: 'machine', keep_firing_for: '5m' } as const;

export function hostRules(): readonly AlertRule[] {
  return [cpu(), diskSpace(), diskIo(), network(), silent()];
}

function cpu(): AlertRule {
  const points = growth({ metric: hostMetrics.cpuTime, labels: { host, state } });
  return defineRule({
    ...common,
    id: 'host-cpu',
    title: 'The CPU of a machine is busy',
    summary: '{host} has used {value} of its cores',
    description:
      'Work begins to wait for a core. Open Machine: the largest processes say who uses them.',
    labels: ['host'],
    scope: ['host'],
    rows: ruleSql`
      SELECT host, 1 - sumIf(rate, state IN ('idle', 'wait')) / sum(rate) AS value
      FROM (
        SELECT host, state, series, sum(grown) / sum(elapsed) AS rate
        FROM ${points} GROUP BY host, state, series
      )
      GROUP BY host`,
    threshold: { above: 0.8 },
    unit: 'ratio',
    window: '5m',
    for: '5m',
    severity: 'warning',
    source: 'host_cpu',
    runbook: 'host-cpu',
    panel: 'CPU by state',
  });
}

/** As `df` counts it: blocks reserved for root are neither used nor free. */
function diskSpace(): AlertRule {
  const usage = newest({
    metric: hostMetrics.filesystemUsage,
    kind: 'sum',
    labels: { host, mountpoint, device, state },
  });
  return defineRule({
    ...common,
    id: 'host-disk-space',
    title: 'A file system of a machine is nearly full',
    summary: '{mountpoint} of {host} is {value} full',
    description:
      'Programs that write there will fail when it is full. Free some room or make it larger.',
    labels: ['host', 'mountpoint', 'device'],
    scope: ['host', 'mountpoint'],
    rows: ruleSql`
      SELECT host, mountpoint, device,
        sumIf(level, state = 'used') / sumIf(level, state IN ('used', 'free')) AS value
      FROM ${usage} GROUP BY host, mountpoint, device`,
    threshold: { above: 0.8 },
    unit: 'ratio',
    window: '5m',
    for: '5m',
    severity: 'warning',
    source: 'host_filesystem',
    runbook: 'disk-space',
    panel: 'File systems',
  });
}

function diskIo(): AlertRule {
  const points = growth({ metric: hostMetrics.diskWeightedIoTime, labels: { host, device } });
  return defineRule({
    ...common,
    id: 'host-disk-io',
    title: 'A disk is overloaded',
    summary: '{device} of {host} keeps {value} operations waiting at any time',
    description:
      'Reads and writes queue up before the disk. Open Machine: its operations and throughput' +
      ' say what comes, and the processes who sends it.',
    labels: ['host', 'device'],
    scope: ['host', 'device'],
    rows: ruleSql`
      SELECT host, device, sum(grown) / sum(elapsed) AS value
      FROM ${points} GROUP BY host, device`,
    threshold: { above: 5 },
    unit: 'count',
    window: '5m',
    for: '5m',
    severity: 'warning',
    source: 'host_disk',
    runbook: 'disk-io',
    panel: 'Disk operations',
  });
}

/** Packets of five minutes below which a few lost ones are chance. */
const lostMin = 30;

/** The node-exporter mixin asks for one in a hundred, too, but for an hour. */
function network(): AlertRule {
  const labels = { host, device, direction } as const;
  const by = ruleSql`host, device, direction`;
  const lost = (metric: HostMetric, kind: RuleSql): RuleSql => ruleSql`
        SELECT ${by}, ${kind} AS kind, sum(grown) AS lost
        FROM ${growth({ metric, labels })} GROUP BY ${by}`;
  return defineRule({
    ...common,
    id: 'host-network',
    title: 'A machine loses packets',
    summary: '{device} of {host} loses {value} of its packets: {direction} {kind}',
    description:
      'Errors are damaged frames: the cable, the port, the driver. Dropped packets were whole,' +
      ' but there was no room for them. What is lost is sent again, which callers see as waiting.',
    labels: ['host', 'device', 'direction', 'kind'],
    scope: ['host', 'device', 'kind'],
    rows: ruleSql`
      SELECT ${by}, kind, lost / (lost + passed) AS value
      FROM (${lost(hostMetrics.networkErrors, literal('errors'))}
        UNION ALL ${lost(hostMetrics.networkDropped, literal('dropped'))}
      ) AS losses
      INNER JOIN (
        SELECT ${by}, sum(grown) AS passed
        FROM ${growth({ metric: hostMetrics.networkPackets, labels })} GROUP BY ${by}
      ) AS packets USING (${by})
      WHERE lost >= ${lostMin}`,
    threshold: { above: 0.01 },
    unit: 'ratio',
    window: '5m',
    for: '10m',
    severity: 'warning',
    source: 'host_network',
    runbook: 'host-network',
    panel: 'Network errors',
  });
}

/** Nodes of a cluster come and go with its size; the cluster says when one is not ready. */
function silent(): AlertRule {
  return defineRule({
    ...common,
    id: 'host-silent',
    title: 'A machine fell silent',
    summary: '{host} has sent no metrics for {value}',
    description:
      'The machine is down, its agent is, or it does not reach the gateway. A machine that was' +
      ' taken away is forgotten after six hours; silence the alert until then.',
    labels: ['host'],
    scope: ['host'],
    rows: ruleSql`
      SELECT ${host} AS host, dateDiff('second', max(${s.TimeUnix}), $__toTime) AS value
      FROM ${tableName(sum)}
      WHERE ${s.MetricName} = ${literal(hostMetrics.memoryUsage)} AND $__timeFilter(${s.TimeUnix})
        AND ${attributeOf(s.ResourceAttributes, 'k8s.node.name')} = ''
      GROUP BY host`,
    threshold: { above: 300 },
    unit: 'seconds',
    window: '6h',
    for: '1m',
    severity: 'warning',
    source: 'host_memory',
    runbook: 'host-silent',
  });
}
