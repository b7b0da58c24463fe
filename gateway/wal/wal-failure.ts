/** The one error that a log throws or rejects with: an operating error, told by its reason. */
import type { WalFailureReason } from './wal-types.ts';

export class WalFailure extends Error {
  override readonly name: string = 'WalFailure';
  readonly reason: WalFailureReason;

  constructor(reason: WalFailureReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Whether `error` is a {@link WalFailure}, also across realms. */
export function isWalFailure(error: unknown): error is WalFailure {
  return Error.isError(error) && error.name === 'WalFailure' && 'reason' in error;
}
