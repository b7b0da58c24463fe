/**
 * Gateway: is anything lost, how much waits, for how long will the disk last, what was refused, and
 * the proof that what was sent to ClickHouse is there. Metrics come from the gateway's catalog.
 */
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { gauge, type PanelDraft, stat, table, timeseries } from '../vocabulary/panel.ts';
import {
  histogramPercentile,
  histogramSteps,
  latest,
  levels,
  rates,
  steps,
} from '../vocabulary/points.ts';
import { attribute, sql } from '../vocabulary/sql.ts';
import {
  lost,
  receiptsByTable,
  receivedAndStored,
  resources,
  storedAndProved,
  timeUntilFull,
} from './gateway-parts.ts';
import { proof } from './gateway-proof.ts';
import { certificate, redacted, sampled, seriesRefused, turnedAway } from './gateway-public.ts';
import { archiveSize, deadLetters, parkedTables, waitingSeals } from './gateway-waiting.ts';

const reason = attribute('Attributes', 'reason');
const outcome = attribute('Attributes', 'outcome');
const stage = attribute('Attributes', 'stage');
const signal = attribute('Attributes', 'signal');

export function gatewayDashboard(): DashboardJson {
  return board({
    key: 'gateway',
    title: 'Gateway',
    description:
      'Is anything lost (no), how much is waiting, for how long will the disk last, what was' +
      ' refused, and the proof.',
    variables: [],
    rows: [
      { title: '', panels: [lost(4, 5), waiting(), logFill(), timeUntilFull(), clickHouseUp()] },
      { title: 'The way of an item', panels: [receivedAndStored(), itemsBySignal()] },
      {
        title: 'What waits',
        panels: [
          ...[lag(), logSize(), logPositions(), waitingSeals(), parkedTables(), deadLetters()],
          archiveSize(),
        ],
      },
      { title: 'Inserts into ClickHouse', panels: [inserts(), insertLatency(), answerLatency()] },
      {
        title: 'At the door',
        panels: [refused(), turnedAway(), sampled(), redacted(), seriesRefused(), certificate()],
      },
      { title: 'Proof', panels: [proof(), storedAndProved(), receiptsByTable()] },
      { title: 'The process', panels: resources() },
    ],
  });
}

function waiting(): PanelDraft {
  return stat({
    title: 'Oldest item waits',
    description:
      'Age of the oldest answered item that ClickHouse has not acknowledged. It is on disk and' +
      ' safe; if it grows, ClickHouse is away or slow.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, level AS "Waits"
      FROM ${levels({ metric: 'obsctl.gateway.lag', kind: 'gauge', over: 'max' })}
      ORDER BY time`),
    width: 5,
    height: 5,
    unit: 's',
    decimals: 1,
    noValue: 'the gateway does not report',
    interval: '10s',
    sparkline: true,
    thresholds: [
      { from: 0, colour: 'green', text: 'ClickHouse keeps up' },
      { from: 30, colour: 'orange', text: 'from 30 s on: ClickHouse is slow or away' },
      { from: 300, colour: 'red', text: 'from 5 min on: repair ClickHouse; nothing is lost yet' },
    ],
  });
}

function logFill(): PanelDraft {
  return gauge({
    title: 'Log used',
    description:
      'Share of the write-ahead log that is in use. When it is full, senders are told to come' +
      ' back later; nothing that was answered is lost.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT size.level / limits.level AS "Log used"
      FROM ${latest({ metric: 'obsctl.gateway.wal.size', kind: 'gauge' })} AS size
      CROSS JOIN ${latest({ metric: 'obsctl.gateway.wal.limit', kind: 'gauge' })} AS limits
      WHERE limits.level > 0`),
    width: 5,
    height: 5,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'the gateway does not report',
    thresholds: [
      { from: 0, colour: 'green', text: 'there is room' },
      {
        from: 0.7,
        colour: 'orange',
        text: 'from 70 % on: find out why ClickHouse does not take it',
      },
      { from: 0.9, colour: 'red', text: 'from 90 % on: requests will soon be refused' },
    ],
  });
}

function clickHouseUp(): PanelDraft {
  return stat({
    title: 'ClickHouse',
    description:
      'Whether the last insert was taken. While it was not, items wait in the log and are' +
      ' delivered without anyone doing anything once ClickHouse is back.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT if(level >= 1, 'takes inserts', 'does not answer') AS "ClickHouse"
      FROM ${latest({ metric: 'obsctl.gateway.clickhouse.up', kind: 'gauge', over: 'min' })}`),
    width: 5,
    height: 5,
    unit: 'string',
    noValue: 'the gateway does not report',
    fields: {
      ClickHouse: {
        values: { 'takes inserts': { colour: 'green' }, 'does not answer': { colour: 'red' } },
      },
    },
  });
}

function refused(): PanelDraft {
  return timeseries({
    title: 'Turned away, by reason',
    description:
      'Requests a second that were not accepted. memory, disk_budget and shutting_down are told' +
      ' to come back and are not lost; wrong_type, unknown_path or too_large are faults of the' +
      ' sender; tls, bad_credentials, network or over_quota are those that the guard keeps out.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, reason, rate AS requests
      FROM ${rates({ metric: 'obsctl.gateway.refused.requests', labels: { reason } })}
      WHERE rate > 0 OR reason = 'disk_budget' ORDER BY time, reason`),
    width: 8,
    height: 7,
    unit: 'reqps',
    decimals: 2,
    min: 0,
    noValue: 'nothing was turned away',
    empty: 'fine',
    interval: '10s',
    draw: 'bars',
    stack: true,
    seriesName: `\${__field.labels.reason}`,
  });
}

