/**
 * Services: the landing page. Which service is wrong, since when, and which operation; one click
 * from there to its failing traces and its error logs.
 */

import type { Objective } from '../alerts/slo.ts';
import { deploymentsOfServices } from '../deployments/annotation.ts';
import { lost } from '../gateway/gateway-parts.ts';
import { changesEverywhere } from '../infrastructure/changes.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { type PanelDraft, stat } from '../vocabulary/panel.ts';
import {
  byVariables,
  coveredSeconds,
  errorRatio,
  percentile,
  red,
  withRed,
} from '../vocabulary/red.ts';
import { sql } from '../vocabulary/sql.ts';
import { choiceVariable } from '../vocabulary/variables.ts';
import {
  errorsOverTime,
  latencyHeatmap,
  latencyOverTime,
  overTime,
  percentilesOverTime,
  rateOverTime,
} from './services-charts.ts';
import { burningBudgets, whatChanged, worstCalls } from './services-now.ts';
import {
  errorStarts,
  errorSteps,
  latencySteps,
  operationVariable,
  serviceVariable,
} from './services-parts.ts';
import { serviceTable, worstOperations } from './services-table.ts';
import { whereTheyRun } from './services-where.ts';

/** With the objectives of a stack file. */
export function servicesDashboard(objectives: readonly Objective[] = []): DashboardJson {
  return board({
    key: 'services',
    title: 'Services',
    description:
      'Start here. Services sorted by trouble, how often they are called, how often they fail and' +
      ' how long they take.',
    variables: [
      serviceVariable(),
      operationVariable(),
      choiceVariable('by', {
        label: 'Split by',
        description: 'Draw one line a service, or one line an operation.',
        choices: [
          { value: 'service', text: 'service' },
          { value: 'operation', text: 'operation' },
        ],
      }),
      choiceVariable('percentile', {
        label: 'Latency',
        description: 'Which percentile the latency chart shows.',
        initial: 'p95',
        choices: [
          { value: 'p50', text: 'p50' },
          { value: 'p95', text: 'p95' },
          { value: 'p99', text: 'p99' },
        ],
      }),
    ],
    rows: [
      {
        title: '',
        panels: [failingServices(), requestRate(), errorShare(), slowest(), lost(4, 4)],
      },
      { title: '', panels: [serviceTable()] },
      { title: '', panels: [worstCalls(), whatChanged(), burningBudgets(objectives)] },
      { title: '', panels: [rateOverTime(), errorsOverTime(), latencyOverTime()] },
      { title: 'Where it starts', panels: [errorStarts(), worstOperations()] },
      { title: 'How long requests take', panels: [latencyHeatmap(), percentilesOverTime()] },
      { title: 'Where they run', panels: [whereTheyRun()] },
    ],
    annotations: [deploymentsOfServices, changesEverywhere],
  });
}

function failingServices(): PanelDraft {
  return stat({
    title: 'Services that fail',
    description:
      'How many services answered more than 1 % of their requests with an error. If it is not 0,' +
      ' look at the first row of the table below.',
    source: 'requests',
    query: sql(`
      WITH ${withRed(byVariables)}
      SELECT countIf(ratio > 0.01) AS "Services that fail"
      FROM (SELECT ${errorRatio} AS ratio FROM red GROUP BY ${red.service})`),
    width: 5,
    height: 4,
    unit: 'none',
    decimals: 0,
    noValue: 'no requests',
    thresholds: [
      { from: 0, colour: 'green', text: 'no service fails' },
      { from: 1, colour: 'red', text: 'at least one service fails' },
    ],
  });
}

function requestRate(): PanelDraft {
  return stat({
    title: 'Requests',
    description: 'Requests a second over all chosen services, counted before any sampling.',
    source: 'requests',
    query: overTime(`sum(${red.count}) / ${coveredSeconds} AS "Requests"`),
    width: 5,
    height: 4,
    unit: 'reqps',
    decimals: 1,
    noValue: 'no requests',
    interval: '10s',
    sparkline: true,
  });
}

function errorShare(): PanelDraft {
  return stat({
    title: 'Failed requests',
    description:
      'Share of requests that ended with status Error, latest value. Click through to the traces.',
    source: 'requests',
    query: overTime(`${errorRatio} AS "Failed"`),
    width: 5,
    height: 4,
    unit: 'percentunit',
    decimals: 2,
    noValue: 'no requests',
    interval: '10s',
    sparkline: true,
    thresholds: errorSteps,
    links: [
      {
        title: 'Failed traces',
        to: 'traces',
        set: { service: 'same', status: { text: 'Error' } },
      },
    ],
  });
}

function slowest(): PanelDraft {
  return stat({
    title: '95 of 100 requests take less than',
    description: 'The 95th percentile of duration over all chosen services, latest value.',
    source: 'requests',
    query: overTime(`${percentile(0.95)} AS "p95"`),
    width: 5,
    height: 4,
    unit: 's',
    decimals: 1,
    noValue: 'no requests',
    interval: '10s',
    sparkline: true,
    thresholds: latencySteps,
  });
}
