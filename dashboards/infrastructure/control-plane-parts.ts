/** Rows of the dashboard Control plane below the API server: etcd, scheduler, queues, DNS. */
import { gauge as gaugeTable } from '../../clickhouse/schema/metrics.ts';
import type { ControlPlaneJob } from '../../presets/control-plane/metrics.ts';
import { gauge, type PanelDraft, table } from '../vocabulary/panel.ts';
import { histogramPercentile } from '../vocabulary/points.ts';
import { bucketsOf, latestOf, levelOf, meanRateOf, rateOf } from '../vocabulary/scraped.ts';
import type { ScrapedHistogram } from '../vocabulary/scraped-names.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';
import { count, fullSteps, onCluster } from './kubernetes-parts.ts';
import { scrapedChart, seriesBy, troubleCount } from './scraped-panels.ts';

type Row = { readonly title: string; readonly panels: readonly PanelDraft[] };

const g = columnsOf(gaugeTable);
const filter = onCluster;
const member = attribute(g.ResourceAttributes, 'service.instance.id');

export const etcdRow = (): Row => ({
  title: 'etcd',
  panels: [leaders(), databaseFull(), writeTimes(), askedTimes(), databaseSize(), objects()],
});

function leaders(): PanelDraft {
  const has = latestOf({
    metric: 'etcd_server_has_leader',
    and: { member },
    over: 'min',
    filter,
  });
  return troubleCount(
    {
      title: 'Without a leader',
      description:
        'Members of etcd that know no leader: they can neither read nor write, and without a' +
        ' majority the whole cluster stands still.',
      source: 'etcd',
      query: sql(`
        SELECT countIf(level < 1) AS "Without a leader" FROM ${has} HAVING count() > 0`),
    },
    'member without a leader',
  );
}

function databaseFull(): PanelDraft {
  const largest = (
    metric: 'etcd_mvcc_db_total_size_in_bytes' | 'etcd_server_quota_backend_bytes',
  ) => latestOf({ metric, and: { member }, filter });
  return gauge({
    title: 'etcd quota used',
    description:
      'How full the database of the fullest member is. At 100 % etcd refuses every write until' +
      ' somebody compacts and defragments it.',
    source: 'etcd',
    query: sql(`
      SELECT max(size.level / nullIf(quota.level, 0)) AS "etcd quota used"
      FROM ${largest('etcd_mvcc_db_total_size_in_bytes')} AS size
      INNER JOIN ${largest('etcd_server_quota_backend_bytes')} AS quota USING (member)
      HAVING count() > 0`),
    width: 4,
    height: 5,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no quota is told',
    thresholds: fullSteps,
  });
}

const p99 = (metric: ScrapedHistogram, name: string): string => `
        SELECT time, '${name}' AS what, ${histogramPercentile(0.99)} AS p99
        FROM ${bucketsOf({ metric, filter })}`;

function writeTimes(): PanelDraft {
  return scrapedChart({
    title: 'etcd p99 of disk writes',
    description:
      'How long the log is synced and a batch is committed. Above 10 ms (log) and 25 ms (commit)' +
      ' the disk is too slow for etcd, and leaders change.',
    source: 'etcd',
    query: sql(`
      SELECT * FROM (${p99('etcd_disk_wal_fsync_duration_seconds', 'sync of the log')}
        UNION ALL${p99('etcd_disk_backend_commit_duration_seconds', 'commit')}
      )
      WHERE p99 IS NOT NULL ORDER BY time, what`),
    unit: 's',
    width: 16,
    height: 5,
    seriesName: seriesBy('what'),
  });
}

function askedTimes(): PanelDraft {
  return scrapedChart({
    title: 'etcd p99 as the API server sees it',
    description:
      'How long the API server waits for etcd, by operation. This is what clients feel; it is' +
      ' told also where etcd itself cannot be read.',
    source: 'control_plane',
    query: sql(`
      SELECT time, operation, ${histogramPercentile(0.99)} AS p99
      FROM ${bucketsOf({ metric: 'etcd_request_duration_seconds', by: ['operation'], filter })}
      WHERE p99 IS NOT NULL ORDER BY time, operation`),
    unit: 's',
    seriesName: seriesBy('operation'),
  });
}

