# Each run breaks one rule of the inputs. `terraform test`, offline: terraform/README.md.

mock_provider "clickhousedbops" {}

variables {
  url = "https://abc.eu-west-1.aws.clickhouse.cloud:8443"
  passwords = {
    gateway  = "not-a-real-password-1"
    migrator = "not-a-real-password-2"
    grafana  = "not-a-real-password-3"
  }
}

run "url_with_a_password" {
  command = plan

  variables {
    url = "https://default:secret@abc.example:8443"
  }

  expect_failures = [var.url]
}

run "url_without_tls" {
  command = plan

  variables {
    url = "http://abc.example:8123"
  }

  expect_failures = [var.url]
}

run "database_of_the_server" {
  command = plan

  variables {
    database = "system"
  }

  expect_failures = [var.database]
}

run "prefix_with_a_dash" {
  command = plan

  variables {
    prefix = "shop-otel"
  }

  expect_failures = [var.prefix]
}

run "short_password" {
  command = plan

  variables {
    passwords = { gateway = "short", migrator = "not-a-real-password-2", grafana = "not-a-real-password-3" }
  }

  expect_failures = [var.passwords]
}

run "one_password_for_two" {
  command = plan

  variables {
    passwords = { gateway = "not-a-real-password-1", migrator = "not-a-real-password-1", grafana = "not-a-real-password-3" }
  }

  expect_failures = [var.passwords]
}

run "password_version_of_zero" {
  command = plan

  variables {
    password_versions = { gateway = 0 }
  }

  expect_failures = [var.password_versions]
}

run "nobody_may_come" {
  command = plan

  variables {
    host_ips = []
  }

  expect_failures = [var.host_ips]
}

run "seconds_above_their_bound" {
  command = plan

  variables {
    reader_limits = { execution_seconds = 600 }
  }

  expect_failures = [var.reader_limits]
}

run "memory_above_that_of_the_user" {
  command = plan

  variables {
    reader_limits = { memory_bytes = 9000000000 }
  }

  expect_failures = [var.reader_limits]
}

run "secret_with_capitals" {
  command = plan

  variables {
    secret = "ClickHouse"
  }

  expect_failures = [var.secret]
}
