/**
 * The words that options of several presets share, as zod schemas: durations and sizes as the
 * Collector and Kubernetes spell them, resources of a container, a reference to a Secret.
 */
import { z } from 'zod';

/** Go's duration syntax, which has no days. */
export const goDuration: z.ZodString = z
  .string()
  .regex(/^(\d+(\.\d+)?(ms|s|m|h))+$/, 'a duration such as 30s, 5m or 1h30m');

/** A quantity of Kubernetes: bytes, or CPUs. */
export const quantity: z.ZodString = z
  .string()
  .regex(/^\d+(\.\d+)?(m|[KMGT]i?)?$/, 'a quantity such as 512Mi, 1Gi, 250m or 2');

/** Puts description and examples to a schema; every key of every option has both. */
export function described<S extends z.ZodType>(
  schema: S,
  description: string,
  ...examples: readonly unknown[]
): S {
  return schema.describe(description).meta({ examples: [...examples] });
}

export type ResourceDefaults = {
  readonly cpuRequest: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
};

/** Requests and limit of one container; no CPU limit, because it would throttle. */
export function resourceOptions(defaults: ResourceDefaults) {
  return described(
    z
      .strictObject({
        cpu_request: described(
          quantity.default(defaults.cpuRequest),
          'CPU that is set aside, in cores.',
          '100m',
        ),
        memory_request: described(
          quantity.default(defaults.memoryRequest),
          'Memory that is set aside, in bytes.',
          '256Mi',
        ),
        memory_limit: described(
          quantity.default(defaults.memoryLimit),
          'Memory above which the container is ended, in bytes; Go keeps to 80 % of it.',
          '512Mi',
        ),
      })
      .prefault({}),
    'What one container asks of its node.',
    { memory_limit: '1Gi' },
  );
}

/** A key of a Secret that exists in the namespace of the workload; the value is never rendered. */
export const secretRef = z.strictObject({
  secret: described(z.string().min(1), 'Name of the Secret.', 'backend-token'),
  key: described(z.string().min(1), 'Key inside the Secret.', 'token'),
});