function databaseSize(): PanelDraft {
  const size = levelOf({ metric: 'etcd_mvcc_db_total_size_in_bytes', and: { member }, filter });
  return scrapedChart({
    title: 'etcd size',
    description:
      'Bytes of the database by member. It grows with the number of objects and shrinks only by' +
      ' defragmentation.',
    source: 'etcd',
    query: sql(`SELECT time, member, level AS size FROM ${size} ORDER BY time, member`),
    unit: 'bytes',
    seriesName: seriesBy('member'),
  });
}

function objects(): PanelDraft {
  const stored = latestOf({
    metric: 'apiserver_storage_objects',
    by: ['resource'],
    over: 'max',
    filter,
  });
  return table({
    title: 'Objects by kind',
    description:
      'What fills etcd: objects stored, by kind. Events and Secrets of old releases are what' +
      ' grows unseen.',
    source: 'control_plane',
    query: sql(`
      SELECT resource AS "Resource", level AS "Objects"
      FROM ${stored} WHERE level > 0 ORDER BY "Objects" DESC, "Resource" LIMIT 50`),
    width: 8,
    height: 8,
    noValue: 'the API server does not count them',
    fields: { Objects: { ...count, widthPx: 100 } },
  });
}

export const schedulerRow = (): Row => ({
  title: 'Scheduler',
  panels: [
    scrapedChart({
      title: 'Pods that wait',
      description:
        'Pods without a node by queue: active are tried now, backoff again soon, unschedulable' +
        ' when something changes, gated when somebody lets them.',
      source: 'scheduler',
      query: sql(`
        SELECT time, queue, level AS pods
        FROM ${levelOf({ metric: 'scheduler_pending_pods', by: ['queue'], filter })}
        ORDER BY time, queue`),
      unit: 'none',
      decimals: 0,
      seriesName: seriesBy('queue'),
    }),
    scrapedChart({
      title: 'Scheduling attempts',
      description:
        'Attempts a second by how they ended. unschedulable means no node fits; error is a fault' +
        ' of the scheduler itself.',
      source: 'scheduler',
      query: sql(`
        SELECT time, result, rate AS attempts
        FROM ${rateOf({ metric: 'scheduler_schedule_attempts_total', by: ['result'], filter })}
        ORDER BY time, result`),
      unit: 'ops',
      decimals: 2,
      seriesName: seriesBy('result'),
    }),
    scrapedChart({
      title: 'Time of an attempt',
      description:
        'How long the scheduler takes to find a node for a pod, middle and slowest 1 %. Above a' +
        ' second, many nodes or slow plugins hold up every new pod.',
      source: 'scheduler',
      query: sql(`
        SELECT time, ${histogramPercentile(0.5)} AS p50, ${histogramPercentile(0.99)} AS p99
        FROM ${bucketsOf({ metric: 'scheduler_scheduling_attempt_duration_seconds', filter })}
        WHERE p99 IS NOT NULL ORDER BY time`),
      unit: 's',
    }),
  ],
});

/** Which program a queue belongs to; API server, scheduler and controller manager have some. */
const program = { program: g.ServiceName } as const;

export const queuesRow = (): Row => ({
  title: 'Work queues',
  panels: [
    table({
      title: 'Work queues by depth',
      description:
        'What the controllers have still to do. A depth that stays, or many retries, is a' +
        ' controller that cannot keep up or fails again and again: its name says of what.',
      source: 'control_plane',
      query: sql(`
        SELECT depth.program AS "Program", depth.name AS "Queue", depth.level AS "Depth",
          added.perSecond AS "Added", retried.perSecond AS "Retried"
        FROM ${latestOf({ metric: 'workqueue_depth', by: ['name'], and: program, filter })} AS depth
        LEFT JOIN ${meanRateOf({
          metric: 'workqueue_adds_total',
          by: ['name'],
          and: program,
          filter,
        })} AS added USING (program, name)
        LEFT JOIN ${meanRateOf({
          metric: 'workqueue_retries_total',
          by: ['name'],
          and: program,
          filter,
        })} AS retried USING (program, name)
        ORDER BY "Depth" DESC, "Retried" DESC, "Added" DESC, "Queue" LIMIT 50`),
      width: 16,
      height: 8,
      noValue: 'no queues',
      fields: {
        Program: { widthPx: 190 },
        Depth: {
          ...count,
          cell: 'text',
          thresholds: [
            { from: 0, colour: 'green', text: 'keeps up' },
            { from: 100, colour: 'orange', text: 'from 100 on: falls behind' },
          ],
        },
        Added: { unit: 'ops', decimals: 2, widthPx: 90 },
        Retried: { unit: 'ops', decimals: 2, widthPx: 90 },
      },
    }),
    scrapedChart({
      title: 'Queues of the controller manager',
      description:
        'Depth over time of the queues that held anything. Short peaks are normal after a' +
        ' roll-out; a line that stays up is a controller in trouble.',
      source: 'controller_manager',
      empty: 'fine',
      query: sql(`
        SELECT time, name, level AS depth
        FROM ${levelOf({
          metric: 'workqueue_depth',
          by: ['name'],
          filter: ofJobs(['kube-controller-manager']),
        })}
        WHERE level > 0 ORDER BY time, name`),
      unit: 'none',
      decimals: 0,
      noValue: 'every queue was empty in this time range',
      seriesName: seriesBy('name'),
    }),
  ],
});

