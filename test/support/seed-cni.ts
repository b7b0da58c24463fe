/**
 * What network plugins say on the seeded nodes, by the names of the preset `cni`. A real cluster
 * runs one of them; here the nodes have all three, so that every panel is tried.
 */
import { nodes } from './seed-kubernetes.ts';
import type { ScrapedTarget } from './seed-scraped.ts';

/** Packets a second that Cilium drops, on the first node; the second drops nothing. */
export const ciliumDrops = { 'Policy denied': 3, 'CT: Map insertion failed': 2 } as const;
/** Addresses of the AWS nodes: the first is nearly full. */
export const awsAddresses = { most: 29, assigned: [27, 9] } as const;

export const cniTargets: readonly ScrapedTarget[] = nodes.flatMap(({ node }, index) => {
  const resource = { 'k8s.node.name': node, 'host.name': node };
  const address = `10.0.0.1${index}`;
  const first = index === 0;
  const cilium: ScrapedTarget = {
    ...{ job: 'cilium-agent', instance: `${address}:9962`, resource },
    gauges: [
      ['cilium_endpoint_state', { endpoint_state: 'ready' }, 12],
      ['cilium_endpoint_state', { endpoint_state: 'waiting-for-identity' }, first ? 1 : 0],
      ['cilium_unreachable_nodes', {}, 0],
      ['cilium_controllers_failing', {}, 0],
      ['cilium_bpf_map_pressure', { map_name: 'ct4_global' }, first ? 0.94 : 0.4],
      ['cilium_bpf_map_pressure', { map_name: 'lb4_services_v2' }, 0.1],
      ['cilium_policy', {}, 7],
    ],
    counters: [
      ...(first ? Object.entries(ciliumDrops) : []).map(
        ([reason, perSecond]) =>
          ['cilium_drop_count_total', { direction: 'INGRESS', reason }, perSecond] as const,
      ),
      ['cilium_forward_count_total', { direction: 'INGRESS' }, 900],
      ['cilium_forward_count_total', { direction: 'EGRESS' }, 800],
    ],
  };
  const calico: ScrapedTarget = {
    ...{ job: 'calico-felix', instance: `${address}:9091`, resource },
    gauges: [
      ['felix_active_local_endpoints', {}, 11],
      ['felix_active_local_policies', {}, 3],
      ['felix_resync_state', {}, first ? 3 : 2],
      ['felix_iptables_rules', { ip_version: '4', table: 'filter' }, 140],
      ['felix_iptables_rules', { ip_version: '4', table: 'nat' }, 20],
    ],
    counters: [
      ['felix_int_dataplane_failures', {}, first ? 0 : 0.1],
      ['felix_iptables_restore_errors', {}, 0],
      ['felix_ipset_errors', {}, 0],
    ],
  };
  const aws: ScrapedTarget = {
    ...{ job: 'aws-node', instance: `${address}:61678`, resource },
    gauges: [
      ['awscni_ip_max', {}, awsAddresses.most],
      ['awscni_total_ip_addresses', {}, 29],
      ['awscni_assigned_ip_addresses', {}, awsAddresses.assigned[index] ?? 0],
      ['awscni_eni_allocated', {}, 3],
      ['awscni_eni_max', {}, 3],
    ],
    counters: [
      ['awscni_no_available_ip_addresses', {}, 0],
      ['awscni_ipamd_error_count', { fn: 'nodeIPPoolReconcileAll' }, 0.02],
      ['awscni_ec2api_req_count', { fn: 'DescribeNetworkInterfaces' }, 0.3],
      ['awscni_ec2api_error_count', { fn: 'AssignPrivateIpAddresses' }, 0.01],
    ],
  };
  return [cilium, calico, aws];
});
