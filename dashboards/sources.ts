/**
 * What panels draw from. A panel names its source; the probe tells whether anything feeds it in
 * the chosen time range, and if not, `reason` is what the panel says instead of being empty.
 */
import { logs } from '../clickhouse/schema/logs.ts';
import { gauge, sum } from '../clickhouse/schema/metrics.ts';
import { receipts, redSecond } from '../clickhouse/schema/ours.ts';
import { traces } from '../clickhouse/schema/traces.ts';
import { hostMetrics } from './names.ts';
import { columnsOf } from './sql.ts';

export type Source = {
  /** Rows mean active. Uses the dashboard macros and may use the dashboard's variables. */
  readonly probe: string;
  /** Why there is nothing to see, and what would change that. */
  readonly reason: string;
};

const t = columnsOf(traces);
const l = columnsOf(logs);
const g = columnsOf(gauge);
const s = columnsOf(sum);
const r = columnsOf(redSecond);
const p = columnsOf(receipts);

const fromSum = (metric: string): string =>
  `SELECT 1 FROM ${sum.name} WHERE ${s.MetricName} = '${metric}'` +
  ` AND $__timeFilter(${s.TimeUnix}) LIMIT 1`;

const fromGauge = (metric: string): string =>
  `SELECT 1 FROM ${gauge.name} WHERE ${g.MetricName} = '${metric}'` +
  ` AND $__timeFilter(${g.TimeUnix}) LIMIT 1`;

const host = (metric: string, scraper: string): Source => ({
  probe: fromSum(metric),
  reason:
    `No ${metric} arrived in this time range. Send host metrics: run \`obsctl demo\`, or a` +
    ` Collector with the host_metrics receiver and its ${scraper} scraper.`,
});

export const sources = {
  requests: {
    probe: `SELECT 1 FROM ${redSecond.name} WHERE $__timeFilter(${r.Time}) LIMIT 1`,
    reason:
      'No spans arrived in this time range. Point an application at the OTLP endpoint, or choose' +
      ' a longer range.',
  },
  spans: {
    probe: `SELECT 1 FROM ${traces.name} WHERE $__timeFilter(${t.Timestamp}) LIMIT 1`,
    reason:
      'No spans arrived in this time range. Point an application at the OTLP endpoint, or choose' +
      ' a longer range.',
  },
  selected_trace: {
    probe: `SELECT 1 WHERE \${traceId:singlequote} != ''`,
    reason: 'No trace is chosen. Click a trace id in the list above.',
  },
  logs: {
    probe: `SELECT 1 FROM ${logs.name} WHERE $__timeFilter(${l.Timestamp}) LIMIT 1`,
    reason:
      'No log records arrived in this time range. Send logs to the OTLP endpoint, or choose a' +
      ' longer range.',
  },
  telemetry: {
    probe:
      `SELECT 1 FROM ${traces.name} WHERE $__timeFilter(${t.Timestamp}) LIMIT 1` +
      ` UNION ALL SELECT 1 FROM ${logs.name} WHERE $__timeFilter(${l.Timestamp}) LIMIT 1` +
      ` UNION ALL SELECT 1 FROM ${sum.name} WHERE $__timeFilter(${s.TimeUnix}) LIMIT 1` +
      ` UNION ALL SELECT 1 FROM ${gauge.name} WHERE $__timeFilter(${g.TimeUnix}) LIMIT 1`,
    reason: 'Nothing arrived in this time range. Point an application at the OTLP endpoint.',
  },
  host_cpu: host(hostMetrics.cpuTime, 'cpu'),
  host_load: {
    probe: fromGauge(hostMetrics.load1m),
    reason:
      `No ${hostMetrics.load1m} arrived in this time range. Send host metrics with the load` +
      ' scraper; Windows has no load average.',
  },
  host_memory: host(hostMetrics.memoryUsage, 'memory'),
  host_disk: host(hostMetrics.diskIo, 'disk'),
  host_filesystem: host(hostMetrics.filesystemUsage, 'filesystem'),
  host_network: host(hostMetrics.networkIo, 'network'),
  host_processes: host(hostMetrics.processesCount, 'processes'),
  host_process: host(hostMetrics.processMemoryUsage, 'process'),
  receipts: {
    probe: `SELECT 1 FROM ${receipts.name} WHERE $__timeFilter(${p.Time}) LIMIT 1`,
    reason:
      'No gateway of obsctl stored anything in this time range. Telemetry that a plain Collector' +
      ' wrote has no receipts.',
  },
  gateway_metrics: {
    probe:
      `SELECT 1 FROM ${sum.name} WHERE startsWith(${s.MetricName}, 'obsctl.')` +
      ` AND $__timeFilter(${s.TimeUnix}) LIMIT 1`,
    reason: 'The gateway reported nothing about itself in this time range. Is it running?',
  },
} as const satisfies Record<string, Source>;

export type SourceId = keyof typeof sources;