export const dnsRow = (): Row => ({
  title: 'Cluster DNS',
  panels: [
    scrapedChart({
      title: 'DNS answers',
      description:
        'Answers a second by code. NXDOMAIN in great number is the search list of pods: names' +
        ' with few dots are tried with every suffix; SERVFAIL is a server above that fails.',
      source: 'coredns',
      query: sql(`
        SELECT time, rcode, rate AS answers
        FROM ${rateOf({ metric: 'coredns_dns_responses_total', by: ['rcode'], filter })}
        ORDER BY time, rcode`),
      unit: 'ops',
      draw: 'area',
      stack: true,
      seriesName: seriesBy('rcode'),
    }),
    scrapedChart({
      title: 'Time of a DNS answer',
      description:
        'Middle and slowest 1 %. Above 100 ms every call of every service that looks up a name' +
        ' is slower by that.',
      source: 'coredns',
      query: sql(`
        SELECT time, ${histogramPercentile(0.5)} AS p50, ${histogramPercentile(0.99)} AS p99
        FROM ${bucketsOf({ metric: 'coredns_dns_request_duration_seconds', filter })}
        WHERE p99 IS NOT NULL ORDER BY time`),
      unit: 's',
    }),
    scrapedChart({
      title: 'DNS cache',
      description:
        'Answers a second from the cache, and questions that it could not answer. Fewer hits than' +
        ' misses: names of short life, or a cache that is too small.',
      source: 'coredns',
      query: sql(`
        SELECT time, hits.rate AS hits, misses.rate AS misses
        FROM ${rateOf({ metric: 'coredns_cache_hits_total', filter })} AS hits
        INNER JOIN ${rateOf({ metric: 'coredns_cache_misses_total', filter })} AS misses
        USING (time) ORDER BY time`),
      unit: 'ops',
    }),
  ],
});

export const processesRow = (jobs: readonly ControlPlaneJob[]): Row => ({
  title: 'Processes',
  panels: [
    scrapedChart({
      title: 'Memory of the parts',
      description:
        'Resident memory by part, the largest process of each. An API server that grows with' +
        ' every LIST is ended by its limit.',
      source: 'control_plane',
      query: sql(`
        SELECT time, program, level AS memory
        FROM ${levelOf({
          metric: 'process_resident_memory_bytes',
          and: program,
          over: 'max',
          filter: ofJobs(jobs),
        })}
        ORDER BY time, program`),
      unit: 'bytes',
      width: 12,
      seriesName: seriesBy('program'),
    }),
    scrapedChart({
      title: 'CPU of the parts',
      description: 'Cores that are in use, by part, over all its processes.',
      source: 'control_plane',
      query: sql(`
        SELECT time, program, rate AS cores
        FROM ${rateOf({ metric: 'process_cpu_seconds_total', and: program, filter: ofJobs(jobs) })}
        ORDER BY time, program`),
      unit: 'none',
      decimals: 2,
      width: 12,
      seriesName: seriesBy('program'),
    }),
  ],
});

const ofJobs = (jobs: readonly ControlPlaneJob[]): string =>
  `${onCluster} AND ${g.ServiceName} IN ('${jobs.join("', '")}')`;
