/** What a sender reads when it is told to come back. */
import type { Answer, BusyReason } from '../answer.ts';

const retryAfterSeconds = 1;

const texts: Readonly<Record<BusyReason, string>> = {
  memory: 'too many bytes in flight; send the same request again',
  disk_budget: 'the log is full because ClickHouse does not keep up; send the same request again',
  disk_error: 'the log cannot be written; send the same request again',
  shutting_down: 'the gateway is shutting down; send the same request again',
  internal: 'the gateway failed on this request; send it again',
};

export function busyAnswer(reason: BusyReason): Extract<Answer, { outcome: 'busy' }> {
  return { outcome: 'busy', reason, message: texts[reason], retryAfterSeconds };
}
