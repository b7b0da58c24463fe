/** Network: who sends how much to whom, what of it crosses zones, how many connections at once. */
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { nodeGraph, type PanelDraft, table, timeseries } from '../vocabulary/panel.ts';
import { coveredSeconds } from '../vocabulary/red.ts';
import { sql } from '../vocabulary/sql.ts';
import {
  flowClusterVariable,
  flowSecondsSeen,
  ofChosenSide,
  sideVariable,
  withFlows,
} from './network-flows.ts';

const pairsMax = 300;
const chartPairsMax = 12;
const noTraffic = 'no traffic was reported in this time range';

export function networkDashboard(): DashboardJson {
  return board({
    key: 'network',
    title: 'Network',
    description:
      'Who sends how much to whom, as an eBPF agent or other senders of flows report it. Traffic' +
      ' that crosses zones stands out: it costs money and time.',
    variables: [flowClusterVariable(), sideVariable()],
    rows: [
      { title: '', panels: [map()] },
      { title: '', panels: [pairs()] },
      { title: '', panels: [zonesOverTime(), connectionsOverTime()] },
    ],
  });
}

function withPairs(): string {
  return `${withFlows()},
    pairs AS (
      SELECT source, destination, sum(sent + answered) / ${flowSecondsSeen} AS rate,
        sum(sent) / ${flowSecondsSeen} AS there, sum(answered) / ${flowSecondsSeen} AS back,
        sumIf(sent + answered, crosses) / greatest(sum(sent + answered), 1) AS across,
        arrayStringConcat(arraySort(groupUniqArrayIf(concat(sourceZone, ' → ', destinationZone),
          crosses)), ', ') AS zones,
        arrayStringConcat(arrayMap(one -> toString(one),
          arraySort(groupUniqArrayIf(10)(port, port != 0))), ', ') AS ports,
        sum(opened) AS opened, max(most) AS most
      FROM flows WHERE ${ofChosenSide} GROUP BY source, destination
      ORDER BY rate DESC, source, destination LIMIT ${pairsMax}
    )`;
}

function map(): PanelDraft {
  return nodeGraph({
    title: 'Who sends to whom',
    description:
      'A line leads from the side that opened connections to the one that was asked; the more' +
      ' bytes both send, the thicker. The ring of a node shows which share of its bytes crosses' +
      ' zones. Sides without a name are addresses that nothing known had at that time.' +
      '\n\nOrange, dashes: traffic that crosses zones.',
    source: 'flows',
    nodes: sql(`
      WITH ${withPairs()}
      SELECT side AS id, side AS title, sum(rate) AS mainstat,
        sum(rate * across) / greatest(sum(rate), 1e-9) AS arc__across, 1 - arc__across AS arc__near,
        arc__across AS detail__across
      FROM pairs ARRAY JOIN arrayDistinct([source, destination]) AS side
      GROUP BY side ORDER BY mainstat DESC, id`),
    edges: sql(`
      WITH ${withPairs()}
      SELECT concat(source, ' → ', destination) AS id, source, destination AS target,
        rate AS mainstat, zones AS detail__zones, across AS detail__across,
        if(across > 0, 'orange', NULL) AS color, if(across > 0, '8 4', NULL) AS strokeDasharray,
        if(across > 0, 'other zone', '') AS mark,
        1 + 4 * sqrt(rate / max(rate) OVER ()) AS thickness
      FROM pairs ORDER BY rate DESC, source, target`),
    width: 24,
    height: 15,
    noValue: noTraffic,
    arcs: { arc__across: 'orange', arc__near: 'green' },
    fields: {
      mainstat: { unit: 'Bps', decimals: 1, title: 'Rate' },
      detail__zones: { title: 'Zones' },
      detail__across: { unit: 'percentunit', decimals: 1, title: 'Crosses zones' },
    },
  });
}

function pairs(): PanelDraft {
  return table({
    title: 'Pairs by traffic',
    description:
      'Every line of the map. "At once" is the most connections that were open at one instant of' +
      ' one minute, between these two on one port; it is 0 where only counters of bytes are' +
      ' known. What crosses zones and is large is where to look for cost.',
    source: 'flows',
    query: sql(`
      WITH ${withPairs()}
      SELECT source AS "From", destination AS "To", ports AS "Ports", rate AS "Both ways",
        there AS "Sent", back AS "Answered", across AS "Crosses zones", zones AS "Zones",
        opened AS "Opened", most AS "At once"
      FROM pairs ORDER BY "Both ways" DESC, "From", "To"`),
    width: 24,
    height: 9,
    noValue: noTraffic,
    fields: {
      From: { widthPx: 220 },
      To: { widthPx: 220 },
      'Both ways': { unit: 'Bps', decimals: 1 },
      Sent: { unit: 'Bps', decimals: 1 },
      Answered: { unit: 'Bps', decimals: 1 },
      'Crosses zones': { unit: 'percentunit', decimals: 1 },
    },
  });
}

/** A line a pair, the busiest of them. */
function byPair(measure: string, condition: string): string {
  return sql(`
    WITH ${withFlows()},
    shown AS (
      SELECT source, destination FROM flows WHERE ${ofChosenSide} AND ${condition}
      GROUP BY source, destination ORDER BY sum(sent + answered) DESC, source, destination
      LIMIT ${chartPairsMax}
    )
    SELECT $__timeInterval(minute) AS time, concat(source, ' → ', destination) AS pair, ${measure}
    FROM flows WHERE (source, destination) IN shown AND ${condition}
    GROUP BY time, pair ORDER BY time, pair`);
}

function zonesOverTime(): PanelDraft {
  return timeseries({
    title: 'Traffic that crosses zones',
    description:
      `Bytes a second both ways between sides in different zones, for the ${chartPairsMax} pairs` +
      ' with the most. Zones are those that were reported with the traffic. Where a line rises,' +
      ' look whether callers can stay in their zone.',
    source: 'flows',
    query: byPair(`sum(sent + answered) / ${coveredSeconds} AS rate`, 'crosses'),
    width: 12,
    height: 8,
    unit: 'Bps',
    decimals: 1,
    min: 0,
    noValue: 'no traffic between known zones in this time range',
    interval: '1m',
    seriesName: `\${__field.labels.pair}`,
  });
}

function connectionsOverTime(): PanelDraft {
  return timeseries({
    title: 'Connections at once',
    description:
      'The most connections that were open at one instant of each interval, for the' +
      ` ${chartPairsMax} pairs with the most traffic. A line that only rises is a leak of` +
      ' connections. Counters of an eBPF agent know none, and draw 0.',
    source: 'flows',
    query: byPair('max(most) AS open', '1'),
    width: 12,
    height: 8,
    unit: 'none',
    decimals: 0,
    min: 0,
    noValue: noTraffic,
    interval: '1m',
    seriesName: `\${__field.labels.pair}`,
  });
}
