/**
 * The metrics of network plugins that the preset `cni` keeps: those that tell a person that packets
 * are lost, addresses run out, or the data plane no longer follows what was declared. Each list
 * names where the plugin documents or declares its names; another version may lack some of them.
 */

type CniMetric = {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly says: string;
};

export type CniSource = {
  readonly kind: 'cilium' | 'calico' | 'aws_vpc';
  /** Option of the preset that adds it; always scraped when absent. */
  readonly option?: 'hubble' | 'envoy';
  readonly job: string;
  /** Port on the node's address. */
  readonly port: number;
  /** What must be switched on in the plugin. */
  readonly setup: string;
  readonly upstream: string;
  readonly metrics: readonly CniMetric[];
};

const sources = [
  {
    kind: 'cilium',
    job: 'cilium-agent',
    port: 9962,
    setup: 'Helm value `prometheus.enabled=true`',
    upstream: 'cilium/cilium, Documentation/observability/metrics.rst (1.17)',
    metrics: [
      {
        name: 'cilium_endpoint_state',
        kind: 'gauge',
        says: 'Endpoints by state; one that stays out of ready has no network.',
      },
      {
        name: 'cilium_endpoint_regenerations_total',
        kind: 'counter',
        says: "Rewrites of an endpoint's programs, by outcome.",
      },
      { name: 'cilium_unreachable_nodes', kind: 'gauge', says: 'Nodes that do not answer.' },
      {
        name: 'cilium_unreachable_health_endpoints',
        kind: 'gauge',
        says: 'Health endpoints that do not answer.',
      },
      {
        name: 'cilium_controllers_failing',
        kind: 'gauge',
        says: 'Background tasks that fail now.',
      },
      {
        name: 'cilium_errors_warnings_total',
        kind: 'counter',
        says: "Errors and warnings in the agent's log.",
      },
      {
        name: 'cilium_drop_count_total',
        kind: 'counter',
        says: 'Dropped packets by reason and direction.',
      },
      {
        name: 'cilium_drop_bytes_total',
        kind: 'counter',
        says: 'Dropped bytes by reason and direction.',
      },
      {
        name: 'cilium_forward_count_total',
        kind: 'counter',
        says: 'Forwarded packets by direction.',
      },
      {
        name: 'cilium_forward_bytes_total',
        kind: 'counter',
        says: 'Forwarded bytes by direction.',
      },
      {
        name: 'cilium_bpf_map_pressure',
        kind: 'gauge',
        says: 'How full each map is; from 1 on entries are refused.',
      },
      { name: 'cilium_bpf_map_ops_total', kind: 'counter', says: 'Operations on maps by outcome.' },
      { name: 'cilium_policy', kind: 'gauge', says: 'Policies that are loaded.' },
      {
        name: 'cilium_policy_max_revision',
        kind: 'gauge',
        says: 'Highest revision of the policies.',
      },
      {
        name: 'cilium_policy_change_total',
        kind: 'counter',
        says: 'Changes of policies by outcome.',
      },
      {
        name: 'cilium_policy_endpoint_enforcement_status',
        kind: 'gauge',
        says: 'Endpoints by what is enforced.',
      },
      { name: 'cilium_policy_l7_total', kind: 'counter', says: 'Requests that an L7 policy saw.' },
      {
        name: 'cilium_proxy_upstream_reply_seconds',
        kind: 'histogram',
        says: 'Time that upstreams took behind the proxy.',
      },
      { name: 'cilium_identity', kind: 'gauge', says: 'Identities in use.' },
      { name: 'cilium_ip_addresses', kind: 'gauge', says: 'Addresses in use by family.' },
      {
        name: 'cilium_datapath_conntrack_gc_entries',
        kind: 'gauge',
        says: 'Entries of the connection table.',
      },
      {
        name: 'cilium_datapath_conntrack_gc_duration_seconds',
        kind: 'histogram',
        says: 'Time of a clean-up of the connection table.',
      },
      {
        name: 'cilium_k8s_client_api_calls_total',
        kind: 'counter',
        says: 'Calls of the API server by outcome.',
      },
      {
        name: 'cilium_agent_bootstrap_seconds',
        kind: 'gauge',
        says: 'Time of each step of the start.',
      },
    ],
  },
  {
    kind: 'cilium',
    option: 'hubble',
    job: 'cilium-hubble',
    port: 9965,
    setup:
      'Helm values `hubble.enabled=true` and `hubble.metrics.enabled={dns,drop,tcp,flow,icmp}`',
    upstream: 'cilium/cilium, Documentation/observability/metrics.rst (1.17)',
    metrics: [
      { name: 'hubble_drop_total', kind: 'counter', says: 'Dropped flows by reason.' },
      { name: 'hubble_flows_processed_total', kind: 'counter', says: 'Flows by type and verdict.' },
      { name: 'hubble_tcp_flags_total', kind: 'counter', says: 'TCP flags, which show resets.' },
      { name: 'hubble_dns_queries_total', kind: 'counter', says: 'DNS queries.' },
      { name: 'hubble_dns_responses_total', kind: 'counter', says: 'DNS answers by code.' },
      { name: 'hubble_icmp_total', kind: 'counter', says: 'ICMP messages.' },
      { name: 'hubble_policy_verdicts_total', kind: 'counter', says: 'Verdicts of policies.' },
      { name: 'hubble_lost_events_total', kind: 'counter', says: 'Events that Hubble lost.' },
    ],
  },
  {
    kind: 'cilium',
    option: 'envoy',
    job: 'cilium-envoy',
    port: 9964,
    setup: 'Helm value `envoy.prometheus.enabled=true`',
    upstream: 'envoyproxy/envoy, docs: cluster and server statistics (1.34)',
    metrics: [
      {
        name: 'envoy_cluster_upstream_rq_total',
        kind: 'counter',
        says: 'Requests to an upstream.',
      },
      {
        name: 'envoy_cluster_upstream_rq_time',
        kind: 'histogram',
        says: 'Time of requests to an upstream.',
      },
      {
        name: 'envoy_cluster_upstream_cx_active',
        kind: 'gauge',
        says: 'Open connections to an upstream.',
      },
      {
        name: 'envoy_cluster_upstream_cx_connect_fail',
        kind: 'counter',
        says: 'Connections that could not be made.',
      },
      { name: 'envoy_server_live', kind: 'gauge', says: 'Whether Envoy runs.' },
      { name: 'envoy_server_memory_allocated', kind: 'gauge', says: 'Memory that Envoy uses.' },
    ],
  },
  {
    kind: 'calico',
    job: 'calico-felix',
    port: 9091,
    setup: 'FelixConfiguration `prometheusMetricsEnabled: true`',
    upstream: 'docs.tigera.io, Calico 3.32, reference/felix/prometheus',
    metrics: [
      { name: 'felix_active_local_endpoints', kind: 'gauge', says: 'Endpoints of this node.' },
      {
        name: 'felix_active_local_policies',
        kind: 'gauge',
        says: 'Policies that hold for an endpoint of this node.',
      },
      {
        name: 'felix_active_local_selectors',
        kind: 'gauge',
        says: 'Selectors that hold for this node.',
      },
      { name: 'felix_cluster_num_hosts', kind: 'gauge', says: 'Nodes as Felix knows them.' },
      { name: 'felix_cluster_num_policies', kind: 'gauge', says: 'Policies of the cluster.' },
      {
        name: 'felix_cluster_num_workload_endpoints',
        kind: 'gauge',
        says: 'Endpoints of the cluster.',
      },
      {
        name: 'felix_int_dataplane_failures',
        kind: 'counter',
        says: 'Updates of the data plane that failed.',
      },
      {
        name: 'felix_int_dataplane_apply_time_seconds',
        kind: 'summary',
        says: 'Time of an update of the data plane.',
      },
      {
        name: 'felix_int_dataplane_messages',
        kind: 'counter',
        says: 'Updates of the data plane by type.',
      },
      {
        name: 'felix_calc_graph_update_time_seconds',
        kind: 'summary',
        says: 'Time to compute an update.',
      },
      { name: 'felix_ipset_errors', kind: 'counter', says: 'Failed ipset commands.' },
      { name: 'felix_ipset_calls', kind: 'counter', says: 'Ipset commands.' },
      { name: 'felix_ipsets_calico', kind: 'gauge', says: 'Sets that are in use.' },
      {
        name: 'felix_iptables_restore_errors',
        kind: 'counter',
        says: 'Failed iptables-restore commands.',
      },
      { name: 'felix_iptables_restore_calls', kind: 'counter', says: 'Iptables-restore commands.' },
      {
        name: 'felix_iptables_save_errors',
        kind: 'counter',
        says: 'Failed iptables-save commands.',
      },
      { name: 'felix_iptables_rules', kind: 'gauge', says: 'Rules by table.' },
      { name: 'felix_iptables_chains', kind: 'gauge', says: 'Chains by table.' },
      {
        name: 'felix_resync_state',
        kind: 'gauge',
        says: 'State of the connection to the data store.',
      },
      {
        name: 'felix_resyncs_started',
        kind: 'counter',
        says: 'How often the state was read anew.',
      },
      { name: 'felix_log_errors', kind: 'counter', says: 'Errors while writing the log.' },
      { name: 'felix_logs_dropped', kind: 'counter', says: 'Log lines dropped.' },
    ],
  },
  {
    kind: 'aws_vpc',
    job: 'aws-node',
    port: 61_678,
    setup: 'nothing: on unless `DISABLE_METRICS` is set in the DaemonSet aws-node',
    upstream: 'aws/amazon-vpc-cni-k8s, utils/prometheusmetrics/prometheusmetrics.go (2026)',
    metrics: [
      { name: 'awscni_eni_allocated', kind: 'gauge', says: 'Network interfaces attached.' },
      {
        name: 'awscni_eni_max',
        kind: 'gauge',
        says: 'Network interfaces that the instance can have.',
      },
      { name: 'awscni_ip_max', kind: 'gauge', says: 'Addresses that the instance can have.' },
      { name: 'awscni_total_ip_addresses', kind: 'gauge', says: 'Addresses that the node holds.' },
      { name: 'awscni_assigned_ip_addresses', kind: 'gauge', says: 'Addresses that pods have.' },
      { name: 'awscni_total_ipv4_prefixes', kind: 'gauge', says: 'Prefixes that the node holds.' },
      {
        name: 'awscni_no_available_ip_addresses',
        kind: 'counter',
        says: 'Pods that found no address.',
      },
      {
        name: 'awscni_force_removed_enis',
        kind: 'counter',
        says: 'Interfaces removed while pods had them.',
      },
      {
        name: 'awscni_force_removed_ips',
        kind: 'counter',
        says: 'Addresses removed while pods had them.',
      },
      {
        name: 'awscni_ipamd_error_count',
        kind: 'counter',
        says: 'Errors of the address manager by function.',
      },
      {
        name: 'awscni_ipamd_action_inprogress',
        kind: 'gauge',
        says: 'Actions of the address manager under way.',
      },
      {
        name: 'awscni_pod_eni_error_count',
        kind: 'counter',
        says: 'Errors with interfaces of pods.',
      },
      { name: 'awscni_reconcile_count', kind: 'counter', says: 'Corrections of the kept state.' },
      { name: 'awscni_add_ip_req_count', kind: 'counter', says: 'Requests for an address.' },
      {
        name: 'awscni_del_ip_req_count',
        kind: 'counter',
        says: 'Addresses given back, by reason.',
      },
      { name: 'awscni_aws_api_latency_ms', kind: 'summary', says: 'Time of calls of AWS.' },
      { name: 'awscni_aws_api_error_count', kind: 'counter', says: 'Errors of calls of AWS.' },
      { name: 'awscni_ec2api_req_count', kind: 'counter', says: 'Calls of EC2.' },
      { name: 'awscni_ec2api_error_count', kind: 'counter', says: 'Failed calls of EC2.' },
    ],
  },
] as const satisfies readonly CniSource[];

export const cniSources: readonly CniSource[] = sources;

/** By their kind: dashboards ask of a name only what it can tell. */
export type CniName<Kind extends CniMetric['kind']> = Extract<
  (typeof sources)[number]['metrics'][number],
  { readonly kind: Kind }
>['name'];
