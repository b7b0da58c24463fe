# Each run breaks one rule of the inputs. `terraform test`, offline: terraform/README.md.

mock_provider "clickhouse" {}

variables {
  name           = "shop-telemetry"
  cloud_provider = "aws"
  region         = "eu-west-1"
  password       = "not-a-real-password"
  ip_access      = [{ source = "192.0.2.0/28", description = "gateway" }]
}

run "name_with_capitals" {
  command = plan

  variables {
    name = "Shop"
  }

  expect_failures = [var.name]
}

run "unknown_cloud" {
  command = plan

  variables {
    cloud_provider = "AWS"
  }

  expect_failures = [var.cloud_provider]
}

run "region_of_no_cloud" {
  command = plan

  variables {
    region = "Ireland!"
  }

  expect_failures = [var.region]
}

run "short_password" {
  command = plan

  variables {
    password = "short"
  }

  expect_failures = [var.password]
}

run "password_version_of_a_half" {
  command = plan

  variables {
    password_version = 1.5
  }

  expect_failures = [var.password_version]
}

run "source_that_is_a_name" {
  command = plan

  variables {
    ip_access = [{ source = "gateway.example", description = "gateway" }]
  }

  expect_failures = [var.ip_access]
}

run "the_whole_internet" {
  command = plan

  variables {
    ip_access = [{ source = "0.0.0.0/0", description = "all" }]
  }

  expect_failures = [var.ip_access]
}

run "the_whole_internet_without_a_mask" {
  command = plan

  variables {
    ip_access = [{ source = "0.0.0.0", description = "all" }]
  }

  expect_failures = [var.ip_access]
}

run "source_without_an_owner" {
  command = plan

  variables {
    ip_access = [{ source = "192.0.2.7", description = " " }]
  }

  expect_failures = [var.ip_access]
}

run "nobody_could_reach_it" {
  command = plan

  variables {
    ip_access = []
  }

  expect_failures = [clickhouse_service.this]
}

run "unknown_scaling" {
  command = plan

  variables {
    scaling = { mode = "diagonal" }
  }

  expect_failures = [var.scaling]
}

run "memory_between_two_steps" {
  command = plan

  variables {
    scaling = { min_memory_gb = 10 }
  }

  expect_failures = [var.scaling]
}

run "memory_below_the_least" {
  command = plan

  variables {
    scaling = { min_memory_gb = 4 }
  }

  expect_failures = [var.scaling]
}

run "memory_upside_down" {
  command = plan

  variables {
    scaling = { min_memory_gb = 64, max_memory_gb = 16 }
  }

  expect_failures = [var.scaling]
}

run "a_range_of_replicas_in_vertical" {
  command = plan

  variables {
    scaling = { min_replicas = 2, max_replicas = 4 }
  }

  expect_failures = [var.scaling]
}

run "horizontal_without_a_range" {
  command = plan

  variables {
    scaling = { mode = "horizontal", min_memory_gb = 16, max_memory_gb = 16 }
  }

  expect_failures = [var.scaling]
}

run "horizontal_with_two_sizes" {
  command = plan

  variables {
    scaling = { mode = "horizontal", min_replicas = 2, max_replicas = 4, min_memory_gb = 8, max_memory_gb = 16 }
  }

  expect_failures = [var.scaling]
}

run "no_replica" {
  command = plan

  variables {
    scaling = { replicas = 0 }
  }

  expect_failures = [var.scaling]
}

run "replicas_upside_down" {
  command = plan

  variables {
    scaling = { mode = "horizontal", min_replicas = 4, max_replicas = 2, min_memory_gb = 16, max_memory_gb = 16 }
  }

  expect_failures = [var.scaling]
}

run "idle_at_once" {
  command = plan

  variables {
    idle_timeout_minutes = 1
  }

  expect_failures = [var.idle_timeout_minutes]
}

run "backups_at_an_odd_pace" {
  command = plan

  variables {
    backups = { period_hours = 7 }
  }

  expect_failures = [var.backups]
}

run "backups_kept_an_odd_time" {
  command = plan

  variables {
    backups = { retention_hours = 25 }
  }

  expect_failures = [var.backups]
}

run "backups_at_an_odd_minute" {
  command = plan

  variables {
    backups = { start_time = "03:30" }
  }

  expect_failures = [var.backups]
}

run "backups_daily_and_by_period" {
  command = plan

  variables {
    backups = { start_time = "03:00", period_hours = 24 }
  }

  expect_failures = [var.backups]
}

run "empty_endpoint" {
  command = plan

  variables {
    private_endpoint_ids = [""]
  }

  expect_failures = [var.private_endpoint_ids]
}

run "reader_of_odd_memory" {
  command = plan

  variables {
    reader = { min_memory_gb = 9 }
  }

  expect_failures = [var.reader]
}

run "reader_upside_down" {
  command = plan

  variables {
    reader = { min_memory_gb = 32, max_memory_gb = 16 }
  }

  expect_failures = [var.reader]
}

run "reader_idle_at_once" {
  command = plan

  variables {
    reader = { idle_timeout_minutes = 1 }
  }

  expect_failures = [var.reader]
}

run "reader_without_replicas" {
  command = plan

  variables {
    reader = { replicas = 0 }
  }

  expect_failures = [var.reader]
}

run "window_on_no_day" {
  command = plan

  variables {
    upgrade_window = { weekday = 7, start_hour_utc = 6 }
  }

  expect_failures = [var.upgrade_window]
}

run "window_at_an_odd_hour" {
  command = plan

  variables {
    upgrade_window = { weekday = 0, start_hour_utc = 3 }
  }

  expect_failures = [var.upgrade_window]
}

run "unknown_channel" {
  command = plan

  variables {
    release_channel = "nightly"
  }

  expect_failures = [var.release_channel]
}
