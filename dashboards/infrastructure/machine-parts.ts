/** Parts of *Machine*: conditions and labels that its panels share, and the panels on processes. */
import { gauge as gaugeTable, sum } from '../../clickhouse/schema/metrics.ts';
import { hostMetrics } from '../vocabulary/names.ts';
import { bar, type PanelDraft, type Threshold, table } from '../vocabulary/panel.ts';
import { latest, type PointsSpec, steps } from '../vocabulary/points.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';

export const s = columnsOf(sum);
export const g = columnsOf(gaugeTable);

export const hostName = attribute(s.ResourceAttributes, 'host.name');
export const onHost = `$__conditionalAll(${hostName} IN (\${host:singlequote}), $host)`;
export const state = attribute(s.Attributes, 'state');
export const device = attribute(s.Attributes, 'device');
export const direction = attribute(s.Attributes, 'direction');

/** The memory states that add up to all of the memory. */
export const memoryStates = `${state} IN ('used', 'free', 'cached', 'buffered')`;

export const fullSteps = (what: string): readonly Threshold[] => [
  { from: 0, colour: 'green', text: `under 80 % of ${what} used` },
  { from: 0.8, colour: 'orange', text: 'from 80 % on: find out what grows' },
  { from: 0.95, colour: 'red', text: 'from 95 % on: act now' },
];

export const cpuSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'under 70 % busy' },
  { from: 0.7, colour: 'orange', text: 'from 70 % on: work begins to wait' },
  { from: 0.9, colour: 'red', text: 'from 90 % on: work waits' },
];

export const point = (
  metric: PointsSpec['metric'],
  labels: Readonly<Record<string, string>> = {},
) => ({
  metric,
  labels,
  filter: onHost,
});

export function processCounts(): PanelDraft {
  const status = attribute(s.Attributes, 'status');
  return bar({
    title: 'Processes by state',
    description:
      'How many processes run, sleep or are blocked. Blocked ones wait for a disk or the network;' +
      ' zombies wait for a parent that forgot them.',
    source: 'host_processes',
    query: sql(`
      SELECT status AS "State", level AS "Processes"
      FROM ${latest({ ...point(hostMetrics.processesCount, { status }), kind: 'sum' })}
      ORDER BY level DESC`),
    width: 8,
    height: 9,
    unit: 'none',
    decimals: 0,
    min: 0,
    noValue: 'no process figures',
  });
}

export function processes(): PanelDraft {
  const labels = {
    pid: attribute(s.ResourceAttributes, 'process.pid'),
    name: attribute(s.ResourceAttributes, 'process.executable.name'),
  };
  return table({
    title: 'Largest processes',
    description: 'Processes by memory, with the cores each kept busy over the time range.',
    source: 'host_process',
    query: sql(`
      WITH cpu AS (
        SELECT pid, name, sum(used) AS cores FROM (
          SELECT pid, name, series, sum(grown) / sum(elapsed) AS used
          FROM ${steps(point(hostMetrics.processCpuTime, labels))} GROUP BY pid, name, series
        ) GROUP BY pid, name
      )
      SELECT name AS "Process", pid AS "Process id", level AS "Memory", cores AS "Cores"
      FROM ${latest({ ...point(hostMetrics.processMemoryUsage, labels), kind: 'sum' })} AS memory
      LEFT JOIN cpu USING (pid, name)
      ORDER BY level DESC LIMIT 30`),
    width: 16,
    height: 9,
    noValue: 'no process figures',
    fields: {
      Memory: { unit: 'bytes', decimals: 1 },
      Cores: { unit: 'none', decimals: 2 },
    },
  });
}
