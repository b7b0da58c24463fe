/** The sections Calico and AWS VPC CNI of the dashboard CNI. */
import { type Field, type PanelDraft, type Threshold, table } from '../vocabulary/panel.ts';
import { latestOf, levelOf, meanRateOf, rateOf } from '../vocabulary/scraped.ts';
import type { ScrapedCounter, ScrapedGauge } from '../vocabulary/scraped-names.ts';
import type { SourceId } from '../vocabulary/sources.ts';
import { sql } from '../vocabulary/sql.ts';
import { count, onCluster, share, toNode } from './kubernetes-parts.ts';
import { part } from './kubernetes-points.ts';
import { scrapedChart, scrapedNumber, seriesBy, troubleCount } from './scraped-panels.ts';

const filter = onCluster;
const byNode = { cluster: part.cluster, node: part.node } as const;
/** What Felix says when it has read everything. */
const inSync = 3;

const someSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'none' },
  { from: 0.0001, colour: 'red', text: 'some: the log of the plugin says why' },
];

/** Errors a second over the whole range; any is too many. */
function errors(
  source: SourceId,
  metric: ScrapedCounter,
  title: string,
  description: string,
): PanelDraft {
  return scrapedNumber({
    title,
    description,
    source,
    query: sql(`SELECT perSecond AS "${title}" FROM ${meanRateOf({ metric, filter })}`),
    unit: 'cps',
    decimals: 2,
    thresholds: someSteps,
    noValue: 'none',
    empty: 'fine',
  });
}

const newestByNode = (metric: ScrapedGauge): string => latestOf({ metric, and: byNode, filter });
const meanByNode = (metric: ScrapedCounter): string => meanRateOf({ metric, and: byNode, filter });

export const calicoRow = () => ({
  title: 'Calico',
  panels: [
    outOfSync(),
    errors(
      'calico',
      'felix_int_dataplane_failures',
      'Failed updates',
      'Updates of the data plane that failed and are tried again, a second. Until they succeed,' +
        ' pods keep the rules of before.',
    ),
    errors(
      'calico',
      'felix_iptables_restore_errors',
      'iptables errors',
      'iptables-restore commands that failed, a second: somebody else writes rules, or the kernel' +
        ' lacks a module.',
    ),
    errors(
      'calico',
      'felix_ipset_errors',
      'ipset errors',
      'ipset commands that failed, a second. Policies that select by labels live in these sets.',
    ),
    scrapedChart({
      title: 'Felix errors',
      description:
        'The three kinds of errors over time. A burst after a restart is normal; steady ones mean' +
        ' that policies are not applied.',
      source: 'calico',
      query: sql(`
        SELECT time, updates.rate AS updates, rules.rate AS iptables, sets.rate AS ipset
        FROM ${rateOf({ metric: 'felix_int_dataplane_failures', filter })} AS updates
        LEFT JOIN ${rateOf({ metric: 'felix_iptables_restore_errors', filter })} AS rules
        USING (time)
        LEFT JOIN ${rateOf({ metric: 'felix_ipset_errors', filter })} AS sets USING (time)
        ORDER BY time`),
      unit: 'cps',
      decimals: 2,
      height: 5,
    }),
    felixByNode(),
  ],
});

function outOfSync(): PanelDraft {
  return troubleCount(
    {
      title: 'Out of sync',
      description:
        'Nodes whose Felix has not read all of the data store, or lost it: policies that were' +
        ' changed since do not hold there.',
      source: 'calico',
      query: sql(`
        SELECT countIf(level != ${inSync}) AS "Out of sync"
        FROM ${newestByNode('felix_resync_state')} HAVING count() > 0`),
    },
    'node that is not in sync',
  );
}

function felixByNode(): PanelDraft {
  return table({
    title: 'Calico by node',
    description:
      'Felix of each node, those with errors first: endpoints it serves, policies that hold for' +
      ' them, rules in the kernel.',
    source: 'calico',
    query: sql(`
      SELECT endpoints.node AS "Node", endpoints.cluster AS "Cluster",
        if(state.level = ${inSync}, 'in sync', 'not in sync') AS "State",
        failed.perSecond AS "Failed updates", endpoints.level AS "Endpoints",
        policies.level AS "Policies", rules.level AS "Rules"
      FROM ${newestByNode('felix_active_local_endpoints')} AS endpoints
      LEFT JOIN ${newestByNode('felix_resync_state')} AS state USING (cluster, node)
      LEFT JOIN ${meanByNode('felix_int_dataplane_failures')} AS failed USING (cluster, node)
      LEFT JOIN ${newestByNode('felix_active_local_policies')} AS policies USING (cluster, node)
      LEFT JOIN ${newestByNode('felix_iptables_rules')} AS rules USING (cluster, node)
      ORDER BY "State" DESC, "Failed updates" DESC, "Node" LIMIT 200`),
    width: 24,
    height: 8,
    noValue: 'no nodes',
    fields: {
      Node: { links: [toNode] },
      State: {
        widthPx: 110,
        cell: 'text',
        values: { 'in sync': { colour: 'green' }, 'not in sync': { colour: 'red' } },
      },
      'Failed updates': { unit: 'cps', decimals: 2, widthPx: 130 },
      Endpoints: { ...count, widthPx: 100 },
      Policies: count,
      Rules: count,
    },
  });
}

