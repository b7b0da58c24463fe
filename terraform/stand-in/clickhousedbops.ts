/** Schemas of the provider ClickHouse/clickhousedbops, of the resources that our modules use. */
import type { NestedBlockText, ProviderText } from './notation.ts';

/** A method with one secret, in the state or write-only. */
const secret: NestedBlockText = {
  nesting: 'list',
  attributes: {
    value: 'optional string sensitive',
    value_wo: 'optional string sensitive write_only',
    value_wo_version: 'optional number',
  },
};

export const clickhousedbops: ProviderText = {
  address: 'registry.terraform.io/clickhouse/clickhousedbops',
  release: '1.11.2',
  repository: 'https://github.com/ClickHouse/terraform-provider-clickhousedbops',
  provider: {
    source: 'pkg/provider/provider.go',
    attributes: {
      protocol: 'required string',
      host: 'required string',
      port: 'required number',
      auth_config: {
        nested: 'required single',
        attributes: {
          strategy: 'required string',
          username: 'required string',
          password: 'optional string',
        },
      },
      tls_config: {
        nested: 'optional single',
        attributes: {
          insecure_skip_verify: 'optional bool',
          ca_cert: 'optional string sensitive',
        },
      },
      read_after_write_timeout: 'optional number',
      dial_timeout: 'optional number',
    },
  },
  resources: {
    clickhousedbops_database: {
      source: 'pkg/resource/database/database.go',
      attributes: {
        cluster_name: 'optional string',
        uuid: 'computed string',
        name: 'required string',
        comment: 'optional string',
      },
    },
    clickhousedbops_role: {
      source: 'pkg/resource/role/role.go',
      attributes: {
        cluster_name: 'optional string',
        id: 'computed string',
        name: 'required string',
      },
    },
    clickhousedbops_user: {
      source: 'pkg/resource/user/user.go, pkg/resource/user/auth.go',
      attributes: {
        cluster_name: 'optional string',
        id: 'computed string',
        name: 'required string',
        host_ips: 'optional set(string)',
        password_sha256_hash: 'optional string sensitive deprecated',
        password_sha256_hash_wo: 'optional string sensitive write_only deprecated',
        password_sha256_hash_wo_version: 'optional number deprecated',
      },
      blocks: {
        auth: {
          nesting: 'single',
          attributes: {},
          blocks: {
            no_password: { nesting: 'single', attributes: {} },
            plaintext_password: secret,
            sha256_password: secret,
            sha256_hash: {
              nesting: 'list',
              attributes: { ...secret.attributes, salt: 'optional string' },
            },
            double_sha1_password: secret,
            double_sha1_hash: secret,
            bcrypt_password: secret,
            bcrypt_hash: secret,
            ssl_certificate: {
              nesting: 'list',
              attributes: { common_name: 'optional string', subject_alt_name: 'optional string' },
            },
            http: {
              nesting: 'list',
              attributes: { server: 'optional string', scheme: 'optional string' },
            },
            ssh_key: {
              nesting: 'list',
              attributes: { public_key: 'required string', type: 'required string' },
            },
            ldap: { nesting: 'list', attributes: { server: 'required string' } },
            kerberos: { nesting: 'list', attributes: { realm: 'optional string' } },
          },
        },
      },
    },
    clickhousedbops_grant_role: {
      source: 'pkg/resource/grantrole/grantrole.go',
      attributes: {
        cluster_name: 'optional string',
        role_name: 'required string',
        grantee_user_name: 'optional string',
        grantee_role_name: 'optional string',
        admin_option: 'optional computed bool',
      },
    },
    clickhousedbops_grant_privilege: {
      source: 'pkg/resource/grantprivilege/grantprivilege.go',
      version: 1,
      attributes: {
        cluster_name: 'optional string',
        privilege_name: 'required string',
        database_name: 'optional string',
        table_name: 'optional string',
        column_name: 'optional string',
        access_object: 'optional string',
        grantee_user_name: 'optional string',
        grantee_role_name: 'optional string',
        grant_option: 'optional computed bool',
        current_grants: 'optional computed bool',
      },
    },
    clickhousedbops_settings_profile: {
      source: 'pkg/resource/settingsprofile/settingsprofile.go',
      attributes: {
        cluster_name: 'optional string',
        id: 'computed string',
        name: 'required string',
        inherit_from: 'optional list(string)',
      },
    },
    clickhousedbops_setting: {
      source: 'pkg/resource/setting/setting.go',
      attributes: {
        cluster_name: 'optional string',
        settings_profile_id: 'required string',
        name: 'required string',
        value: 'optional string',
        min: 'optional string',
        max: 'optional string',
        writability: 'optional string',
        timeouts: { nested: 'optional single', attributes: { create: 'optional string' } },
      },
    },
    clickhousedbops_settings_profile_association: {
      source: 'pkg/resource/settingsprofileassociation/settingsprofileassociation.go',
      attributes: {
        cluster_name: 'optional string',
        settings_profile_id: 'required string',
        role_id: 'optional string',
        user_id: 'optional string',
      },
    },
  },
};
