/**
 * The last queries, in memory: chDB has no `system.query_log`. Kept small and never written to
 * disk; `GET /queries` answers it as JSON, newest first.
 */

const queryLogEntriesMax = 500;
/** What is kept of a statement's text. */
const queryLogTextCharsMax = 1_000;

export type QueryLogEntry = {
  readonly query_id: string;
  readonly user: string;
  readonly event_time_ms: number;
  readonly duration_ms: number;
  readonly verb: string;
  readonly query: string;
  readonly read_rows: number;
  readonly written_rows: number;
  readonly result_bytes: number;
  /** 0 when it succeeded. */
  readonly exception_code: number;
  readonly exception: string;
};

export class QueryLog {
  readonly #entries: QueryLogEntry[] = [];
  #next = 0;

  add(entry: QueryLogEntry): void {
    const kept = { ...entry, query: entry.query.slice(0, queryLogTextCharsMax) };
    this.#entries[this.#next] = kept;
    this.#next = (this.#next + 1) % queryLogEntriesMax;
  }

  /** Newest first. */
  entries(): readonly QueryLogEntry[] {
    const older = this.#entries.slice(this.#next);
    return [...older, ...this.#entries.slice(0, this.#next)].reverse();
  }
}
