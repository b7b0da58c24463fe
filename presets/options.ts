/** Kinds of option values that several presets have, each with its unit said once. */
import { z } from 'zod';

/** A size in bytes with a binary unit: `512Mi`, `1Gi`. */
export const byteSize = () =>
  z.string().regex(/^\d+(\.\d+)?(B|[KMGT]i?)?$/, 'a size in bytes such as 512Mi or 1Gi');

export const portNumber = () => z.int().min(1).max(65_535);

/**
 * Options of a preset that stands in its agent unless it is taken out: the stack file says
 * `enabled: false` instead of leaving the key away.
 */
export function onByDefault<Shape extends z.core.$ZodLooseShape>(options: z.ZodObject<Shape>) {
  return options
    .extend({
      enabled: z
        .boolean()
        .default(true)
        .describe('Whether the preset stands in the agent.')
        .meta({ examples: [false] }),
    })
    .prefault({} as never);
}
