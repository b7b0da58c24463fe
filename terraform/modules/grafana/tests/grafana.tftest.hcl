# What the inputs become.

mock_provider "grafana" {
  override_during = plan
}

variables {
  files       = "./tests/files"
  data_source = { host = "abc.eu-west-1.aws.clickhouse.cloud", username = "otel_grafana" }
}

run "smallest" {
  command = plan

  assert {
    condition     = grafana_dashboard.this["obsctl-logs.json"].folder == "obsctl-dashboards"
    error_message = "A file becomes a dashboard in the folder."
  }

  assert {
    condition     = grafana_rule_group.this["obsctl-example"].interval_seconds == 60 && grafana_rule_group.this["obsctl-example"].rule[0].keep_firing_for == "5m"
    error_message = "A group of the file becomes a group."
  }

  assert {
    condition     = jsondecode(grafana_rule_group.this["obsctl-example"].rule[0].data[0].model).refId == "A" && length(grafana_rule_group.this["obsctl-example"].rule[0].notification_settings) == 0
    error_message = "Queries are handed on as they are, and your policies decide who is told."
  }

  assert {
    condition     = grafana_data_source.clickhouse[0].secure_json_data_encoded == null
    error_message = "No password passes through Terraform unless it is given."
  }

  assert {
    condition     = output.grafana == { deploy = false, deliver = "files", folder = "obsctl" }
    error_message = "The output is the section of the stack file."
  }
}

run "with_a_contact_point_and_a_password" {
  command = plan

  variables {
    contact_point        = "on-call"
    data_source_password = "not-a-real-password"
  }

  assert {
    condition     = grafana_rule_group.this["obsctl-example"].rule[0].notification_settings[0].contact_point == "on-call"
    error_message = "The rules send to the contact point that was named."
  }

  assert {
    condition     = issensitive(grafana_data_source.clickhouse[0].secure_json_data_encoded)
    error_message = "A password that is given is not shown."
  }
}

run "without_rules" {
  command = plan

  variables {
    alert_rules     = false
    data_source     = null
    data_source_uid = "mine"
  }

  assert {
    condition     = length(grafana_rule_group.this) == 0 && length(grafana_data_source.clickhouse) == 0 && output.data_source_uid == "mine"
    error_message = "A data source that exists is used, and rules can be left out."
  }
}
