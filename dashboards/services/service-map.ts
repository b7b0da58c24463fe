/** Service map: who calls whom, which calls fail or are slow, and what stands behind them. */
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { nodeGraph, type PanelDraft, timeseries } from '../vocabulary/panel.ts';
import { errorRatio, percentile, rangeSeconds, red, withRed } from '../vocabulary/red.ts';
import { sql } from '../vocabulary/sql.ts';
import { edgeTable, toFailedTraces, toServices, toSlowTraces } from './service-map-edges.ts';
import {
  callSeconds,
  callsPercentile,
  edgeStates,
  withCalls,
  withEdges,
} from './service-map-parts.ts';
import { serviceVariable } from './services-parts.ts';

const nodesMax = 400;
const chartEdgesMax = 12;

export function serviceMapDashboard(): DashboardJson {
  return board({
    key: 'map',
    title: 'Service map',
    description:
      'Which service calls which, and which databases, queues and other hosts they need. Calls' +
      ' that fail or got slower stand out and come first in the table.',
    variables: [serviceVariable()],
    rows: [
      { title: '', panels: [map()] },
      { title: '', panels: [edgeTable()] },
      { title: '', panels: [failedOverTime(), latencyOverTime()] },
    ],
  });
}

function map(): PanelDraft {
  const { fails, sometimes, slower } = edgeStates;
  return nodeGraph({
    title: 'Who calls whom',
    description:
      'A line leads from the caller to the called; the busier, the thicker. The ring of a node' +
      ' shows which share of its requests failed. Follow a broken line from left to right: the' +
      ' last node it reaches is where to look. Click a node for its neighbours and its links.' +
      ' Calls of the last minute appear within about a minute.' +
      `\n\n${fails.colour}, dashes: over 5 % of the calls fail; ${sometimes.colour}, dots: over` +
      ` 1 % fail; ${slower.colour}, long dashes: p95 is 1.5 times the one of the window before.`,
    source: 'edges',
    nodes: nodesSql(),
    edges: edgesSql(),
    width: 24,
    height: 15,
    noValue: 'no service called another one in this time range',
    arcs: { arc__failed: 'red', arc__fine: 'green' },
    fields: {
      title: { links: [...toServices('service'), ...toFailedTraces('service')] },
      mainstat: { unit: 'reqps', decimals: 1, title: 'Rate' },
      secondarystat: { unit: 's', decimals: 1, title: 'p95' },
      source: { links: [...toFailedTraces('caller'), ...toSlowTraces('caller')] },
      detail__failed: { unit: 'percentunit', decimals: 1, title: 'Failed' },
      detail__state: { title: 'State' },
    },
  });
}

/**
 * Services with their own requests where the gateway counted them, before any sampling; all else
 * with the calls that reach it. A service without an edge is on the map too.
 */
function nodesSql(): string {
  const inService = `$__conditionalAll(${red.service} IN (\${service:singlequote}), $service)`;
  return sql(`
    WITH ${withCalls()},
    ${withRed('1')},
    ends AS (
      SELECT node.1 AS sort, node.2 AS name, sumIf(count, node.3) / ${callSeconds} AS rate,
        sumIf(errors, node.3) / sumIf(count, node.3) AS ratio,
        ${callsPercentile(0.95, 'node.3')} AS most
      FROM calls ARRAY JOIN [('service', caller, false), (kind, callee, true)] AS node
      WHERE now GROUP BY sort, name
      UNION ALL
      SELECT 'service', ${red.service}, sum(${red.count}) / ${rangeSeconds}, ${errorRatio},
        ${percentile(0.95)}
      FROM red GROUP BY ${red.service}
      HAVING ${inService} OR ${red.service} IN (SELECT arrayJoin([caller, callee]) FROM calls)
    )
    SELECT concat(sort, ' ', name) AS id, if(name = '', 'no name', name) AS title,
      sort AS subtitle, nullIf(max(rate), 0) AS mainstat, argMax(most, rate) AS secondarystat,
      ifNotFinite(argMax(ratio, rate), 0) AS arc__failed, 1 - arc__failed AS arc__fine,
      arc__failed AS detail__failed, if(sort = 'service', name, '') AS service
    FROM ends GROUP BY sort, name
    ORDER BY arc__failed DESC, max(rate) DESC, id LIMIT ${nodesMax}`);
}

function edgesSql(): string {
  const drawn = (what: 'colour' | 'dashes'): string => {
    const states = [edgeStates.fails, edgeStates.sometimes, edgeStates.slower];
    const cases = states.map((state) => `state = '${state.text}', '${state[what]}'`);
    return `multiIf(${cases.join(', ')}, NULL)`;
  };
  return sql(`
    WITH ${withEdges()}
    SELECT concat(caller, ' → ', kind, ' ', callee) AS id, concat('service ', caller) AS source,
      concat(kind, ' ', callee) AS target, rate AS mainstat, most AS secondarystat,
      ratio AS detail__failed, state AS detail__state, ${drawn('colour')} AS color,
      ${drawn('dashes')} AS strokeDasharray,
      if(state = '${edgeStates.slower.text}', 'slow', '') AS mark,
      1 + 4 * sqrt(rate / max(rate) OVER ()) AS thickness,
      edges.caller AS caller, floor(most * 1000) AS slowMs
    FROM edges ORDER BY trouble DESC, rate DESC, caller, callee`);
}

/** A line an edge, the busiest of those that have trouble first. */
function byEdge(measure: string): string {
  return sql(`
    WITH ${withEdges()},
    shown AS (
      SELECT caller, callee, kind FROM edges ORDER BY trouble DESC, rate DESC, caller, callee
      LIMIT ${chartEdgesMax}
    )
    SELECT $__timeInterval(minute) AS time, concat(caller, ' → ', callee) AS edge, ${measure}
    FROM calls WHERE now AND (caller, callee, kind) IN shown
    GROUP BY time, edge ORDER BY time, edge`);
}

function failedOverTime(): PanelDraft {
  return timeseries({
    title: 'Failed calls',
    description:
      `Share of the calls that failed at either end, for the ${chartEdgesMax} edges with the` +
      ' most trouble. The edge that rose first is nearest to the cause.',
    source: 'edges',
    query: byEdge('sum(errors) / sum(count) AS failed'),
    width: 12,
    height: 8,
    unit: 'percentunit',
    decimals: 1,
    min: 0,
    noValue: 'no service called another one in this time range',
    interval: '1m',
    seriesName: `\${__field.labels.edge}`,
  });
}

function latencyOverTime(): PanelDraft {
  return timeseries({
    title: 'Latency of calls, p95',
    description:
      `95 of 100 calls take less, as the caller waits, within 4.4 %, for the ${chartEdgesMax}` +
      ' edges with the most trouble. An edge that rises while those behind it do not points at' +
      ' the called service itself.',
    source: 'edges',
    query: byEdge(`${callsPercentile(0.95, '1')} AS latency`),
    width: 12,
    height: 8,
    unit: 's',
    decimals: 1,
    noValue: 'no service called another one in this time range',
    interval: '1m',
    seriesName: `\${__field.labels.edge}`,
  });
}
