locals {
  dashboards = fileset(var.files, "obsctl-*.json")

  rules_file = "${var.files}/alert-rules.yaml"
  groups     = var.alert_rules && fileexists(local.rules_file) ? yamldecode(file(local.rules_file)).groups : []

  # Rules name their data source; a variable is not resolved in them.
  asked = toset(flatten([for group in local.groups : [
    for rule in group.rules : [for query in rule.data : query.datasourceUid if query.datasourceUid != "__expr__"]
  ]]))
}

resource "grafana_data_source" "clickhouse" {
  count = var.data_source == null ? 0 : 1

  type        = "grafana-clickhouse-datasource"
  name        = "ClickHouse"
  uid         = "obsctl-clickhouse"
  access_mode = "proxy"

  json_data_encoded = jsonencode({
    version         = "4.20.0"
    host            = var.data_source.host
    port            = var.data_source.port
    protocol        = "http"
    secure          = true
    username        = var.data_source.username
    defaultDatabase = var.data_source.database
    # Looking for map keys reads whole columns of the largest tables.
    enableMapKeysDiscovery = false
    logs = {
      defaultDatabase = var.data_source.database
      defaultTable    = "otel_logs"
      otelEnabled     = true
      otelVersion     = "latest"
    }
    traces = {
      defaultDatabase = var.data_source.database
      defaultTable    = "otel_traces"
      otelEnabled     = true
      otelVersion     = "latest"
      durationUnit    = "nanoseconds"
    }
  })

  # Without it Grafana keeps the one that it has.
  secure_json_data_encoded = var.data_source_password == null ? null : jsonencode({ password = var.data_source_password })
}

resource "grafana_folder" "this" {
  uid   = "obsctl-dashboards"
  title = var.folder
}

resource "grafana_dashboard" "this" {
  for_each = local.dashboards

  folder      = grafana_folder.this.uid
  config_json = file("${var.files}/${each.value}")
  overwrite   = true

  depends_on = [grafana_data_source.clickhouse]
}

resource "grafana_rule_group" "this" {
  for_each = { for group in local.groups : group.name => group }

  name             = each.key
  folder_uid       = grafana_folder.this.uid
  interval_seconds = tonumber(trimsuffix(each.value.interval, "s"))

  dynamic "rule" {
    for_each = each.value.rules

    content {
      uid             = rule.value.uid
      name            = rule.value.title
      condition       = rule.value.condition
      for             = rule.value.for
      keep_firing_for = try(rule.value.keepFiringFor, null)
      no_data_state   = rule.value.noDataState
      exec_err_state  = rule.value.execErrState
      labels          = rule.value.labels
      annotations     = rule.value.annotations
      is_paused       = rule.value.isPaused

      dynamic "data" {
        for_each = rule.value.data

        content {
          ref_id         = data.value.refId
          datasource_uid = data.value.datasourceUid
          model          = jsonencode(data.value.model)

          relative_time_range {
            from = data.value.relativeTimeRange.from
            to   = data.value.relativeTimeRange.to
          }
        }
      }

      dynamic "notification_settings" {
        for_each = var.contact_point == null ? [] : [var.contact_point]

        content {
          contact_point = notification_settings.value
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = alltrue([for uid in local.asked : uid == var.data_source_uid])
      error_message = "The rules in alert-rules.yaml ask the data source ${join(", ", local.asked)}, and data_source_uid is ${var.data_source_uid}. Write the files again: obsctl dashboards render --datasource-uid ${var.data_source_uid} -o DIR."
    }
  }

  depends_on = [grafana_data_source.clickhouse]
}
