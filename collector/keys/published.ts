/**
 * Keys of the components that none of our real binaries contains and that presets use, or people
 * may add: from each component's `config.schema.yaml` in the contrib repository as of v0.161
 * (September 2026), versions of single keys from the changelog.
 */
import type { KeyTable } from './key-type.ts';

const strings = { list: 'string' } as const;

const kubernetesApi: KeyTable = {
  auth_type: { oneOf: ['none', 'serviceAccount', 'kubeConfig', 'tls'] },
  context: 'string',
  kube_api_qps: { type: 'number', since: '0.150.0' },
  kube_api_burst: { type: 'number', since: '0.150.0' },
};

const events: KeyTable = {
  ...kubernetesApi,
  namespaces: strings,
  k8s_leader_elector: 'id',
  storage: { type: 'id', since: '0.151.0' },
  dedup_interval: { type: 'duration', since: '0.154.0' },
};

const watchTypes = { oneOf: ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'] } as const;

const objects: KeyTable = {
  ...kubernetesApi,
  error_mode: { oneOf: ['propagate', 'ignore', 'silent'] },
  include_initial_state: 'boolean',
  k8s_leader_elector: 'id',
  storage: { type: 'id', since: '0.151.0' },
  interval: { type: 'duration', since: '0.153.0' },
  objects: {
    list: {
      keys: {
        name: 'string',
        group: 'string',
        mode: { oneOf: ['pull', 'watch'] },
        interval: 'duration',
        initial_delay: { type: 'duration', since: '0.154.0' },
        namespaces: strings,
        exclude_namespaces: { type: { list: 'any' }, since: '0.145.0' },
        exclude_watch_type: { list: watchTypes },
        label_selector: 'string',
        field_selector: 'string',
        resource_version: 'string',
      },
    },
  },
};

const serviceGraph: KeyTable = {
  cache_loop: 'duration',
  database_name_attributes: strings,
  dimensions: strings,
  exponential_histogram_max_size: 'number',
  latency_histogram_buckets: { list: 'duration' },
  metrics_flush_interval: 'duration',
  metrics_timestamp_offset: 'duration',
  store: { keys: { max_items: 'number', ttl: 'duration' } },
  store_expiration_loop: 'duration',
  virtual_node_extra_label: 'boolean',
  virtual_node_peer_attributes: strings,
};

const kafkaTopics: KeyTable = { topics: strings, exclude_topics: strings, encoding: 'string' };

const kafkaClient: KeyTable = {
  brokers: strings,
  protocol_version: 'string',
  client_id: 'string',
  rack_id: 'string',
  conn_idle_timeout: 'duration',
  use_leader_epoch: 'boolean',
  resolve_canonical_bootstrap_servers_only: 'boolean',
  tls: 'any',
  metadata: {
    keys: {
      full: 'boolean',
      refresh_interval: 'duration',
      retry: { keys: { max: 'number', backoff: 'duration' } },
    },
  },
  auth: {
    keys: {
      plain_text: { keys: { username: 'string', password: 'string' } },
      sasl: {
        keys: {
          username: 'string',
          password: 'string',
          mechanism: {
            oneOf: [
              'PLAIN',
              'SCRAM-SHA-256',
              'SCRAM-SHA-512',
              'AWS_MSK_IAM_OAUTHBEARER',
              'OAUTHBEARER',
            ],
          },
          version: 'number',
          aws_msk: { keys: { region: 'string' } },
          oauthbearer_token_source: 'id',
        },
      },
      kerberos: 'any',
    },
  },
};

const kafkaReceiver: KeyTable = {
  ...kafkaClient,
  group_id: 'string',
  group_instance_id: 'string',
  group_rebalance_strategy: 'string',
  group_rebalance_strategies: { type: strings, since: '0.154.0' },
  initial_offset: { oneOf: ['latest', 'earliest'] },
  session_timeout: 'duration',
  heartbeat_interval: 'duration',
  autocommit: { keys: { enable: 'boolean', interval: 'duration' } },
  min_fetch_size: 'number',
  max_fetch_size: 'number',
  max_fetch_wait: 'duration',
  max_partition_fetch_size: 'number',
  traces: { keys: kafkaTopics },
  metrics: { keys: kafkaTopics },
  logs: { keys: kafkaTopics },
  profiles: { keys: kafkaTopics },
  header_extraction: { keys: { extract_headers: 'boolean', headers: strings } },
  message_marking: {
    keys: { after: 'boolean', on_error: 'boolean', on_permanent_error: 'boolean' },
  },
  error_backoff: {
    keys: {
      enabled: 'boolean',
      initial_interval: 'duration',
      randomization_factor: 'number',
      multiplier: 'number',
      max_interval: 'duration',
      max_elapsed_time: 'duration',
    },
  },
  telemetry: 'any',
  partition_processing: 'any',
};

/** By the keys of the catalog. */
export const publishedKeys: ReadonlyMap<string, KeyTable> = new Map([
  ['receiver/k8s_events', events],
  ['receiver/k8s_objects', objects],
  ['receiver/kafka', kafkaReceiver],
  ['connector/service_graph', serviceGraph],
]);
