/** Schemas of the provider grafana/grafana, of the resources that our modules use. */
import type { NestedBlockText, NestedText, ProviderText, ResourceText } from './notation.ts';

const source = 'provider_schema.json';

/** Of every contact point, whatever it is. */
const receiver = {
  uid: 'computed string',
  disable_resolve_message: 'optional bool',
  settings: 'optional map(string) sensitive',
} as const;

const timing = {
  group_interval: 'optional string',
  group_wait: 'optional string',
  repeat_interval: 'optional string',
} as const;

/** How deep policies nest below the first; only the innermost must say how it groups. */
const policyDepthMax = 4;

function policy(depth: number): NestedBlockText {
  const matcher: NestedBlockText = {
    nesting: 'set',
    attributes: { label: 'required string', match: 'required string', value: 'required string' },
  };
  const innermost = depth === policyDepthMax;
  return {
    nesting: 'list',
    attributes: {
      ...timing,
      active_timings: 'optional list(string)',
      mute_timings: 'optional list(string)',
      contact_point: 'optional string',
      continue: 'optional bool',
      group_by: `${innermost ? 'required' : 'optional'} list(string)`,
    },
    blocks: innermost ? { matcher } : { matcher, policy: policy(depth + 1) },
  };
}

const sensitiveText = 'optional string sensitive';

const contactPoint: ResourceText = {
  source: `${source} (of the other kinds of receiver, none is used)`,
  attributes: {
    id: 'optional computed string',
    org_id: 'optional string',
    name: 'required string',
    disable_provenance: 'optional bool',
  },
  blocks: {
    email: {
      nesting: 'set',
      attributes: {
        ...receiver,
        addresses: 'required list(string)',
        message: 'optional string',
        single_email: 'optional bool',
        subject: 'optional string',
      },
    },
    pagerduty: {
      nesting: 'set',
      attributes: {
        ...receiver,
        ...optionalTexts('class', 'client', 'client_url', 'component', 'group', 'severity'),
        ...optionalTexts('source', 'summary', 'url'),
        details: 'optional map(string)',
        integration_key: 'required string sensitive',
      },
    },
    slack: {
      nesting: 'set',
      attributes: {
        ...receiver,
        ...optionalTexts('color', 'endpoint_url', 'icon_emoji', 'icon_url', 'mention_channel'),
        ...optionalTexts('mention_groups', 'mention_users', 'recipient', 'text', 'title'),
        username: 'optional string',
        token: sensitiveText,
        url: sensitiveText,
      },
    },
  },
};

function optionalTexts(...names: readonly string[]): Readonly<Record<string, string | NestedText>> {
  return Object.fromEntries(names.map((name) => [name, 'optional string']));
}

const ruleGroup: ResourceText = {
  source,
  attributes: {
    id: 'optional computed string',
    org_id: 'optional string',
    name: 'required string',
    folder_uid: 'required string',
    interval_seconds: 'required number',
    disable_provenance: 'optional bool',
  },
  blocks: {
    rule: {
      nesting: 'list',
      min: 1,
      attributes: {
        uid: 'optional computed string',
        name: 'required string',
        for: 'optional string',
        keep_firing_for: 'optional string',
        no_data_state: 'optional string',
        exec_err_state: 'optional string',
        condition: 'optional string',
        labels: 'optional map(string)',
        annotations: 'optional map(string)',
        is_paused: 'optional bool',
        missing_series_evals_to_resolve: 'optional number',
      },
      blocks: {
        data: {
          nesting: 'list',
          min: 1,
          attributes: {
            ref_id: 'required string',
            datasource_uid: 'required string',
            query_type: 'optional string',
            model: 'required string',
          },
          blocks: {
            relative_time_range: {
              nesting: 'list',
              min: 1,
              max: 1,
              attributes: { from: 'required number', to: 'required number' },
            },
          },
        },
        notification_settings: {
          nesting: 'list',
          max: 1,
          attributes: {
            ...timing,
            active_timings: 'optional list(string)',
            mute_timings: 'optional list(string)',
            contact_point: 'required string',
            group_by: 'optional list(string)',
          },
        },
        record: {
          nesting: 'list',
          max: 1,
          attributes: {
            from: 'required string',
            metric: 'required string',
            target_datasource_uid: 'optional string',
          },
        },
      },
    },
  },
};

const muteTiming: ResourceText = {
  source,
  attributes: {
    id: 'optional computed string',
    org_id: 'optional string',
    name: 'required string',
    disable_provenance: 'optional bool',
  },
  blocks: {
    intervals: {
      nesting: 'list',
      attributes: {
        days_of_month: 'optional list(string)',
        location: 'optional string',
        months: 'optional list(string)',
        weekdays: 'optional list(string)',
        years: 'optional list(string)',
      },
      blocks: {
        times: {
          nesting: 'list',
          attributes: { start: 'required string', end: 'required string' },
        },
      },
    },
  },
};

/** Only how a Grafana is reached; the provider has settings of other products of Grafana too. */
const provider: ProviderText['provider'] = {
  source: `${source} (settings of other products left out)`,
  attributes: {
    url: 'optional string',
    auth: 'optional string sensitive',
    org_id: 'optional number',
    stack_id: 'optional number',
    ca_cert: 'optional string',
    tls_cert: 'optional string',
    tls_key: 'optional string',
    http_headers: 'optional map(string) sensitive',
    insecure_skip_verify: 'optional bool',
    retries: 'optional number',
    retry_status_codes: 'optional set(string)',
    retry_wait: 'optional number',
    store_dashboard_sha256: 'optional bool',
  },
};

export const grafana: ProviderText = {
  address: 'registry.terraform.io/grafana/grafana',
  release: '4.45.1',
  repository: 'https://github.com/grafana/terraform-provider-grafana',
  provider,
  resources: {
    grafana_data_source: {
      source,
      version: 1,
      attributes: {
        id: 'optional computed string',
        uid: 'optional computed string',
        org_id: 'optional string',
        name: 'required string',
        type: 'required string',
        access_mode: 'optional string',
        basic_auth_enabled: 'optional bool',
        basic_auth_username: 'optional string',
        database_name: 'optional string',
        http_headers: 'optional map(string) sensitive',
        is_default: 'optional bool',
        json_data_encoded: 'optional string',
        secure_json_data_encoded: sensitiveText,
        private_data_source_connect_network_id: 'optional string',
        url: 'optional string',
        username: 'optional string',
      },
    },
    grafana_folder: {
      source,
      attributes: {
        id: 'optional computed string',
        uid: 'optional computed string',
        org_id: 'optional string',
        title: 'required string',
        url: 'computed string',
        parent_folder_uid: 'optional string',
        prevent_destroy_if_not_empty: 'optional bool',
      },
    },
    grafana_dashboard: {
      source,
      version: 1,
      attributes: {
        id: 'optional computed string',
        org_id: 'optional string',
        uid: 'computed string',
        dashboard_id: 'computed number',
        url: 'computed string',
        version: 'computed number',
        folder: 'optional string',
        config_json: 'required string',
        overwrite: 'optional bool',
        message: 'optional string',
      },
    },
    grafana_rule_group: ruleGroup,
    grafana_contact_point: contactPoint,
    grafana_mute_timing: muteTiming,
    grafana_notification_policy: {
      source,
      attributes: {
        id: 'optional computed string',
        org_id: 'optional string',
        contact_point: 'required string',
        group_by: 'required list(string)',
        disable_provenance: 'optional bool',
        ...timing,
      },
      blocks: { policy: policy(0) },
    },
  },
};
