/** The exporter to the gateway, which agents make and the preset `persistent_queue` adds to. */
export const gatewayExporterId = 'otlp_grpc/gateway';

/** The same where an agent sends its metrics by remote write. */
export const remoteWriteExporterId = 'prometheus_remote_write/gateway';

/** Exporter of spans to the tier that samples whole traces, where the stack has one. */
export const samplerExporterId = 'otlp_grpc/sampler';

/** Storage of queues on disk; the preset `persistent_queue` brings it. */
export const queueStorageId = 'file_storage/queue';
