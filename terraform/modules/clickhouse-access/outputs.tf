output "clickhouse" {
  description = "The section `clickhouse` of the stack file, for `obsctl init --from-terraform`; it holds no secret"
  value = {
    mode     = "external"
    url      = var.url
    database = clickhousedbops_database.this.name
    credentials = {
      secret       = var.secret
      user_key     = "user"
      password_key = "password"
    }
  }
}

output "users" {
  description = "Names of the users, by what they are for: gateway, migrator, grafana"
  value       = { for key, user in clickhousedbops_user.this : key => user.name }
}

output "grants" {
  description = "What each role may, for a review: a text a grant"
  value       = sort(keys(local.grants))
}
