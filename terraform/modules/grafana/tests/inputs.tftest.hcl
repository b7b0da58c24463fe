# Each run breaks one rule of the inputs. `terraform test`, offline: terraform/README.md.

mock_provider "grafana" {}

variables {
  files       = "./tests/files"
  data_source = { host = "abc.eu-west-1.aws.clickhouse.cloud", username = "otel_grafana" }
}

run "folder_without_dashboards" {
  command = plan

  variables {
    files = "./tests"
  }

  expect_failures = [var.files]
}

run "folder_without_a_title" {
  command = plan

  variables {
    folder = " "
  }

  expect_failures = [var.folder]
}

run "address_and_not_a_host" {
  command = plan

  variables {
    data_source = { host = "https://abc.example", username = "otel_grafana" }
  }

  expect_failures = [var.data_source]
}

run "port_that_is_none" {
  command = plan

  variables {
    data_source = { host = "abc.example", port = 0, username = "otel_grafana" }
  }

  expect_failures = [var.data_source]
}

run "uid_with_a_space" {
  command = plan

  variables {
    data_source     = null
    data_source_uid = "my source"
  }

  expect_failures = [var.data_source_uid]
}

run "two_data_sources" {
  command = plan

  variables {
    data_source_uid = "mine"
  }

  expect_failures = [var.data_source_uid]
}

run "nameless_contact_point" {
  command = plan

  variables {
    contact_point = ""
  }

  expect_failures = [var.contact_point]
}

run "rules_of_another_data_source" {
  command = plan

  variables {
    data_source     = null
    data_source_uid = "mine"
  }

  expect_failures = [grafana_rule_group.this]
}
