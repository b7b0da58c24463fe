variable "name" {
  description = "Name of the service in ClickHouse Cloud; the read-only one gets the suffix `-reader`"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "name: a lower-case letter, then up to 39 of a-z, 0-9 and -. Write it like \"shop-telemetry\"."
  }
}

variable "cloud_provider" {
  description = "Cloud that the service runs in: aws, gcp or azure; choose that of the gateway"
  type        = string

  validation {
    condition     = contains(["aws", "gcp", "azure"], var.cloud_provider)
    error_message = "cloud_provider: aws, gcp or azure. Write one of them, in lower case."
  }
}

variable "region" {
  description = "Region as that cloud spells it, for example eu-west-1; it cannot be changed later"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]{3,40}$", var.region))
    error_message = "region: as the cloud spells it, like eu-west-1 or europe-west4. The list is at clickhouse.com/docs/cloud/reference/supported-regions."
  }
}

variable "password" {
  description = "Password of the user `default`, which only makes databases and users; write-only, so never in a state or a plan"
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(var.password) >= 12
    error_message = "password: at least 12 characters. Set TF_VAR_password, for example to the output of: openssl rand -base64 24."
  }
}

variable "password_version" {
  description = "Raise by one to send a changed password; without it nobody could see that it changed"
  type        = number
  default     = 1

  validation {
    condition     = var.password_version >= 1 && floor(var.password_version) == var.password_version
    error_message = "password_version: a whole number from 1. Raise the last one by one."
  }
}

variable "ip_access" {
  description = "Who may reach the service: addresses or networks in CIDR form, each with a description; empty with private endpoints alone"
  type        = list(object({ source = string, description = string }))
  default     = []

  validation {
    condition     = alltrue([for entry in var.ip_access : can(cidrhost(strcontains(entry.source, "/") ? entry.source : "${entry.source}/32", 0))])
    error_message = "ip_access: a source is an address (192.0.2.7) or a network (192.0.2.0/24). Correct the one that is not."
  }

  validation {
    condition     = var.allow_public || alltrue([for entry in var.ip_access : !can(regex("(^0\\.0\\.0\\.0$|^::$|/0$)", entry.source))])
    error_message = "ip_access: a source lets the whole internet in. Name the addresses of your gateway and Grafana, or set allow_public = true if that is meant."
  }

  validation {
    condition     = alltrue([for entry in var.ip_access : trimspace(entry.description) != ""])
    error_message = "ip_access: each source has a description. Say whose address it is."
  }
}

variable "allow_public" {
  description = "Whether ip_access may hold 0.0.0.0/0"
  type        = bool
  default     = false
}

variable "scaling" {
  description = "`vertical`: a fixed number of replicas, whose memory grows and shrinks; `horizontal`: replicas of one size, whose number does. Unit of memory: GiB of each replica"
  type = object({
    mode          = optional(string, "vertical")
    replicas      = optional(number)
    min_replicas  = optional(number)
    max_replicas  = optional(number)
    min_memory_gb = optional(number, 8)
    max_memory_gb = optional(number, 32)
  })
  default = {}

  validation {
    condition     = contains(["vertical", "horizontal"], var.scaling.mode)
    error_message = "scaling.mode: vertical or horizontal. Write one of them."
  }

  validation {
    condition     = alltrue([for size in [var.scaling.min_memory_gb, var.scaling.max_memory_gb] : size >= 8 && size % 4 == 0])
    error_message = "scaling: memory of a replica is at least 8 GiB and a multiple of 4. Correct min_memory_gb or max_memory_gb."
  }

  validation {
    condition     = var.scaling.min_memory_gb <= var.scaling.max_memory_gb
    error_message = "scaling: min_memory_gb is above max_memory_gb. Swap them, or raise max_memory_gb."
  }

  validation {
    condition     = var.scaling.mode != "vertical" || (var.scaling.min_replicas == null && var.scaling.max_replicas == null)
    error_message = "scaling: min_replicas and max_replicas belong to mode horizontal. Write replicas, or set mode = \"horizontal\"."
  }

  validation {
    condition     = var.scaling.mode != "horizontal" || (var.scaling.replicas == null && var.scaling.min_replicas != null && var.scaling.max_replicas != null)
    error_message = "scaling: mode horizontal takes min_replicas and max_replicas, and no replicas. Write both."
  }

  validation {
    condition     = var.scaling.mode != "horizontal" || var.scaling.min_memory_gb == var.scaling.max_memory_gb
    error_message = "scaling: with mode horizontal all replicas have one size. Give min_memory_gb and max_memory_gb the same value."
  }

  validation {
    condition     = alltrue([for count in [var.scaling.replicas, var.scaling.min_replicas, var.scaling.max_replicas] : try(count >= 1 && floor(count) == count, count == null)])
    error_message = "scaling: a number of replicas is a whole number from 1. Correct replicas, min_replicas or max_replicas."
  }

  validation {
    condition     = try(var.scaling.min_replicas <= var.scaling.max_replicas, true)
    error_message = "scaling: min_replicas is above max_replicas. Swap them, or raise max_replicas."
  }
}

