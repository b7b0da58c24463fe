/**
 * Parts of *Gateway*: who was turned away, what sampling left out, what redaction changed, which
 * series were too many, and how long the certificate lasts. What is switched off says so: these
 * panels may be empty.
 */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { type PanelDraft, stat, table, timeseries } from '../vocabulary/panel.ts';
import { latest, rates, steps } from '../vocabulary/points.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';

const reason = attribute('Attributes', 'reason');
const transport = attribute('Attributes', 'transport');
const decision = attribute('Attributes', 'decision');
const action = attribute('Attributes', 'action');

/** What somebody on duty does about a reason; the rest are faults of a sender. */
const remedies = {
  'come back later': ['memory', 'disk_budget', 'shutting_down', 'not_ready', 'log_share'],
  'look at the disk and the gateway log': ['disk_error', 'internal', 'corrupt'],
  'give the sender a valid certificate': ['tls'],
  'give the sender credentials that are in force': ['no_credentials', 'bad_credentials'],
  'allow its network or its origin, or find out who it is': ['network', 'origin'],
  'raise the quota of the tenant, or let it sample': ['over_quota'],
} as const;

export function turnedAway(): PanelDraft {
  const cases = Object.entries(remedies)
    .map(([text, reasons]) => `reason IN (${quoted(reasons)}), '${text}'`)
    .join(',\n          ');
  const refused = {
    metric: 'obsctl.gateway.refused.requests',
    labels: { reason, transport },
  } as const;
  return table({
    title: 'Turned away in this time range',
    description:
      'Requests that were not accepted, by reason, and what to do about it. Those that are told' +
      ' to come back later are not lost; everything else stays away until somebody acts.',
    source: 'gateway_metrics',
    empty: 'fine',
    query: sql(`
      SELECT reason AS "Reason", transport AS "Transport", sum(grown) AS "Requests",
        multiIf(
          ${cases},
          'repair the sender') AS "What to do"
      FROM ${steps(refused)} GROUP BY reason, transport HAVING sum(grown) > 0
      ORDER BY sum(grown) DESC, reason`),
    width: 16,
    height: 7,
    noValue: 'nothing was turned away',
    fields: { Requests: { unit: 'none', decimals: 0 } },
  });
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ');

export function certificate(): PanelDraft {
  const ends = {
    metric: 'obsctl.gateway.tls.not_after',
    kind: 'gauge',
    over: 'min',
    filter: `${columnsOf(gauge).Value} > 0`,
  } as const;
  return stat({
    title: 'Certificate lasts for',
    description:
      'Until the TLS certificate in force ends; of several gateways the first to end. Replace the' +
      ' files: they are read again without a restart.',
    source: 'gateway_metrics',
    empty: 'fine',
    query: sql(`
      SELECT level - toUnixTimestamp($__toTime) AS "Certificate"
      FROM ${latest(ends)}`),
    width: 6,
    height: 7,
    unit: 's',
    decimals: 1,
    noValue: 'TLS is off: there is no certificate',
    thresholds: [
      { from: -1e12, colour: 'red', text: 'under 7 days, or over: replace it now' },
      { from: 7 * 86_400, colour: 'orange', text: 'under 14 days: replace it' },
      { from: 14 * 86_400, colour: 'green', text: 'there is time' },
    ],
  });
}

export function sampled(): PanelDraft {
  return timeseries({
    title: 'Kept and left out by sampling',
    description:
      'Spans and log records a second that became rows, and those that sampling left out. Rates' +
      ' count all of them, and the weight of the rows that stay stands for the rest. Without' +
      ' sampling everything is kept.',
    source: 'gateway_metrics',
    empty: 'fine',
    query: sql(`
      SELECT time, replaceOne(decision, '_', ' ') AS what, rate AS items
      FROM ${rates({ metric: 'obsctl.gateway.sampling.items', labels: { decision } })}
      ORDER BY time, what`),
    width: 6,
    height: 7,
    unit: 'cps',
    decimals: 1,
    min: 0,
    noValue: 'no spans or log records arrived',
    interval: '10s',
    draw: 'area',
    stack: true,
    seriesName: `\${__field.labels.what}`,
  });
}

export function redacted(): PanelDraft {
  return timeseries({
    title: 'Changed by redaction',
    description:
      'Attribute values and log bodies a second that were dropped, hashed or masked before they' +
      ' were logged. A rule that stops counting no longer fits what senders send: look at a few' +
      ' rows.',
    source: 'gateway_metrics',
    empty: 'fine',
    query: sql(`
      SELECT time, action, rate AS changes
      FROM ${rates({ metric: 'obsctl.gateway.redaction.values', labels: { action } })}
      ORDER BY time, action`),
    width: 6,
    height: 7,
    unit: 'ops',
    decimals: 1,
    min: 0,
    noValue: 'redaction changed nothing: no rules, or none that fitted',
    interval: '10s',
    seriesName: `\${__field.labels.action}`,
  });
}

export function seriesRefused(): PanelDraft {
  return timeseries({
    title: 'Series refused, by limit',
    description:
      'New series a second beyond what a tenant may have, of one metric or of all. Their samples' +
      ' are not stored, and their senders are told so: find out which label grew (the log of the' +
      ' gateway names tenant and metric), or raise the limit.',
    source: 'gateway_metrics',
    empty: 'fine',
    query: sql(`
      SELECT time, reason, rate AS series
      FROM ${rates({ metric: 'obsctl.gateway.refused.series', labels: { reason } })}
      ORDER BY time, reason`),
    width: 6,
    height: 7,
    unit: 'ops',
    decimals: 1,
    min: 0,
    noValue: 'no series was refused: no limits, or none that was met',
    interval: '10s',
    seriesName: `\${__field.labels.reason}`,
  });
}
