terraform {
  # 1.11 is the first with write-only arguments.
  required_version = ">= 1.11.0"

  required_providers {
    clickhouse = {
      source  = "ClickHouse/clickhouse"
      version = "~> 3.25"
    }
  }
}
