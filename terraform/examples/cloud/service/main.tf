# Step 1: the service. What step 2 connects to exists only after this one was applied.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    clickhouse = {
      source  = "ClickHouse/clickhouse"
      version = "~> 3.25"
    }
  }
}

# Reads CLICKHOUSE_ORG_ID, CLICKHOUSE_CLOUD_API_KEY and CLICKHOUSE_CLOUD_API_SECRET.
provider "clickhouse" {}

variable "admin_password" {
  description = "Of the user `default`: TF_VAR_admin_password"
  type        = string
  sensitive   = true
  ephemeral   = true
}

module "clickhouse" {
  source = "../../../modules/clickhouse-cloud"

  name           = "shop-telemetry"
  cloud_provider = "aws"
  region         = "eu-west-1"
  password       = var.admin_password

  ip_access = [
    { source = "192.0.2.0/28", description = "gateway of cluster prod-eu" },
    { source = "198.51.100.7", description = "Grafana" },
  ]

  scaling = { replicas = 2, min_memory_gb = 16, max_memory_gb = 64 }
  backups = { start_time = "03:00", retention_hours = 72 }

  # Dashboards have a service of their own, which stops when nobody looks.
  reader = { idle_timeout_minutes = 15 }
}

# `terraform output -json > ../service.json`: step 2 reads it. It holds no secret.
output "url" {
  value = module.clickhouse.url
}

output "native" {
  value = module.clickhouse.native
}

output "reader_https" {
  value = module.clickhouse.reader_https
}
