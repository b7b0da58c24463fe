/** The types of a stack file: as it is written, and as it is once every default is filled in. */
import type { z } from 'zod';
import type { stackSchema } from './schema.ts';

/** What `defineStack` takes: every key with a default may be left out. */
export type StackInput = z.input<typeof stackSchema>;

/** What the rest of the program gets. */
export type Stack = z.output<typeof stackSchema>;
