/** Machine: is the computer the problem? Figures as the Collector's host metrics name them. */
import { gauge as gaugeTable, sum } from '../../clickhouse/schema/metrics.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { labelsOf } from '../vocabulary/catalogue.ts';
import { hostMetrics } from '../vocabulary/names.ts';
import { gauge, type PanelDraft, stat, table, timeseries } from '../vocabulary/panel.ts';
import { latest, levels, type PointsSpec, rates } from '../vocabulary/points.ts';
import { attribute, sql } from '../vocabulary/sql.ts';
import { queryVariable } from '../vocabulary/variables.ts';
import {
  cpuSteps,
  device,
  direction,
  fullSteps,
  g,
  hostName,
  memoryStates,
  onHost,
  point,
  processCounts,
  processes,
  s,
  state,
} from './machine-parts.ts';

export function machineDashboard(): DashboardJson {
  return board({
    key: 'machine',
    title: 'Machine',
    description: 'CPU, load, memory, disks, file systems, network and processes of each host.',
    variables: [
      queryVariable('host', {
        label: 'Host',
        description: 'Show only these hosts.',
        multi: true,
        all: true,
        rawSql: sql(`
          SELECT ${hostName} AS host
          FROM ${labelsOf(sum, [hostMetrics.cpuTime, hostMetrics.memoryUsage])}
          GROUP BY host ORDER BY host LIMIT 1000`),
      }),
    ],
    rows: [
      { title: '', panels: [cpuNow(), memoryNow(), fullestFileSystem(), loadNow()] },
      { title: 'CPU and memory', panels: [cpuByState(), load(), memory()] },
      { title: 'Disks', panels: [diskIo(), diskOperations(), fileSystems()] },
      { title: 'Network', panels: [networkIo(), networkErrors()] },
      { title: 'Processes', panels: [processCounts(), processes()] },
    ],
  });
}

const cpuTime = point(hostMetrics.cpuTime, { state });
const memoryUsage = {
  ...point(hostMetrics.memoryUsage, { state }),
  kind: 'sum',
  filter: `${onHost} AND ${memoryStates}`,
} as const;

function cpuNow(): PanelDraft {
  return stat({
    title: 'CPU busy',
    description:
      'Share of all cores that did something other than idle or wait, latest value. If it stays' +
      ' high, see below which process uses it.',
    source: 'host_cpu',
    query: sql(`
      SELECT time, 1 - sumIf(rate, state IN ('idle', 'wait')) / sum(rate) AS "CPU busy"
      FROM ${rates(cpuTime)} GROUP BY time ORDER BY time`),
    width: 6,
    height: 5,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no CPU figures',
    interval: '10s',
    sparkline: true,
    thresholds: cpuSteps,
  });
}

function memoryNow(): PanelDraft {
  return gauge({
    title: 'Memory used',
    description:
      'Memory that programs hold, without caches the system would give back. Near the limit the' +
      ' system starts to kill processes.',
    source: 'host_memory',
    query: sql(`
      SELECT sumIf(level, state = 'used') / sum(level) AS "Memory used"
      FROM ${latest(memoryUsage)} HAVING count() > 0`),
    width: 6,
    height: 5,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no memory figures',
    thresholds: fullSteps('the memory'),
  });
}

const fileSystem = {
  ...point(hostMetrics.filesystemUsage, {
    mountpoint: attribute(s.Attributes, 'mountpoint'),
    device,
    state,
  }),
  kind: 'sum',
} as const;

/** As `df` counts it: blocks reserved for root are neither used nor free. NaN of nothing. */
const usedShare = "sumIf(level, state = 'used') / sumIf(level, state IN ('used', 'free'))";

function fullestFileSystem(): PanelDraft {
  return gauge({
    title: 'Fullest file system',
    description:
      'The file system with the least room. The list below names it; free some room or make it' +
      ' larger before it is full.',
    source: 'host_filesystem',
    query: sql(`
      SELECT max(share) AS "Fullest file system" FROM (
        SELECT ${usedShare} AS share
        FROM ${latest(fileSystem)} GROUP BY mountpoint, device HAVING share >= 0
      ) HAVING count() > 0`),
    width: 6,
    height: 5,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no file system figures',
    thresholds: fullSteps('a file system'),
  });
}

function loadNow(): PanelDraft {
  return stat({
    title: 'Load, 1 minute',
    description:
      'How many tasks ran or waited for a core or a disk. More than there are cores means waiting.',
    source: 'host_load',
    query: sql(`
      SELECT time, level AS "Load"
      FROM ${levels({ ...point(hostMetrics.load1m), kind: 'gauge' })} ORDER BY time`),
    width: 6,
    height: 5,
    unit: 'none',
    decimals: 2,
    noValue: 'no load figures',
    interval: '10s',
    sparkline: true,
  });
}

function cpuByState(): PanelDraft {
  return timeseries({
    title: 'CPU by state',
    description:
      'What the cores do, as a share of all of them. Much "wait" means slow disks; much "steal"' +
      ' means that the host of this virtual machine is overbooked.',
    source: 'host_cpu',
    query: sql(`
      WITH parts AS ${rates(cpuTime)},
      wholes AS (SELECT time, sum(rate) AS whole FROM parts GROUP BY time)
      SELECT time, state, rate / whole AS share
      FROM parts INNER JOIN wholes USING (time)
      WHERE state != 'idle' AND whole > 0 ORDER BY time, state`),
    width: 8,
    height: 8,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no CPU figures',
    interval: '10s',
    draw: 'area',
    stack: true,
    seriesName: `\${__field.labels.state}`,
  });
}

