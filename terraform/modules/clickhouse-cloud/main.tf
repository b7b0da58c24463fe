locals {
  vertical = var.scaling.mode == "vertical"
}

resource "clickhouse_service" "this" {
  name            = var.name
  cloud_provider  = var.cloud_provider
  region          = var.region
  release_channel = var.release_channel
  tags            = length(var.tags) == 0 ? null : var.tags

  password_wo         = var.password
  password_wo_version = var.password_version

  ip_access = var.ip_access

  autoscaling_mode      = var.scaling.mode
  num_replicas          = local.vertical ? coalesce(var.scaling.replicas, 2) : null
  min_replicas          = local.vertical ? null : var.scaling.min_replicas
  max_replicas          = local.vertical ? null : var.scaling.max_replicas
  min_replica_memory_gb = var.scaling.min_memory_gb
  max_replica_memory_gb = var.scaling.max_memory_gb

  idle_scaling         = var.idle_timeout_minutes != null
  idle_timeout_minutes = var.idle_timeout_minutes

  backup_configuration = var.backups == null ? null : {
    backup_period_in_hours           = var.backups.period_hours
    backup_retention_period_in_hours = var.backups.retention_hours
    backup_start_time                = var.backups.start_time
  }

  lifecycle {
    # The service holds the data.
    prevent_destroy = true

    precondition {
      condition     = length(var.ip_access) > 0 || length(var.private_endpoint_ids) > 0
      error_message = "Nobody could reach the service: ip_access and private_endpoint_ids are both empty. Name the addresses of your gateway and Grafana, or a private endpoint."
    }
  }
}

# Shares the data, the users and the backups of the first: none of them is set here.
resource "clickhouse_service" "reader" {
  count = var.reader == null ? 0 : 1

  name            = "${var.name}-reader"
  warehouse_id    = clickhouse_service.this.warehouse_id
  readonly        = true
  cloud_provider  = var.cloud_provider
  region          = var.region
  release_channel = var.release_channel
  tags            = length(var.tags) == 0 ? null : var.tags
  ip_access       = var.ip_access

  autoscaling_mode      = "vertical"
  num_replicas          = var.reader.replicas
  min_replica_memory_gb = var.reader.min_memory_gb
  max_replica_memory_gb = var.reader.max_memory_gb

  idle_scaling         = var.reader.idle_timeout_minutes != null
  idle_timeout_minutes = var.reader.idle_timeout_minutes
}

# One resource owns the whole list of a service: several would take each other's away.
resource "clickhouse_service_private_endpoints_attachment" "this" {
  count = length(var.private_endpoint_ids) == 0 ? 0 : 1

  service_id           = clickhouse_service.this.id
  private_endpoint_ids = var.private_endpoint_ids
}

resource "clickhouse_service_private_endpoints_attachment" "reader" {
  count = var.reader == null || length(var.private_endpoint_ids) == 0 ? 0 : 1

  service_id           = clickhouse_service.reader[0].id
  private_endpoint_ids = var.private_endpoint_ids
}

# The second service follows the first.
resource "clickhouse_service_upgrade_window" "this" {
  count = var.upgrade_window == null ? 0 : 1

  service_id     = clickhouse_service.this.id
  weekday        = var.upgrade_window.weekday
  start_hour_utc = var.upgrade_window.start_hour_utc
}
