# What the inputs become.

mock_provider "clickhousedbops" {
  override_during = plan

  mock_resource "clickhousedbops_user" {
    defaults = { id = "11111111-2222-3333-4444-555555555555" }
  }
}

variables {
  url = "https://abc.eu-west-1.aws.clickhouse.cloud:8443"
  passwords = {
    gateway  = "not-a-real-password-1"
    migrator = "not-a-real-password-2"
    grafana  = "not-a-real-password-3"
  }
}

run "smallest" {
  command = plan

  assert {
    condition     = output.clickhouse == { mode = "external", url = "https://abc.eu-west-1.aws.clickhouse.cloud:8443", database = "otel", credentials = { secret = "clickhouse-cloud", user_key = "user", password_key = "password" } }
    error_message = "The output is the section of the stack file."
  }

  assert {
    condition     = output.users == { gateway = "otel_gateway", grafana = "otel_grafana", migrator = "otel_migrator" }
    error_message = "There are three users, named after the prefix."
  }

  assert {
    condition     = alltrue([for user in clickhousedbops_user.this : user.auth.sha256_hash[0].value == null && user.auth.sha256_hash[0].value_wo_version == 1])
    error_message = "Passwords are write-only."
  }

  assert {
    condition     = sort(keys(clickhousedbops_grant_role.this)) == tolist(["gateway: migrator", "gateway: writer", "grafana: reader", "migrator: migrator"])
    error_message = "The rendered schema Job runs as the user of the gateway, so that has both roles."
  }

  assert {
    condition     = alltrue([for grant in clickhousedbops_grant_privilege.this : grant.cluster_name == null && grant.grantee_user_name == null])
    error_message = "Grants go to roles, and no cluster is named in ClickHouse Cloud."
  }

  assert {
    condition     = clickhousedbops_setting.reader["max_execution_time"].writability == "CHANGEABLE_IN_READONLY" && clickhousedbops_setting.reader["readonly"].value == "1"
    error_message = "Grafana's data source sets max_execution_time, and may change nothing else."
  }

  assert {
    condition     = clickhousedbops_settings_profile_association.reader.user_id == clickhousedbops_user.this["grafana"].id
    error_message = "The profile is that of the user of Grafana."
  }
}

run "least_rights_of_the_gateway" {
  command = plan

  variables {
    gateway_migrates = false
    database         = "shop_otel"
    prefix           = "shop"
  }

  assert {
    condition     = !contains(keys(clickhousedbops_grant_role.this), "gateway: migrator")
    error_message = "The gateway may be without the right to make tables."
  }

  assert {
    condition     = alltrue([for grant in output.grants : strcontains(grant, " ON shop_otel.") || strcontains(grant, " ON system.") || grant == "writer: CREATE TEMPORARY TABLE ON *.*"])
    error_message = "Every grant is of the own database, of a table about the server, or of temporary tables."
  }

  assert {
    condition     = length([for grant in output.grants : grant if can(regex("DROP TABLE ON shop_otel.*[^*]$", grant))]) == 0
    error_message = "No role may drop a table with data."
  }
}
