locals {
  # Each of them is rebuilt in a table of its own, which then takes the place of a partition.
  rebuilt = [
    "otel_red_1m", "otel_red_1h", "otel_red_1d",
    "otel_service_edges_1m", "otel_log_patterns_1m", "otel_attributes_15m", "otel_series_15m",
    "otel_metrics_1m", "otel_metrics_1h", "flow_logs", "flow_seconds", "flow_minutes",
    "l7_calls", "cost_hours",
  ]

  # The provider grants single privileges, not groups such as ALTER or CREATE. A null table is every
  # table, a null database everywhere.
  writer = concat(
    [for privilege in ["SELECT", "INSERT"] : [privilege, var.database, null]],
    # Rows that ClickHouse refuses are tried one by one against a table function.
    [["CREATE TEMPORARY TABLE", null, null]],
    flatten([for table in local.rebuilt : [
      # By prefix, so that no table with data can be dropped.
      [for privilege in ["CREATE TABLE", "DROP TABLE"] : { of = [privilege, var.database, "${table}_staging_*"] }],
      { of = ["ALTER DELETE", var.database, table] },
    ]])[*].of,
    [["SELECT", "system", "parts"]],
  )

  migrator = concat(
    [for privilege in [
      "SHOW DATABASES", "SHOW TABLES", "SHOW COLUMNS", "SELECT", "INSERT",
      "CREATE DATABASE", "CREATE TABLE", "CREATE VIEW", "DROP VIEW",
      "ALTER ADD COLUMN", "ALTER MODIFY COLUMN", "ALTER COMMENT COLUMN",
      "ALTER ADD INDEX", "ALTER DROP INDEX", "ALTER MATERIALIZE INDEX",
      "ALTER TTL", "ALTER SETTINGS",
    ] : [privilege, var.database, null]],
    [["SELECT", "system", "data_skipping_indices"]],
  )

  # The tables of the server that the dashboard ClickHouse and its alert rules ask.
  reader = concat(
    [["SELECT", var.database, null]],
    [for table in [
      "disks", "errors", "merge_tree_settings", "merges", "mutations", "parts", "processes", "tables",
    ] : ["SELECT", "system", table]],
  )

  grants = { for grant in flatten([
    for role, list in { writer = local.writer, migrator = local.migrator, reader = local.reader } : [
      for one in list : {
        role      = role
        privilege = one[0]
        database  = one[1]
        table     = one[2]
      }
    ]
  ]) : "${grant.role}: ${grant.privilege} ON ${coalesce(grant.database, "*")}.${coalesce(grant.table, "*")}" => grant }
}

resource "clickhousedbops_grant_privilege" "this" {
  for_each = local.grants

  privilege_name    = each.value.privilege
  database_name     = each.value.database
  table_name        = each.value.table
  grantee_role_name = clickhousedbops_role.this[each.value.role].name

  depends_on = [clickhousedbops_database.this]
}