function load(): PanelDraft {
  const c = g.MetricName;
  return timeseries({
    title: 'Load average',
    description:
      'Tasks that ran or waited, averaged over 1, 5 and 15 minutes. Rising above the number of' +
      ' cores means that work waits.',
    source: 'host_load',
    query: sql(`
      SELECT $__timeInterval(${g.TimeUnix}) AS time,
        avgIf(${g.Value}, ${c} = '${hostMetrics.load1m}') AS "1 minute",
        avgIf(${g.Value}, ${c} = '${hostMetrics.load5m}') AS "5 minutes",
        avgIf(${g.Value}, ${c} = '${hostMetrics.load15m}') AS "15 minutes"
      FROM ${gaugeTable.name}
      WHERE ${c} IN ('${hostMetrics.load1m}', '${hostMetrics.load5m}', '${hostMetrics.load15m}')
        AND $__timeFilter(${g.TimeUnix}) AND ${onHost}
      GROUP BY time ORDER BY time`),
    width: 8,
    height: 8,
    unit: 'none',
    decimals: 2,
    noValue: 'no load figures',
    interval: '10s',
  });
}

function memory(): PanelDraft {
  return timeseries({
    title: 'Memory by state',
    description:
      'Used memory is held by programs; cached and buffered memory is given back when it is' +
      ' needed.',
    source: 'host_memory',
    query: sql(`
      SELECT time, state, level AS memory FROM ${levels(memoryUsage)}
      ORDER BY time, indexOf(['used', 'buffered', 'cached', 'free'], state)`),
    width: 8,
    height: 8,
    unit: 'bytes',
    decimals: 1,
    min: 0,
    noValue: 'no memory figures',
    interval: '10s',
    draw: 'area',
    stack: true,
    seriesName: `\${__field.labels.state}`,
  });
}

/** Rates by device and direction, the busy devices only. */
function byDevice(metric: PointsSpec['metric'], what: string): string {
  return sql(`
    SELECT time, device, direction, rate AS ${what}
    FROM ${rates(point(metric, { device, direction }))}
    WHERE rate > 0 OR device NOT LIKE 'loop%'
    ORDER BY time, device, direction`);
}

const deviceSeries = `\${__field.labels.device} \${__field.labels.direction}`;

function diskIo(): PanelDraft {
  return timeseries({
    title: 'Disk throughput',
    description: 'Bytes read and written a second, by device. A flat top is the limit of the disk.',
    source: 'host_disk',
    query: byDevice(hostMetrics.diskIo, 'throughput'),
    width: 8,
    height: 8,
    unit: 'Bps',
    decimals: 1,
    min: 0,
    noValue: 'no disk figures',
    interval: '10s',
    seriesName: deviceSeries,
  });
}

function diskOperations(): PanelDraft {
  return timeseries({
    title: 'Disk operations',
    description:
      'Reads and writes a second, by device. Many operations with little throughput are small' +
      ' ones.',
    source: 'host_disk',
    query: byDevice(hostMetrics.diskOperations, 'operations'),
    width: 8,
    height: 8,
    unit: 'ops',
    decimals: 0,
    min: 0,
    noValue: 'no disk figures',
    interval: '10s',
    seriesName: deviceSeries,
  });
}

function fileSystems(): PanelDraft {
  return table({
    title: 'File systems',
    description: 'Room on each file system, the fullest first.',
    source: 'host_filesystem',
    query: sql(`
      SELECT mountpoint AS "Mounted at", device AS "Device",
        ${usedShare} AS "Used",
        sumIf(level, state = 'free') AS "Free", sum(level) AS "Size"
      FROM ${latest(fileSystem)} GROUP BY mountpoint, device HAVING sum(level) > 0
      ORDER BY "Used" DESC LIMIT 50`),
    width: 8,
    height: 8,
    noValue: 'no file system figures',
    fields: {
      Used: {
        unit: 'percentunit',
        decimals: 0,
        cell: 'text',
        thresholds: fullSteps('the file system'),
      },
      Free: { unit: 'bytes', decimals: 1 },
      Size: { unit: 'bytes', decimals: 1 },
    },
  });
}

function networkIo(): PanelDraft {
  return timeseries({
    title: 'Network throughput',
    description: 'Bytes received and sent a second, by interface.',
    source: 'host_network',
    query: byDevice(hostMetrics.networkIo, 'throughput'),
    width: 12,
    height: 8,
    unit: 'Bps',
    decimals: 1,
    min: 0,
    noValue: 'no network figures',
    interval: '10s',
    seriesName: deviceSeries,
  });
}

function networkErrors(): PanelDraft {
  return timeseries({
    title: 'Network errors',
    description:
      'Packets a second that the interface could not receive or send. Anything above 0 for long' +
      ' is a cable, a driver or a duplex mismatch.',
    source: 'host_network',
    query: byDevice(hostMetrics.networkErrors, 'errors'),
    width: 12,
    height: 8,
    unit: 'cps',
    decimals: 1,
    min: 0,
    noValue: 'no network errors reported',
    empty: 'fine',
    interval: '10s',
    seriesName: deviceSeries,
  });
}
