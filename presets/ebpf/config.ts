import { z } from 'zod';
import { described, goDuration, resourceOptions } from '../words.ts';

/** Options of the preset `ebpf`. */
export const ebpfOptions = z.strictObject({
  application: described(
    z.boolean().default(true),
    'Traces and request metrics of the applications on the node, without changing them.',
    false,
  ),
  network: described(
    z.boolean().default(false),
    'Byte counts between workloads, one series a pair.',
    true,
  ),
  open_ports: described(
    z
      .string()
      .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/, 'ports and ranges, such as 80,8000-8999')
      .default('1-65535'),
    'Processes that listen on one of these ports are instrumented.',
    '80,443,8000-8999',
  ),
  flow_cache_size: described(
    z.int().min(100).default(5000),
    'Flows that the kernel side holds before it hands them on (a count).',
    20_000,
  ),
  flow_cache_timeout: described(
    goDuration.default('5s'),
    'Age at which a flow is handed on even when it goes on (a duration).',
    '15s',
  ),
  request_timeout: described(
    goDuration.default('30s'),
    'A request without an answer for this long ends as failed (a duration).',
    '1m',
  ),
  image: described(
    z
      .string()
      .min(1)
      .default('ghcr.io/open-telemetry/opentelemetry-ebpf-instrumentation/ebpf-instrument:v0.11.0'),
    'Image of OBI, with tag or digest.',
    'ghcr.io/open-telemetry/opentelemetry-ebpf-instrumentation/ebpf-instrument:v0.11.0',
  ),
  container: resourceOptions({
    cpuRequest: '100m',
    memoryRequest: '512Mi',
    memoryLimit: '1Gi',
  }),
});

export type EbpfOptions = z.output<typeof ebpfOptions>;
