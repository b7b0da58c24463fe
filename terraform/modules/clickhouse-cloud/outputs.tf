output "service_id" {
  description = "Id of the service that is written to"
  value       = clickhouse_service.this.id
}

output "reader_service_id" {
  description = "Id of the read-only service; null without one"
  value       = one(clickhouse_service.reader[*].id)
}

output "url" {
  description = "HTTPS address for `clickhouse.url` of the stack file"
  value       = "https://${clickhouse_service.this.endpoints.https.host}:${clickhouse_service.this.endpoints.https.port}"
}

output "https" {
  description = "Host and port of the HTTPS interface"
  value       = { host = clickhouse_service.this.endpoints.https.host, port = clickhouse_service.this.endpoints.https.port }
}

output "native" {
  description = "Host and port of the native protocol with TLS: for the provider clickhousedbops, and for the schema Job"
  value       = { host = clickhouse_service.this.endpoints.nativesecure.host, port = clickhouse_service.this.endpoints.nativesecure.port }
}

output "reader_https" {
  description = "Host and port for dashboards: of the read-only service, or of the only one"
  value = var.reader == null ? {
    host = clickhouse_service.this.endpoints.https.host
    port = clickhouse_service.this.endpoints.https.port
    } : {
    host = clickhouse_service.reader[0].endpoints.https.host
    port = clickhouse_service.reader[0].endpoints.https.port
  }
}

output "iam_role" {
  description = "Role of the service in the cloud, for reading your buckets"
  value       = clickhouse_service.this.iam_role
}

output "private_endpoint" {
  description = "What your side of a private endpoint needs: endpoint_service_id and private_dns_hostname"
  value       = clickhouse_service.this.private_endpoint_config
}