const awsSource = 'aws_vpc_cni' as const;

export const awsRow = () => ({
  title: 'AWS VPC CNI',
  panels: [
    addressesLeft(),
    errors(
      awsSource,
      'awscni_no_available_ip_addresses',
      'Found no address',
      'Pods a second that wanted an address and got none. They stay in ContainerCreating: a' +
        ' larger subnet, prefixes, or fewer pods a node.',
    ),
    errors(
      awsSource,
      'awscni_ipamd_error_count',
      'Manager errors',
      'Errors a second of the address manager of the nodes; the chart has the functions.',
    ),
    scrapedChart({
      title: 'Addresses of the nodes',
      description:
        'Addresses that pods have, that nodes hold, and that they could have at most by their' +
        ' kind of instance. Where held comes to the most, the nodes are full.',
      source: awsSource,
      query: sql(`
        SELECT time, assigned.level AS assigned, held.level AS held, most.level AS most
        FROM ${levelOf({ metric: 'awscni_assigned_ip_addresses', filter })} AS assigned
        INNER JOIN ${levelOf({ metric: 'awscni_total_ip_addresses', filter })} AS held USING (time)
        INNER JOIN ${levelOf({ metric: 'awscni_ip_max', filter })} AS most USING (time)
        ORDER BY time`),
      unit: 'none',
      decimals: 0,
      width: 12,
      height: 5,
      fields: { most: { colour: 'red' } },
    }),
    calls('Manager errors by function', 'awscni_ipamd_error_count', [
      'Errors of the address manager on the nodes, by what it tried.',
      'no errors in this time range',
    ]),
    calls('EC2 calls', 'awscni_ec2api_req_count', [
      'Calls of EC2 a second by function. An account has a limit over all its nodes; above it,' +
        ' addresses come late.',
      'no calls in this time range',
    ]),
    calls('Failed EC2 calls', 'awscni_ec2api_error_count', [
      'Calls of EC2 that failed, by function: rights of the node, or the limit of the account.',
      'no failed call in this time range',
    ]),
    addressesByNode(),
  ],
});

function addressesLeft(): PanelDraft {
  const of = newestByNode;
  return scrapedNumber({
    title: 'Addresses left',
    description:
      'Addresses that the fullest node can still give to pods: those it may have at most, without' +
      ' those that pods have.',
    source: awsSource,
    query: sql(`
      SELECT min(most.level - assigned.level) AS "Addresses left"
      FROM ${of('awscni_ip_max')} AS most
      INNER JOIN ${of('awscni_assigned_ip_addresses')} AS assigned USING (cluster, node)
      HAVING count() > 0`),
    thresholds: [
      { from: 0, colour: 'red', text: 'under 3: the next pods wait' },
      { from: 3, colour: 'orange', text: 'under 10: little room' },
      { from: 10, colour: 'green', text: 'from 10 on: room' },
    ],
  });
}

type FunctionCounter =
  | 'awscni_ipamd_error_count'
  | 'awscni_ec2api_req_count'
  | 'awscni_ec2api_error_count';

function calls(
  title: string,
  metric: FunctionCounter,
  [description, noValue]: readonly [string, string],
): PanelDraft {
  return scrapedChart({
    title,
    description,
    source: awsSource,
    empty: 'fine',
    query: sql(`
      SELECT time, fn, rate AS calls FROM ${rateOf({ metric, by: ['fn'], filter })}
      ORDER BY time, fn`),
    unit: 'cps',
    decimals: 2,
    noValue,
    seriesName: seriesBy('fn'),
  });
}

const addresses: Field = { ...count, widthPx: 100 };

function addressesByNode(): PanelDraft {
  const of = newestByNode;
  return table({
    title: 'Addresses by node',
    description:
      'Addresses and network interfaces of each node, the fullest first. A node without room' +
      ' takes no pod although CPU and memory are free.',
    source: awsSource,
    query: sql(`
      SELECT most.node AS "Node", most.cluster AS "Cluster",
        assigned.level / nullIf(most.level, 0) AS "Used", assigned.level AS "Assigned",
        held.level AS "Held", most.level AS "At most", interfaces.level AS "Interfaces",
        possible.level AS "Possible"
      FROM ${of('awscni_ip_max')} AS most
      LEFT JOIN ${of('awscni_assigned_ip_addresses')} AS assigned USING (cluster, node)
      LEFT JOIN ${of('awscni_total_ip_addresses')} AS held USING (cluster, node)
      LEFT JOIN ${of('awscni_eni_allocated')} AS interfaces USING (cluster, node)
      LEFT JOIN ${of('awscni_eni_max')} AS possible USING (cluster, node)
      ORDER BY "Used" DESC, "Node" LIMIT 200`),
    width: 24,
    height: 8,
    noValue: 'no nodes',
    fields: {
      Node: { links: [toNode] },
      Used: { ...share, widthPx: 80 },
      Assigned: addresses,
      Held: addresses,
      'At most': addresses,
      Interfaces: addresses,
      Possible: { ...addresses, title: 'Interfaces at most', widthPx: 140 },
    },
  });
}
