/** The exporter to the gateway, which agents make and the preset `persistent_queue` adds to. */
export const gatewayExporterId = 'otlp_grpc/gateway';
