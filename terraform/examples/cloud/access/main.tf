# Step 2: database, roles and users inside the service, and the dashboards in Grafana. Its providers
# are configured by what step 1 made, so it is a root of its own.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    clickhousedbops = {
      source  = "ClickHouse/clickhousedbops"
      version = "~> 1.11"
    }
    grafana = {
      source  = "grafana/grafana"
      version = "~> 4.0"
    }
  }
}

variable "service_file" {
  description = "What `terraform output -json` said in step 1"
  type        = string
  default     = "../service.json"

  validation {
    condition     = can(jsondecode(file(var.service_file)).url.value)
    error_message = "service_file: not the output of step 1. Write it: terraform -chdir=service output -json > service.json."
  }
}

variable "admin_password" {
  description = "Of the user `default`, as in step 1: TF_VAR_admin_password"
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "passwords" {
  description = "Of the users gateway, migrator and grafana: TF_VAR_passwords='{gateway=\"…\",migrator=\"…\",grafana=\"…\"}'"
  type        = object({ gateway = string, migrator = string, grafana = string })
  sensitive   = true
  ephemeral   = true
}

variable "grafana_url" {
  description = "Address of Grafana"
  type        = string
}

variable "grafana_token" {
  description = "Token of a service account with the role Admin: TF_VAR_grafana_token"
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "dashboards" {
  description = "Folder that `obsctl dashboards render -o DIR` wrote"
  type        = string
  default     = "../dashboards"
}

locals {
  service = { for name, output in jsondecode(file(var.service_file)) : name => output.value }
}

provider "clickhousedbops" {
  protocol = "nativesecure"
  host     = local.service.native.host
  port     = local.service.native.port

  auth_config = {
    strategy = "password"
    username = "default"
    password = var.admin_password
  }

  # A service that stopped takes a while to answer, and one with several replicas to agree.
  dial_timeout             = 180
  read_after_write_timeout = 120
}

provider "grafana" {
  url  = var.grafana_url
  auth = var.grafana_token
}

module "access" {
  source = "../../../modules/clickhouse-access"

  url       = local.service.url
  passwords = var.passwords
}

module "grafana" {
  source = "../../../modules/grafana"

  files = var.dashboards

  data_source = {
    host     = local.service.reader_https.host
    port     = local.service.reader_https.port
    database = module.access.clickhouse.database
    username = module.access.users["grafana"]
  }
}

# `terraform output -json > ../stack.json`, then `obsctl init --from-terraform ../stack.json`.
output "clickhouse" {
  value = module.access.clickhouse
}

output "grafana" {
  value = module.grafana.grafana
}
