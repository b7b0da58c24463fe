/** The section Cilium of the dashboard CNI. */
import { type Field, gauge, type PanelDraft, type Threshold, table } from '../vocabulary/panel.ts';
import { labelOf, latestOf, levelOf, meanRateOf, rateOf } from '../vocabulary/scraped.ts';
import type { ScrapedGauge } from '../vocabulary/scraped-names.ts';
import { sql } from '../vocabulary/sql.ts';
import { count, onCluster, toNode } from './kubernetes-parts.ts';
import { part } from './kubernetes-points.ts';
import { scrapedChart, scrapedNumber, seriesBy, troubleCount } from './scraped-panels.ts';

const source = 'cilium' as const;
const filter = onCluster;
const byNode = { cluster: part.cluster, node: part.node } as const;

/** As Cilium names what a policy did. */
const denied = "reason = 'Policy denied'";

export const ciliumRow = () => ({
  title: 'Cilium',
  panels: [
    dropped('Packets dropped', `NOT (${denied})`, 'not by a policy', [
      { from: 0, colour: 'green', text: 'none worth a look' },
      { from: 1, colour: 'orange', text: 'from 1 a second on: see the reasons below' },
    ]),
    dropped('Denied by policy', denied, 'because a policy does not allow them'),
    now('cilium_unreachable_nodes', 'Nodes cut off', {
      what: 'node that does not answer',
      description:
        'Nodes that the agent of some node cannot reach, as the one that sees most tells it. Pods' +
        ' there and here cannot talk.',
      over: 'max',
    }),
    now('cilium_controllers_failing', 'Failing tasks', {
      what: 'background task that fails',
      description:
        "Background tasks of the agents that fail now: the agent's log, or `cilium status" +
        ' --all-controllers`, says which.',
      over: 'sum',
    }),
    notReady(),
    fullestMap(),
    dropsByReason(),
    forwarded(),
    mapPressure(),
    byNodes(),
  ],
});

function dropped(
  title: string,
  condition: string,
  why: string,
  thresholds?: readonly Threshold[],
): PanelDraft {
  const drops = meanRateOf({ metric: 'cilium_drop_count_total', by: ['reason'], filter });
  return scrapedNumber({
    title,
    description: `Packets a second that Cilium dropped, ${why}. The chart below has the reasons.`,
    source,
    query: sql(`
      SELECT sumIf(perSecond, ${condition}) AS "${title}" FROM ${drops} HAVING count() > 0`),
    unit: 'cps',
    decimals: 1,
    noValue: 'nothing was dropped',
    empty: 'fine',
    ...(thresholds === undefined ? {} : { thresholds }),
  });
}

type Now = {
  readonly what: string;
  readonly description: string;
  readonly over: 'sum' | 'max';
};

function now(metric: ScrapedGauge, title: string, { what, description, over }: Now): PanelDraft {
  return troubleCount(
    {
      title,
      description,
      source,
      query: sql(`SELECT level AS "${title}" FROM ${latestOf({ metric, over, filter })}`),
    },
    what,
  );
}

const states = { metric: 'cilium_endpoint_state', by: ['endpoint_state'] } as const;

function notReady(): PanelDraft {
  return troubleCount(
    {
      title: 'Not ready',
      description:
        'Pods whose network is not, or no longer, as declared. For seconds after a start that is' +
        ' normal; one that stays has no network.',
      source,
      query: sql(`
        SELECT sumIf(level, endpoint_state != 'ready') AS "Not ready"
        FROM ${latestOf({ ...states, filter })} HAVING count() > 0`),
    },
    'endpoint that is not ready',
  );
}

const pressureSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'room in the map' },
  { from: 0.7, colour: 'orange', text: 'from 70 % on: raise its size' },
  { from: 0.9, colour: 'red', text: 'from 90 % on: soon entries are refused' },
];

function fullestMap(): PanelDraft {
  return gauge({
    title: 'Fullest BPF map',
    description:
      'How full the fullest of the maps in the kernel is (connections, services, policies). At' +
      ' 100 % new entries are refused, which callers see as connections that fail.',
    source,
    query: sql(`
      SELECT level AS "Fullest BPF map"
      FROM ${latestOf({ metric: 'cilium_bpf_map_pressure', over: 'max', filter })}`),
    width: 4,
    height: 5,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no map is near its limit',
    empty: 'fine',
    thresholds: pressureSteps,
  });
}

