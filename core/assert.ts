/**
 * A programmer's error, never a user's: the process that sees one stops rather than go on with
 * a broken invariant.
 */
export class AssertionError extends Error {
  override readonly name: string = 'AssertionError';
}

/** Throws {@link AssertionError} unless `condition` holds. The text says what was expected. */
export function assert(condition: unknown, expectation: string): asserts condition {
  if (!condition) throw new AssertionError(`invariant broken: ${expectation}`);
}

/** For the default branch of a switch over a union: fails to compile when a case is missing. */
export function assertNever(value: never): never {
  throw new AssertionError(`invariant broken: unexpected case ${JSON.stringify(value)}`);
}
