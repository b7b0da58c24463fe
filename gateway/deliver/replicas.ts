/**
 * One connection over the replicas of a shard: statements go to one of them until it fails as a
 * whole, then to the next, the failed statement first. An insert that a replica took without
 * answering is told by its token on the next one, because replicas share their tokens.
 */
import type { Failed, InsertClient, StatementResult } from './insert-client.ts';

export type ReplicaOptions = {
  /** In the order in which they are tried; at least one. */
  readonly replicas: readonly InsertClient[];
  /** Which one is first: gateways and their workers spread over the replicas. */
  readonly first: number;
  readonly onMove: (from: number, to: number, message: string) => void;
};

// biome-ignore format: a table reads as a table
const replicaCodes: ReadonlySet<number> = new Set([
  0,   // no answer, or one of a proxy before it
  225, // NO_ZOOKEEPER
  236, // ABORTED: it is shutting down
  242, // TABLE_IS_READ_ONLY: it has lost Keeper
  319, // UNKNOWN_STATUS_OF_INSERT
  999, // KEEPER_EXCEPTION
]);

export function createReplicaClient({ replicas, first, onMove }: ReplicaOptions): InsertClient {
  let current = first % replicas.length;
  const at = (index: number): InsertClient => replicas[index] as InsertClient;

  function moveFrom(index: number, message: string): void {
    // Several statements fail together: only the first of them moves.
    if (current !== index || replicas.length === 1) return;
    current = (index + 1) % replicas.length;
    onMove(index, current, message);
  }

  return {
    run: async (statement) => {
      let isAmbiguous = false;
      for (let tries = 1; ; tries += 1) {
        const index = current;
        const result = await at(index).run(statement);
        if (result.ok || !isOfReplica(result)) return withDoubt(result, isAmbiguous);
        isAmbiguous ||= result.ambiguous;
        moveFrom(index, result.message);
        if (tries === replicas.length) return withDoubt(result, isAmbiguous);
      }
    },
    ping: async (timeoutMs) => {
      for (let tries = 0; tries < replicas.length; tries += 1) {
        const index = current;
        if (await at(index).ping(timeoutMs)) return true;
        moveFrom(index, 'not reachable');
      }
      return false;
    },
    destroy: () => {
      for (const replica of replicas) replica.destroy();
    },
  };
}

/** What one replica left open stays open when the next one refuses. */
function withDoubt(result: StatementResult, isAmbiguous: boolean): StatementResult {
  return result.ok || !isAmbiguous ? result : { ...result, ambiguous: true };
}

function isOfReplica(failed: Failed): boolean {
  return failed.kind === 'retryable' && replicaCodes.has(failed.code);
}