function itemsBySignal(): PanelDraft {
  return table({
    title: 'Items of this time range, by signal',
    description:
      'What was received, what is durable, what was answered OK, what was refused (told to come' +
      ' back) and what was rejected (can never be stored). Received and durable are equal when' +
      ' nothing is under way.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT signal AS "Signal", sumIf(items, what = 'received') AS "Received",
        sumIf(items, what = 'durable') AS "Durable", sumIf(items, what = 'answered') AS "Answered",
        sumIf(items, what = 'refused') AS "Refused", sumIf(items, what = 'rejected') AS "Rejected"
      FROM (${itemsByStep()})
      GROUP BY signal ORDER BY signal`),
    width: 12,
    height: 8,
    noValue: 'the gateway does not report',
    fields: Object.fromEntries(
      ['Received', 'Durable', 'Answered', 'Refused', 'Rejected'].map((name) => [
        name,
        { unit: 'short' } as const,
      ]),
    ),
  });
}

function itemsByStep(): string {
  const metrics = {
    received: 'obsctl.gateway.received.items',
    durable: 'obsctl.gateway.durable.items',
    answered: 'obsctl.gateway.answered.items',
    refused: 'obsctl.gateway.refused.items',
    rejected: 'obsctl.gateway.rejected.items',
  } as const;
  return Object.entries(metrics)
    .map(
      ([what, metric]) =>
        `SELECT signal, '${what}' AS what, sum(grown) AS items` +
        ` FROM ${steps({ metric, labels: { signal } })} GROUP BY signal`,
    )
    .join('\nUNION ALL\n');
}

function lag(): PanelDraft {
  return timeseries({
    title: 'Lag',
    description:
      'Age of the oldest item that waits. A saw tooth of a few seconds is normal; a straight line' +
      ' upwards is a ClickHouse that does not answer.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, level AS lag
      FROM ${levels({ metric: 'obsctl.gateway.lag', kind: 'gauge', over: 'max' })}
      ORDER BY time`),
    width: 8,
    height: 8,
    unit: 's',
    decimals: 1,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
  });
}

function logSize(): PanelDraft {
  return timeseries({
    title: 'Log on disk and its limit',
    description: 'Bytes of the write-ahead log on disk, and how many it may use.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, size.level AS "on disk", limits.level AS "limit"
      FROM ${levels({ metric: 'obsctl.gateway.wal.size', kind: 'gauge' })} AS size
      LEFT JOIN ${levels({ metric: 'obsctl.gateway.wal.limit', kind: 'gauge' })} AS limits
      USING (time) ORDER BY time`),
    width: 8,
    height: 8,
    unit: 'bytes',
    decimals: 1,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
    fields: { limit: { colour: 'red' } },
  });
}

function logPositions(): PanelDraft {
  return timeseries({
    title: 'Waiting in the log',
    description:
      'Bytes that are written but not synced, synced but not sealed, sealed but not acknowledged' +
      ' by ClickHouse. The last one grows while ClickHouse is away.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, greatest(0, sumIf(level, stage = 'written') - sumIf(level, stage = 'durable'))
        AS "not synced",
        greatest(0, sumIf(level, stage = 'durable') - sumIf(level, stage = 'sealed')) AS "not
          sealed",
        greatest(0, sumIf(level, stage = 'sealed') - sumIf(level, stage = 'acknowledged')) AS "not
          acknowledged"
      FROM ${levels({ metric: 'obsctl.gateway.wal.position', kind: 'gauge', labels: { stage } })}
      GROUP BY time ORDER BY time`),
    width: 8,
    height: 8,
    unit: 'bytes',
    decimals: 1,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
    draw: 'area',
    stack: true,
  });
}

function inserts(): PanelDraft {
  return timeseries({
    title: 'Inserts, by what came back',
    description:
      'acknowledged: stored now; already_there: a repeat that ClickHouse recognised; retryable:' +
      ' will be sent again; permanent: refused for good, the rows go to the dead letter.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, outcome, rate AS inserts
      FROM ${rates({ metric: 'obsctl.gateway.inserts', labels: { outcome } })}
      WHERE rate > 0 OR outcome = 'acknowledged' ORDER BY time, outcome`),
    width: 8,
    height: 8,
    unit: 'ops',
    decimals: 2,
    min: 0,
    noValue: 'no insert was sent',
    interval: '10s',
    seriesName: `\${__field.labels.outcome}`,
  });
}

function insertLatency(): PanelDraft {
  return latency(
    'Insert latency',
    'How long ClickHouse takes to answer an insert. When it rises, look at merges and parts there.',
    'obsctl.gateway.insert.duration',
  );
}

function answerLatency(): PanelDraft {
  return latency(
    'Answer latency',
    'How long a sender waits from its headers to our answer; the sync to disk is in it.',
    'obsctl.gateway.request.duration',
  );
}

function latency(
  title: string,
  description: string,
  metric: 'obsctl.gateway.insert.duration' | 'obsctl.gateway.request.duration',
): PanelDraft {
  return timeseries({
    title,
    description,
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, ${histogramPercentile(0.5)} AS p50, ${histogramPercentile(0.95)} AS p95,
        ${histogramPercentile(0.99)} AS p99
      FROM ${histogramSteps({ metric })}
      WHERE arraySum(counts) > 0 ORDER BY time`),
    width: 8,
    height: 8,
    unit: 's',
    decimals: 1,
    min: 0,
    noValue: 'nothing was measured',
    interval: '10s',
    fields: { p50: { colour: 'green' }, p95: { colour: 'yellow' }, p99: { colour: 'red' } },
  });
}
