/**
 * Rules about network plugins, from the preset `cni`. No plugin publishes alerts to go by: the
 * figures are ours, and the share of lost packets is that of machines (`host-network`).
 */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import type { CniName } from '../../presets/cni/metrics.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { type AlertRule, defineRule } from './rule.ts';
import {
  attributeOf,
  growth,
  literal,
  newest,
  type RuleSql,
  ruleSql,
  scrapedLabel,
} from './rule-sql.ts';

const g = columnsOf(gauge);

const cluster = attributeOf(g.ResourceAttributes, 'k8s.cluster.name');
const node = attributeOf(g.ResourceAttributes, 'k8s.node.name');
const labels = { cluster, node } as const;

/** A window shorter than `for`: one burst, as after a restart, is over before it is told. */
const common = {
  group: 'cni',
  dashboard: 'cni',
  window: '5m',
  for: '10m',
  keep_firing_for: '5m',
  severity: 'warning',
} as const;

const ofNode = { ...common, labels: ['cluster', 'node'], scope: ['cluster', 'node'] } as const;

/** Packets of five minutes below which a few lost ones are chance. */
const lostMin = 30;
/** Errors of five minutes that are tried again and no news. */
const errorsUsual = 2;

export function cniRules(): readonly AlertRule[] {
  return [
    ciliumDrops(),
    ciliumMap(),
    ciliumUnreachable(),
    calicoDataplane(),
    awsNoAddress(),
    awsErrors(),
  ];
}

function ciliumDrops(): AlertRule {
  const reason = scrapedLabel('cilium_drop_count_total', 'reason');
  const lost = growth({
    metric: 'cilium_drop_count_total',
    labels: { ...labels, reason },
    filter: ruleSql`${reason} != 'Policy denied'`,
  });
  return defineRule({
    ...common,
    id: 'cilium-drops',
    title: 'Cilium loses packets',
    summary: 'Cilium drops {value} of the packets on {node} of {cluster}: {reason}',
    description:
      'Not what a policy denies, but what the network could not deliver; the reason says why. A' +
      ' full table (Map insertion failed) refuses new connections while the old ones work.',
    labels: ['cluster', 'node', 'reason'],
    scope: ['cluster', 'node', 'reason'],
    rows: ruleSql`
      SELECT cluster, node, reason, lost / (lost + passed) AS value
      FROM (
        SELECT cluster, node, reason, sum(grown) AS lost
        FROM ${lost} GROUP BY cluster, node, reason
      ) AS drops
      INNER JOIN (
        SELECT cluster, node, sum(grown) AS passed
        FROM ${growth({ metric: 'cilium_forward_count_total', labels })} GROUP BY cluster, node
      ) AS forwarded USING (cluster, node)
      WHERE lost >= ${lostMin}`,
    threshold: { above: 0.01 },
    unit: 'ratio',
    source: 'cilium',
    runbook: 'cilium',
    panel: 'Dropped packets by reason',
  });
}

function ciliumMap(): AlertRule {
  const pressure = newest({
    metric: 'cilium_bpf_map_pressure',
    kind: 'gauge',
    over: 'max',
    labels: { ...labels, map: scrapedLabel('cilium_bpf_map_pressure', 'map_name') },
  });
  return defineRule({
    ...common,
    id: 'cilium-bpf-map',
    title: 'A table of Cilium is nearly full',
    summary: 'the map {map} of Cilium on {node} of {cluster} is {value} full',
    description:
      'When it is full, new entries are refused: connections that fail, or a policy or a service' +
      ' that is not known on this node. Make the map larger before that.',
    labels: ['cluster', 'node', 'map'],
    scope: ['cluster', 'node', 'map'],
    rows: ruleSql`SELECT cluster, node, map, level AS value FROM ${pressure}`,
    threshold: { above: 0.9 },
    unit: 'ratio',
    for: '5m',
    source: 'cilium',
    runbook: 'cilium',
    panel: 'BPF map pressure',
  });
}

/** Every agent counts the same node that is away: one alert a cluster. */
function ciliumUnreachable(): AlertRule {
  const away = newest({
    metric: 'cilium_unreachable_nodes',
    kind: 'gauge',
    over: 'max',
    labels: { cluster },
  });
  return defineRule({
    ...common,
    id: 'cilium-unreachable',
    title: 'Nodes do not reach each other',
    summary: 'an agent of Cilium in {cluster} does not reach {value} nodes',
    description:
      'The health probes between nodes fail: a node that is gone, a firewall, or the tunnel. Pods' +
      ' of such nodes do not reach each other either.',
    labels: ['cluster'],
    scope: ['cluster'],
    rows: ruleSql`SELECT cluster, level AS value FROM ${away}`,
    threshold: { above: 0 },
    unit: 'count',
    source: 'cilium',
    runbook: 'cilium',
  });
}

function calicoDataplane(): AlertRule {
  return defineRule({
    ...ofNode,
    id: 'calico-dataplane',
    title: 'Calico cannot apply what was declared',
    summary: 'Felix on {node} of {cluster} failed {value} to update the rules',
    description:
      'Updates of the data plane fail again and again. Until they succeed the pods of this node' +
      ' keep the rules of before: new pods and policies do not work there.',
    rows: grownByNode('felix_int_dataplane_failures'),
    threshold: { above: errorsUsual },
    unit: 'times',
    source: 'calico',
    runbook: 'calico',
    panel: 'Felix errors',
  });
}

function awsNoAddress(): AlertRule {
  return defineRule({
    ...ofNode,
    id: 'aws-cni-no-address',
    title: 'Pods get no address',
    summary: 'on {node} of {cluster} {value} requests for an address got none',
    description:
      'Pods of this node stay in ContainerCreating: the subnet is used up, or the instance has as' +
      ' many addresses as its type may have.',
    rows: grownByNode('awscni_no_available_ip_addresses'),
    threshold: { above: 0 },
    unit: 'count',
    source: 'aws_vpc_cni',
    runbook: 'aws-cni',
    panel: 'Found no address',
  });
}

function awsErrors(): AlertRule {
  const of = (
    metric: 'awscni_ipamd_error_count' | 'awscni_ec2api_error_count',
    kind: RuleSql,
  ): RuleSql => {
    const points = growth({ metric, labels: { ...labels, function: scrapedLabel(metric, 'fn') } });
    return ruleSql`
        SELECT cluster, node, ${kind} AS kind, function, sum(grown) AS value
        FROM ${points} GROUP BY cluster, node, function`;
  };
  return defineRule({
    ...common,
    id: 'aws-cni-errors',
    title: 'The address manager of a node fails',
    summary: 'aws-node on {node} of {cluster} failed {value} ({kind}): {function}',
    description:
      'The manager of addresses (ipamd) or its calls of EC2 fail steadily: rights of the node,' +
      ' the limit of calls of the account, or a subnet without addresses. New pods may wait.',
    labels: ['cluster', 'node', 'kind', 'function'],
    scope: ['cluster', 'node', 'function'],
    rows: ruleSql`
      SELECT * FROM (${of('awscni_ipamd_error_count', literal('ipamd'))}
        UNION ALL ${of('awscni_ec2api_error_count', literal('ec2'))}
      )`,
    threshold: { above: errorsUsual },
    unit: 'times',
    source: 'aws_vpc_cni',
    runbook: 'aws-cni',
    panel: 'Manager errors by function',
  });
}

const grownByNode = (metric: CniName<'counter'>): RuleSql => ruleSql`
      SELECT cluster, node, sum(grown) AS value
      FROM ${growth({ metric, labels })} GROUP BY cluster, node`;