function dropsByReason(): PanelDraft {
  return scrapedChart({
    title: 'Dropped packets by reason',
    description:
      'Policy denied is a policy at work, or one that forgot somebody; CT: Map insertion failed' +
      ' is a full connection table; the others are faults of the network.',
    source,
    empty: 'fine',
    query: sql(`
      SELECT time, concat(reason, ' ', lower(direction)) AS why, rate AS drops
      FROM ${rateOf({ metric: 'cilium_drop_count_total', by: ['reason', 'direction'], filter })}
      ORDER BY time, why`),
    unit: 'cps',
    noValue: 'nothing was dropped in this time range',
    seriesName: seriesBy('why'),
  });
}

function forwarded(): PanelDraft {
  return scrapedChart({
    title: 'Forwarded packets',
    description:
      'Packets a second that passed, by direction: what the drops are to be held against.',
    source,
    query: sql(`
      SELECT time, direction, rate AS packets
      FROM ${rateOf({ metric: 'cilium_forward_count_total', by: ['direction'], filter })}
      ORDER BY time, direction`),
    unit: 'cps',
    seriesName: seriesBy('direction'),
  });
}

function mapPressure(): PanelDraft {
  const used = levelOf({
    metric: 'cilium_bpf_map_pressure',
    by: ['map_name'],
    over: 'max',
    filter: `${filter} AND ${labelOf('cilium_bpf_map_pressure', 'map_name')} != ''`,
  });
  return scrapedChart({
    title: 'BPF map pressure',
    description: 'How full each map is on the node where it is fullest.',
    source,
    empty: 'fine',
    query: sql(`SELECT time, map_name, level AS used FROM ${used} ORDER BY time, map_name`),
    unit: 'percentunit',
    decimals: 0,
    noValue: 'no map is near its limit',
    thresholds: pressureSteps,
    seriesName: seriesBy('map_name'),
  });
}

const drops: Field = { unit: 'cps', decimals: 1, widthPx: 110 };

function byNodes(): PanelDraft {
  const lost = meanRateOf({
    metric: 'cilium_drop_count_total',
    by: ['reason'],
    and: byNode,
    filter,
  });
  const of = (metric: ScrapedGauge) => latestOf({ metric, and: byNode, filter });
  return table({
    title: 'Cilium by node',
    description:
      'The agent of each node, those that drop most first. A node that stands out against the' +
      ' others is the fault; all alike is a policy or a version.',
    source,
    query: sql(`
      SELECT ready.node AS "Node", ready.cluster AS "Cluster", lost.other AS "Dropped",
        lost.denied AS "Denied", ready.endpoints AS "Endpoints", ready.waiting AS "Not ready",
        policies.level AS "Policies", failing.level AS "Failing"
      FROM (
        SELECT cluster, node, sum(level) AS endpoints,
          sumIf(level, endpoint_state != 'ready') AS waiting
        FROM ${latestOf({ ...states, and: byNode, filter })} GROUP BY cluster, node
      ) AS ready
      LEFT JOIN (
        SELECT cluster, node, sumIf(perSecond, ${denied}) AS denied,
          sumIf(perSecond, NOT (${denied})) AS other
        FROM ${lost} GROUP BY cluster, node
      ) AS lost USING (cluster, node)
      LEFT JOIN ${of('cilium_policy')} AS policies USING (cluster, node)
      LEFT JOIN ${of('cilium_controllers_failing')} AS failing USING (cluster, node)
      ORDER BY "Not ready" + "Failing" DESC, "Dropped" DESC, "Node" LIMIT 200`),
    width: 24,
    height: 8,
    noValue: 'no nodes',
    fields: {
      Node: { links: [toNode] },
      Dropped: drops,
      Denied: drops,
      Endpoints: { ...count, widthPx: 100 },
      'Not ready': count,
      Policies: count,
      Failing: { ...count, title: 'Failing tasks', widthPx: 110 },
    },
  });
}
