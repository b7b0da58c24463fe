variable "files" {
  description = "Folder that `obsctl dashboards render -o DIR` wrote: dashboards as JSON, and alert-rules.yaml"
  type        = string

  validation {
    condition     = length(fileset(var.files, "obsctl-*.json")) > 0
    error_message = "files: the folder holds no dashboard obsctl-*.json. Write it with: obsctl dashboards render -f obs.yaml -o DIR."
  }
}

variable "folder" {
  description = "Title of the folder of dashboards and alert rules"
  type        = string
  default     = "obsctl"

  validation {
    condition     = trimspace(var.folder) != "" && length(var.folder) <= 190
    error_message = "folder: a title of 1 to 190 characters. Shorten it, or leave it out for obsctl."
  }
}

variable "data_source" {
  description = "Makes the data source `obsctl-clickhouse`: host and port of ClickHouse's HTTPS interface as Grafana reaches it, database and the user that can only read. null: there is one, see data_source_uid"
  type = object({
    host     = string
    port     = optional(number, 8443)
    database = optional(string, "otel")
    username = string
  })
  default = null

  validation {
    condition     = try(can(regex("^[A-Za-z0-9.-]+$", var.data_source.host)), false) || var.data_source == null
    error_message = "data_source.host: a host name without https:// and port. Take the output reader_https of the module clickhouse-cloud."
  }

  validation {
    condition     = try(var.data_source.port >= 1 && var.data_source.port <= 65535, var.data_source == null)
    error_message = "data_source.port: 1 to 65535. It is 8443 in ClickHouse Cloud."
  }
}

variable "data_source_password" {
  description = "Password of that user. The provider has no write-only argument for it, so it would stand in the state and in saved plans: leave it out and type it once into Grafana, which keeps it"
  type        = string
  default     = null
  sensitive   = true
}

variable "data_source_uid" {
  description = "Uid of a ClickHouse data source that exists, when data_source is null; give it to `obsctl dashboards render --datasource-uid`, too"
  type        = string
  default     = "obsctl-clickhouse"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,40}$", var.data_source_uid))
    error_message = "data_source_uid: up to 40 letters, digits, - and _. Copy it from the address of the data source's page."
  }

  validation {
    condition     = var.data_source == null || var.data_source_uid == "obsctl-clickhouse"
    error_message = "data_source_uid: the data source that this module makes is obsctl-clickhouse. Take data_source or data_source_uid out."
  }
}

variable "alert_rules" {
  description = "Whether the alert rules of the folder are made"
  type        = bool
  default     = true
}

variable "contact_point" {
  description = "Name of a contact point that exists and that all rules send to; null: your notification policies decide"
  type        = string
  default     = null

  validation {
    condition     = try(trimspace(var.contact_point) != "", var.contact_point == null)
    error_message = "contact_point: the name is empty. Leave it out, or name one."
  }
}
