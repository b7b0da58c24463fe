variable "url" {
  description = "HTTPS address of the service, for the output `clickhouse`; the output `url` of the module clickhouse-cloud"
  type        = string

  validation {
    condition     = can(regex("^https://[A-Za-z0-9.-]+:[0-9]+$", var.url))
    error_message = "url: https://HOST:PORT without user, password and path. Take the output url of the module clickhouse-cloud."
  }
}

variable "database" {
  description = "Database of the tables; it is never destroyed by Terraform"
  type        = string
  default     = "otel"

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_]{0,63}$", var.database)) && !contains(["system", "default", "information_schema", "INFORMATION_SCHEMA"], var.database)
    error_message = "database: letters, digits and _, and none of ClickHouse's own. Write a name like otel."
  }
}

variable "prefix" {
  description = "Put before the names of roles, users and the settings profile, so that several stacks fit into one service"
  type        = string
  default     = "otel"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,30}$", var.prefix))
    error_message = "prefix: a lower-case letter, then up to 30 of a-z, 0-9 and _. Write one like otel or shop_otel."
  }
}

variable "passwords" {
  description = "Passwords of the users gateway, migrator and grafana; write-only, so never in a state or a plan"
  type        = object({ gateway = string, migrator = string, grafana = string })
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = alltrue([for password in values(var.passwords) : length(password) >= 12])
    error_message = "passwords: each has at least 12 characters. Make one with: openssl rand -base64 24."
  }

  validation {
    condition     = length(distinct(values(var.passwords))) == 3
    error_message = "passwords: two users have the same. Make one for each."
  }
}

variable "password_versions" {
  description = "Raise one by one to send a changed password; without it nobody could see that it changed"
  type = object({
    gateway  = optional(number, 1)
    migrator = optional(number, 1)
    grafana  = optional(number, 1)
  })
  default = {}

  validation {
    condition     = alltrue([for version in values(var.password_versions) : version >= 1 && floor(version) == version])
    error_message = "password_versions: whole numbers from 1. Raise the last one by one."
  }
}

variable "gateway_migrates" {
  description = "Whether the user of the gateway has the role of the migrator, too: the rendered schema Job runs as that user. false: run `obsctl migrate` as the migrator yourself"
  type        = bool
  default     = true
}

variable "host_ips" {
  description = "Addresses or networks that the users may come from, beside ip_access of the service; null: from everywhere that the service lets in"
  type        = set(string)
  default     = null

  validation {
    condition     = try(length(var.host_ips) > 0, var.host_ips == null)
    error_message = "host_ips: an empty set lets nobody in. Name addresses, or leave it out."
  }
}

variable "reader_limits" {
  description = "What a query of a dashboard may take: seconds (the data source may ask for other limits up to the last), bytes of memory of one query and of all of the user"
  type = object({
    execution_seconds     = optional(number, 60)
    execution_seconds_max = optional(number, 300)
    memory_bytes          = optional(number, 4000000000)
    user_memory_bytes     = optional(number, 8000000000)
  })
  default = {}

  validation {
    condition     = var.reader_limits.execution_seconds >= 1 && var.reader_limits.execution_seconds <= var.reader_limits.execution_seconds_max
    error_message = "reader_limits: execution_seconds is from 1 to execution_seconds_max. Correct one of them."
  }

  validation {
    condition     = var.reader_limits.memory_bytes >= 100000000 && var.reader_limits.memory_bytes <= var.reader_limits.user_memory_bytes
    error_message = "reader_limits: memory_bytes is from 100000000 to user_memory_bytes. Correct one of them."
  }
}

variable "secret" {
  description = "Name of the Kubernetes Secret with user and password of the gateway, for the output `clickhouse`; you make it, Terraform never sees it"
  type        = string
  default     = "clickhouse-cloud"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.secret))
    error_message = "secret: a name of a Kubernetes Secret, of a-z, 0-9 and -. Write one like clickhouse-cloud."
  }
}
