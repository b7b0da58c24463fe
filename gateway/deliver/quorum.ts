/**
 * How many replicas must have an insert before it counts as stored. ClickHouse stores it on one of
 * them, and answers when enough others have fetched it. Without that answer the rows are on the
 * first one and can be read there, so finding them says nothing: the insert is sent again under its
 * token, which stores nothing and waits for the others once more.
 */

/** `auto` is more than half of a table's replicas; 0 and 1 wait for no other one. */
export type InsertQuorum = number | 'auto';

/** The rest of an insert's time is for the insert itself: whoever is cut off hears no reason. */
const waitShare = 0.5;

/** A number or `auto`; undefined for anything else. */
export function parseInsertQuorum(text: string): InsertQuorum | undefined {
  if (text === 'auto') return text;
  return /^\d{1,2}$/.test(text) ? Number(text) : undefined;
}

/** Whether an insert waits for other replicas. */
export function waitsForOthers(quorum: InsertQuorum | undefined): boolean {
  return quorum === 'auto' || (quorum ?? 0) > 1;
}

/** For an insert; nothing where the server's own settings decide. */
export function quorumSettings(
  quorum: InsertQuorum | undefined,
  insertTimeoutMs: number,
): Readonly<Record<string, string>> {
  if (quorum === undefined) return {};
  return {
    insert_quorum: String(quorum),
    // One after the other, an insert whose quorum failed would keep all others out (286).
    insert_quorum_parallel: '1',
    insert_quorum_timeout: String(Math.floor(insertTimeoutMs * waitShare)),
  };
}
