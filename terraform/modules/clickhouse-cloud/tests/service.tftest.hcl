# What the inputs become. Values that only the cloud knows are given by the mock.

mock_provider "clickhouse" {
  override_during = plan

  mock_resource "clickhouse_service" {
    defaults = {
      id           = "11111111-2222-3333-4444-555555555555"
      warehouse_id = "66666666-7777-8888-9999-000000000000"
      endpoints = {
        https        = { host = "abc.eu-west-1.aws.clickhouse.cloud", port = 8443 }
        nativesecure = { host = "abc.eu-west-1.aws.clickhouse.cloud", port = 9440 }
      }
    }
  }
}

variables {
  name           = "shop-telemetry"
  cloud_provider = "aws"
  region         = "eu-west-1"
  password       = "not-a-real-password"
  ip_access      = [{ source = "192.0.2.0/28", description = "gateway" }]
}

run "smallest" {
  command = plan

  assert {
    condition     = clickhouse_service.this.autoscaling_mode == "vertical" && clickhouse_service.this.num_replicas == 2
    error_message = "Without scaling there are two replicas that grow."
  }

  assert {
    condition     = clickhouse_service.this.idle_scaling == false
    error_message = "A service that a gateway writes to never stops."
  }

  assert {
    condition     = clickhouse_service.this.password == null && clickhouse_service.this.password_hash == null
    error_message = "The password is write-only."
  }

  assert {
    condition     = length(clickhouse_service.reader) == 0 && length(clickhouse_service_upgrade_window.this) == 0
    error_message = "What was not asked for is not made."
  }

  assert {
    condition     = output.url == "https://abc.eu-west-1.aws.clickhouse.cloud:8443" && output.native.port == 9440
    error_message = "The outputs are what the stack file and the next step take."
  }

  assert {
    condition     = output.reader_https.host == "abc.eu-west-1.aws.clickhouse.cloud" && output.reader_service_id == null
    error_message = "Without a read-only service dashboards ask the only one."
  }
}

run "whole" {
  command = plan

  variables {
    allow_public         = true
    ip_access            = [{ source = "0.0.0.0/0", description = "meant" }]
    scaling              = { mode = "horizontal", min_replicas = 2, max_replicas = 6, min_memory_gb = 32, max_memory_gb = 32 }
    idle_timeout_minutes = 30
    backups              = { period_hours = 12, retention_hours = 168 }
    private_endpoint_ids = ["vpce-0123456789abcdef0"]
    reader               = { replicas = 1, idle_timeout_minutes = null }
    upgrade_window       = { weekday = 0, start_hour_utc = 0 }
    release_channel      = "slow"
    tags                 = { team = "platform" }
  }

  assert {
    condition     = clickhouse_service.this.min_replicas == 2 && clickhouse_service.this.max_replicas == 6 && clickhouse_service.this.min_replica_memory_gb == 32
    error_message = "Horizontal scaling has a range of replicas of one size."
  }

  assert {
    condition     = clickhouse_service.this.idle_timeout_minutes == 30 && clickhouse_service.this.idle_scaling
    error_message = "A timeout switches idling on."
  }

  assert {
    condition     = clickhouse_service.this.backup_configuration.backup_period_in_hours == 12 && clickhouse_service.this.backup_configuration.backup_retention_period_in_hours == 168
    error_message = "Backups are as asked for."
  }

  assert {
    condition     = clickhouse_service.reader[0].readonly && clickhouse_service.reader[0].warehouse_id == clickhouse_service.this.warehouse_id && clickhouse_service.reader[0].password_wo_version == null
    error_message = "The second service shares data and users of the first and only reads."
  }

  assert {
    condition     = clickhouse_service.reader[0].idle_scaling == false
    error_message = "A read-only service that is asked all day does not stop."
  }

  assert {
    condition     = clickhouse_service_private_endpoints_attachment.this[0].service_id == clickhouse_service.this.id && clickhouse_service_private_endpoints_attachment.reader[0].service_id == clickhouse_service.reader[0].id
    error_message = "Both services are attached, each by one resource."
  }

  assert {
    condition     = clickhouse_service_upgrade_window.this[0].service_id == clickhouse_service.this.id
    error_message = "The window is of the first service: a second follows it."
  }
}

run "private_alone" {
  command = plan

  variables {
    ip_access            = []
    private_endpoint_ids = ["vpce-0123456789abcdef0"]
  }

  assert {
    condition     = length(clickhouse_service.this.ip_access) == 0
    error_message = "With private endpoints alone no address is let in."
  }
}
