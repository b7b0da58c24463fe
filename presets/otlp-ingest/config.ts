/** Options of the preset `otlp_ingest`. */
import { z } from 'zod';
import { byteSize, onByDefault, portNumber } from '../options.ts';

export const otlpIngestOptions = onByDefault(
  z.strictObject({
    grpc_port: portNumber()
      .optional()
      .describe('Port of OTLP over gRPC; 4317 in a cluster, 14317 on a machine without Kubernetes.')
      .meta({ examples: [4317] }),
    http_port: portNumber()
      .optional()
      .describe('Port of OTLP over HTTP; 4318 in a cluster, 14318 on a machine without Kubernetes.')
      .meta({ examples: [4318] }),
    host_port: z
      .boolean()
      .default(true)
      .describe("Whether the ports are open on the node's address too, for the pods of that node.")
      .meta({ examples: [false] }),
    request_size_max: byteSize()
      .default('16Mi')
      .describe('Largest request in bytes, inflated.')
      .meta({ examples: ['4Mi'] }),
  }),
);

export type OtlpIngestOptions = z.output<typeof otlpIngestOptions>;
