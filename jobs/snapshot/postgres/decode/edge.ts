/** What happens to a value that its ClickHouse type cannot hold. */
import { Problem } from '../../../../core/problem.ts';
import type { EdgePolicy } from '../../source.ts';

/**
 * Puts a value into its column. False when it becomes NULL instead: then nothing was pushed, and
 * who called pushes the NULL.
 */
export type Decode = (bytes: Uint8Array, from: number, to: number) => boolean;

/** The edge of one place that can hold values: a column, or the elements of an array. */
export type Edge = {
  /**
   * A value met the edge. True to push the nearest that fits, false for NULL.
   *
   * @throws Problem OBS-6067 when the policy is to fail, or leaves no other way
   */
  readonly meet: (value: string, canClamp: boolean) => boolean;
  /** The same for a place that can hold NULL, or cannot. */
  readonly within: (canBeNull: boolean) => Edge;
};

/** How many characters of a value stand in a message or a report. */
const shownMax = 200;

export type EdgeOptions = {
  readonly column: string;
  /** As the source writes it, and as ClickHouse does. */
  readonly types: readonly [string, string];
  readonly policy: EdgePolicy;
  readonly canBeNull: boolean;
  /** Counts it; called before anything else. */
  readonly met: (value: string) => void;
  readonly key: () => string;
};

export function createEdge(options: EdgeOptions): Edge {
  const meet = (value: string, canClamp: boolean): boolean => {
    const shown = value.length > shownMax ? `${value.slice(0, shownMax)}…` : value;
    options.met(shown);
    if (options.policy === 'clamp' && canClamp) return true;
    const canBeNull = options.canBeNull && options.policy !== 'fail';
    if (canBeNull && options.policy !== 'string') return false;
    const [source, target] = options.types;
    throw new Problem(
      'OBS-6067',
      `${options.column} (${source}) is ${shown} in the row ${options.key()}, ` +
        `which ${target} cannot hold`,
      { next: nextStep(options.policy) },
    );
  };
  return { meet, within: (canBeNull) => createEdge({ ...options, canBeNull }) };
}

function nextStep(policy: EdgePolicy): string {
  return policy === 'null' || policy === 'clamp'
    ? 'Let the column be Nullable, or take String as its type, which holds every value.'
    : 'Choose `clamp`, `null` or `string` as the edge policy of the column, or another type.';
}
