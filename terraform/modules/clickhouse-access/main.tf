# cluster_name stays null everywhere: ClickHouse Cloud replicates databases, roles and users itself.

resource "clickhousedbops_database" "this" {
  name = var.database

  lifecycle {
    # Changing anything of a database would make it anew, empty. There is no comment for that reason.
    prevent_destroy = true
  }
}

locals {
  users = {
    gateway  = var.gateway_migrates ? ["writer", "migrator"] : ["writer"]
    migrator = ["migrator"]
    grafana  = ["reader"]
  }
  roles_of_users = merge([for user, roles in local.users : {
    for role in roles : "${user}: ${role}" => { user = user, role = role }
  }]...)
}

resource "clickhousedbops_role" "this" {
  for_each = toset(["writer", "migrator", "reader"])

  name = "${var.prefix}_${each.key}"
}

resource "clickhousedbops_user" "this" {
  for_each = local.users

  name     = "${var.prefix}_${each.key}"
  host_ips = var.host_ips

  auth {
    sha256_hash {
      # Hexadecimal here; the service's own password_hash would be base64 of the same.
      value_wo         = sha256(var.passwords[each.key])
      value_wo_version = var.password_versions[each.key]
    }
  }
}

resource "clickhousedbops_grant_role" "this" {
  for_each = local.roles_of_users

  role_name         = clickhousedbops_role.this[each.value.role].name
  grantee_user_name = clickhousedbops_user.this[each.value.user].name
}

# Quotas are not in the provider (1.11); the profile bounds each query and each user instead.
resource "clickhousedbops_settings_profile" "reader" {
  name = "${var.prefix}_reader"
}

locals {
  # The data source sets max_execution_time itself, so that one may be changed while all else is
  # read-only; with plain readonly = 1 every query of Grafana would fail.
  reader_settings = {
    readonly                  = { value = "1", writability = null, max = null }
    max_execution_time        = { value = tostring(var.reader_limits.execution_seconds), writability = "CHANGEABLE_IN_READONLY", max = tostring(var.reader_limits.execution_seconds_max) }
    max_memory_usage          = { value = tostring(var.reader_limits.memory_bytes), writability = null, max = null }
    max_memory_usage_for_user = { value = tostring(var.reader_limits.user_memory_bytes), writability = null, max = null }
  }
}

resource "clickhousedbops_setting" "reader" {
  for_each = local.reader_settings

  settings_profile_id = clickhousedbops_settings_profile.reader.id
  name                = each.key
  value               = each.value.value
  max                 = each.value.max
  writability         = each.value.writability
}

# To the user, not the role: settings of a role that is not a default one would not hold.
resource "clickhousedbops_settings_profile_association" "reader" {
  settings_profile_id = clickhousedbops_settings_profile.reader.id
  user_id             = clickhousedbops_user.this["grafana"].id
}
