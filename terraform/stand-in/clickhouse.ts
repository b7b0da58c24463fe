/** Schemas of the provider clickhouse/clickhouse, of the resources that our modules use. */
import type { ProviderText } from './notation.ts';

const address = {
  nested: 'optional computed single',
  attributes: {
    host: 'computed string',
    port: 'computed number',
  },
};

export const clickhouse: ProviderText = {
  address: 'registry.terraform.io/clickhouse/clickhouse',
  release: '3.25.3',
  repository: 'https://github.com/ClickHouse/terraform-provider-clickhouse',
  provider: {
    source: 'internal/provider/provider.go',
    attributes: {
      api_url: 'optional string',
      organization_id: 'optional string',
      token_key: 'optional string',
      token_secret: 'optional string sensitive',
      timeout_seconds: 'optional number',
      clickstack_endpoint: 'optional string',
      clickstack_api_key: 'optional string sensitive',
      clickstack_service_id: 'optional string',
    },
  },
  resources: {
    clickhouse_service: {
      source: 'internal/service/clickhouse/resource/service.go, docs/resources/service.md',
      version: 1,
      attributes: {
        id: 'computed string',
        name: 'required string',
        cloud_provider: 'required string',
        region: 'required string',
        tier: 'optional string',
        release_channel: 'optional computed string',
        byoc_id: 'optional string',
        backup_id: 'optional string',
        warehouse_id: 'optional computed string',
        readonly: 'optional computed bool',
        is_primary: 'computed bool',
        iam_role: 'computed string',
        compliance_type: 'optional string',
        enable_core_dumps: 'optional computed bool',
        tags: 'optional map(string)',
        password: 'optional string sensitive',
        password_hash: 'optional string sensitive',
        double_sha1_password_hash: 'optional string sensitive',
        password_wo: 'optional string sensitive write_only',
        password_wo_version: 'optional number',
        autoscaling_mode: 'optional computed string',
        num_replicas: 'optional computed number',
        min_replicas: 'optional computed number',
        max_replicas: 'optional computed number',
        min_replica_memory_gb: 'optional computed number',
        max_replica_memory_gb: 'optional computed number',
        min_total_memory_gb: 'optional number deprecated',
        max_total_memory_gb: 'optional number deprecated',
        idle_scaling: 'optional computed bool',
        idle_timeout_minutes: 'optional computed number',
        encryption_key: 'optional computed string',
        encryption_assumed_role_identifier: 'optional string',
        ip_access: {
          nested: 'required list',
          attributes: { source: 'required string', description: 'required string' },
        },
        endpoints: {
          nested: 'optional computed single',
          attributes: {
            https: address,
            nativesecure: address,
            mysql: {
              nested: 'optional single',
              attributes: {
                enabled: 'required bool',
                host: 'computed string',
                port: 'computed number',
              },
            },
          },
        },
        private_endpoint_config: {
          nested: 'computed single',
          attributes: {
            endpoint_service_id: 'computed string',
            private_dns_hostname: 'computed string',
          },
        },
        transparent_data_encryption: {
          nested: 'optional computed single',
          attributes: { enabled: 'optional computed bool', role_id: 'computed string' },
        },
        query_api_endpoints: {
          nested: 'optional single',
          attributes: {
            api_key_ids: 'required list(string)',
            roles: 'required list(string)',
            allowed_origins: 'optional string',
          },
        },
        backup_configuration: {
          nested: 'optional computed single',
          attributes: {
            backup_period_in_hours: 'optional computed number',
            backup_retention_period_in_hours: 'optional computed number',
            backup_start_time: 'optional string',
          },
        },
      },
    },
    clickhouse_service_private_endpoints_attachment: {
      source: 'internal/service/clickhouse/resource/service_private_endpoints_attachment.go',
      attributes: {
        service_id: 'optional string',
        private_endpoint_ids: 'optional computed list(string)',
      },
    },
    clickhouse_service_upgrade_window: {
      source: 'internal/service/clickhouse/resource/service_upgrade_window.go',
      attributes: {
        id: 'computed string',
        service_id: 'required string',
        weekday: 'required number',
        start_hour_utc: 'required number',
        duration: 'computed number',
      },
    },
  },
};
