/** The tables of *Services*: services sorted by trouble, and the worst operations. */
import type { Link } from '../vocabulary/links.ts';
import { type PanelDraft, table } from '../vocabulary/panel.ts';
import {
  byVariables,
  errorRatio,
  isError,
  percentile,
  rangeSeconds,
  red,
  withRed,
} from '../vocabulary/red.ts';
import { sql } from '../vocabulary/sql.ts';
import { errorSteps } from './services-parts.ts';
import { servicesByTrouble } from './services-trouble.ts';

const toService: Link = {
  title: 'Show only this service',
  to: 'services',
  set: { service: { field: 'Service' } },
};
const toMap: Link = {
  title: 'Who calls it, whom it calls',
  to: 'map',
  set: { service: { field: 'Service' } },
};
const toTraces: Link = {
  title: 'Traces of this service',
  to: 'traces',
  set: { service: { field: 'Service' } },
};
const toFailedTraces: Link = {
  title: 'Failed traces of this service',
  to: 'traces',
  set: { service: { field: 'Service' }, status: { text: 'Error' } },
};
const toSlowTraces: Link = {
  title: 'Slow traces of this service',
  to: 'traces',
  set: { service: { field: 'Service' }, minDuration: { field: 'SlowMs' } },
};
const toErrorLogs: Link = {
  title: 'Error logs of this service',
  to: 'logs',
  set: { service: { field: 'Service' }, severity: { text: 'error' } },
};

/** A line without axes in the cell of a row. */
const trend = { cell: 'sparkline', decimals: 1, widthPx: 100 } as const;

export function serviceTable(): PanelDraft {
  return table({
    title: 'Services by trouble',
    description:
      'The service at the top is the one to look at. Trouble is the share of failed requests,' +
      ' plus three times the share of errors that begin in the service itself rather than in one' +
      ' it calls, plus a little when its p95 grew against the window before. Click the name to' +
      ' see only that service, the errors for its failed traces, the latency for its slow' +
      ' traces, the error logs for its log lines.',
    source: 'requests',
    query: servicesByTrouble(),
    width: 24,
    height: 9,
    noValue: 'no requests in this time range',
    fields: {
      Service: { links: [toService, toTraces, toMap], widthPx: 200 },
      State: {
        widthPx: 170,
        cell: 'text',
        links: [toFailedTraces],
        values: {
          'errors start here': { colour: 'red' },
          'fails with others': { colour: 'orange' },
          'slower than before': { colour: 'yellow' },
          healthy: { colour: 'green' },
        },
      },
      Requests: { unit: 'reqps', decimals: 1, links: [toTraces] },
      'Requests trend': { ...trend, unit: 'reqps', colour: 'blue' },
      Failed: {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: errorSteps,
        links: [toFailedTraces],
      },
      'Failed trend': { ...trend, unit: 'percentunit', colour: 'red' },
      'Starts here': { unit: 'percentunit', decimals: 1, links: [toFailedTraces] },
      p50: { unit: 's', decimals: 1 },
      p95: { unit: 's', decimals: 1, links: [toSlowTraces] },
      'p95 trend': { ...trend, unit: 's', colour: 'purple' },
      p99: { unit: 's', decimals: 1, links: [toSlowTraces] },
      'p95 before': { unit: 's', decimals: 1 },
      'Error logs': { unit: 'none', decimals: 0, links: [toErrorLogs] },
      SlowMs: { hidden: true },
      Trouble: { hidden: true },
    },
  });
}

export function worstOperations(): PanelDraft {
  return table({
    title: 'Worst operations',
    description:
      'Operations sorted by failed requests, then by the time that was spent in them. Click an' +
      ' operation for its traces.',
    source: 'requests',
    query: sql(`
      WITH ${withRed(byVariables)}
      SELECT ${red.service} AS "Service", ${red.operation} AS "Operation",
        sum(${red.count}) / ${rangeSeconds} AS "Requests", ${errorRatio} AS "Failed",
        ${percentile(0.5)} AS "p50", ${percentile(0.95)} AS "p95",
        max(${red.durationMax}) / 1e9 AS "Longest",
        sum(${red.durationSum}) / 1e9 / ${rangeSeconds} AS "Busy"
      FROM red GROUP BY ${red.service}, ${red.operation}
      ORDER BY sumIf(${red.count}, ${isError}) DESC, "Busy" DESC LIMIT 50`),
    width: 24,
    height: 9,
    noValue: 'no requests in this time range',
    fields: {
      Service: { links: [toService], widthPx: 180 },
      Operation: {
        links: [
          {
            title: 'Traces of this operation',
            to: 'traces',
            set: { service: { field: 'Service' }, operation: { field: 'Operation' } },
          },
        ],
      },
      Requests: { unit: 'reqps', decimals: 1 },
      Failed: {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: errorSteps,
        links: [
          {
            title: 'Failed traces of this operation',
            to: 'traces',
            set: {
              service: { field: 'Service' },
              operation: { field: 'Operation' },
              status: { text: 'Error' },
            },
          },
        ],
      },
      p50: { unit: 's', decimals: 1 },
      p95: { unit: 's', decimals: 1 },
      Longest: { unit: 's', decimals: 1 },
      Busy: { unit: 'none', decimals: 2, title: 'Requests at work' },
    },
  });
}
