output "grafana" {
  description = "The section `grafana` of the stack file, for `obsctl init --from-terraform`: Terraform brings the dashboards, so nothing is rendered for them"
  value = {
    deploy  = false
    deliver = "files"
    folder  = grafana_folder.this.title
  }
}

output "data_source_uid" {
  description = "Uid of the data source that dashboards and rules ask"
  value       = var.data_source_uid
}

output "dashboards" {
  description = "Names of the files of the dashboards"
  value       = sort(local.dashboards)
}

output "rule_groups" {
  description = "Names of the groups of alert rules"
  value       = sort(local.groups[*].name)
}
