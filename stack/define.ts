/** `obs.config.ts`: a stack file with types, so that an editor completes every key. */
import type { StackInput } from './types.ts';

/** Gives back what it is given; its type is the point. Faults are found when it is loaded. */
export function defineStack(stack: StackInput): StackInput {
  return stack;
}