variable "idle_timeout_minutes" {
  description = "Stop the service after so many minutes without a query; null: never, because a gateway writes all day and would only wake it again"
  type        = number
  default     = null

  validation {
    condition     = try(var.idle_timeout_minutes >= 5, var.idle_timeout_minutes == null)
    error_message = "idle_timeout_minutes: at least 5, or null for never. Raise it."
  }
}

variable "backups" {
  description = "How often a backup is made and how long it is kept, in hours; or daily at start_time (UTC, a whole hour) in place of period_hours. Absent: as the service's plan has it"
  type = object({
    period_hours    = optional(number)
    retention_hours = optional(number)
    start_time      = optional(string)
  })
  default = null

  validation {
    condition     = try(contains([6, 8, 12, 16, 20, 24, 36, 48], var.backups.period_hours), try(var.backups.period_hours, null) == null)
    error_message = "backups.period_hours: 6, 8, 12, 16, 20, 24, 36 or 48. Choose one of them."
  }

  validation {
    condition     = try(contains([24, 48, 72, 96, 120, 144, 168, 336, 504, 672, 720], var.backups.retention_hours), try(var.backups.retention_hours, null) == null)
    error_message = "backups.retention_hours: 24, 48, 72, 96, 120, 144, 168, 336, 504, 672 or 720. Choose one of them."
  }

  validation {
    condition     = try(can(regex("^([01][0-9]|2[0-3]):00$", var.backups.start_time)), false) || try(var.backups.start_time, null) == null
    error_message = "backups.start_time: a whole hour in UTC, like \"03:00\". Correct it."
  }

  validation {
    condition     = try(var.backups.start_time, null) == null || try(var.backups.period_hours, null) == null
    error_message = "backups: start_time means once a day, so period_hours has no place beside it. Take one of the two out."
  }
}

variable "private_endpoint_ids" {
  description = "Ids of your private endpoints (AWS PrivateLink, GCP Private Service Connect, Azure Private Link); this module then owns the whole list"
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.private_endpoint_ids : trimspace(id) != ""])
    error_message = "private_endpoint_ids: an id is empty. Take it out, or wait until the endpoint exists."
  }
}

variable "reader" {
  description = "A second service over the same data that can only read, for dashboards: their queries then cost the writing service nothing. null: none. Memory in GiB of each replica; idle_timeout_minutes null: never stops"
  type = object({
    replicas             = optional(number, 1)
    min_memory_gb        = optional(number, 8)
    max_memory_gb        = optional(number, 16)
    idle_timeout_minutes = optional(number)
  })
  default = null

  validation {
    condition     = try(alltrue([for size in [var.reader.min_memory_gb, var.reader.max_memory_gb] : size >= 8 && size % 4 == 0]), var.reader == null)
    error_message = "reader: memory of a replica is at least 8 GiB and a multiple of 4. Correct min_memory_gb or max_memory_gb."
  }

  validation {
    condition     = try(var.reader.min_memory_gb <= var.reader.max_memory_gb, var.reader == null)
    error_message = "reader: min_memory_gb is above max_memory_gb. Swap them, or raise max_memory_gb."
  }

  validation {
    condition     = try(var.reader.idle_timeout_minutes >= 5, try(var.reader.idle_timeout_minutes, null) == null)
    error_message = "reader.idle_timeout_minutes: at least 5, or null for never. Raise it."
  }

  validation {
    condition     = try(var.reader.replicas >= 1 && floor(var.reader.replicas) == var.reader.replicas, var.reader == null)
    error_message = "reader.replicas: a whole number from 1. Correct it."
  }
}

variable "upgrade_window" {
  description = "When the service may be upgraded: weekday 0 (Sunday) to 6, and an hour in UTC, 0, 6, 12 or 18; it lasts six hours. null: whenever. Needs an entitlement of your organisation"
  type        = object({ weekday = number, start_hour_utc = number })
  default     = null

  validation {
    condition     = try(contains(range(0, 7), var.upgrade_window.weekday), var.upgrade_window == null)
    error_message = "upgrade_window.weekday: 0 (Sunday) to 6 (Saturday). Correct it."
  }

  validation {
    condition     = try(contains([0, 6, 12, 18], var.upgrade_window.start_hour_utc), var.upgrade_window == null)
    error_message = "upgrade_window.start_hour_utc: 0, 6, 12 or 18. Choose one of them."
  }
}

variable "release_channel" {
  description = "How early releases of ClickHouse arrive: fast, default or slow"
  type        = string
  default     = "default"

  validation {
    condition     = contains(["fast", "default", "slow"], var.release_channel)
    error_message = "release_channel: fast, default or slow. Write one of them."
  }
}

variable "tags" {
  description = "Tags of both services"
  type        = map(string)
  default     = {}
}
