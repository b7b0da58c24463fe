terraform {
  # 1.11 is the first with write-only arguments.
  required_version = ">= 1.11.0"

  required_providers {
    clickhousedbops = {
      source  = "ClickHouse/clickhousedbops"
      version = "~> 1.11"
    }
  }
}
