/**
 * Where the value of one column goes, and what happens to a value at the edge of its type. A
 * decoder calls `valid` before it pushes, because a Nullable column takes that first.
 */
import type { ValueColumn } from '../../../clickhouse/native/values/types.ts';
import { Problem } from '../../../core/problem.ts';
import { emptyOf } from '../empty.ts';
import type { Edges, PlannedColumn } from '../source.ts';

export type Slot = {
  readonly valid: () => void;
  /** NULL of the source; a list becomes empty. */
  readonly pushNull: () => void;
  /**
   * Counts a value at the edge. True: NULL has been pushed, nothing more is to be done. False:
   * the decoder clamps. Throws OBS-6127 for every other policy.
   */
  readonly meetEdge: (bytes: Buffer) => boolean;
  /** Counts a value that goes as its text. */
  readonly count: (bytes: Buffer) => void;
};

/** `key` tells the row that is being decoded. */
export function makeSlot(
  target: ValueColumn,
  index: number,
  planned: PlannedColumn,
  edges: Edges,
  key: () => string,
): Slot {
  const pushNull = nullOf(target, planned.name);
  const count = (bytes: Buffer): void => edges.met(index, readable(bytes), key);
  return {
    valid: target.kind === 'nullable' ? () => target.pushValid() : () => undefined,
    pushNull,
    count,
    meetEdge: (bytes) => {
      count(bytes);
      if (planned.edge === 'clamp') return false;
      if (planned.edge === 'null' && target.kind === 'nullable') {
        pushNull();
        return true;
      }
      throw refusal(planned, readable(bytes), key());
    },
  };
}

/** Text where the bytes are text that can be printed, hex where they are not. */
export function readable(bytes: Buffer): string {
  const isPlain = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return isPlain ? bytes.toString('latin1') : `0x${bytes.subarray(0, 64).toString('hex')}`;
}

function nullOf(target: ValueColumn, name: string): () => void {
  const refuse = (): never => {
    const next = 'Plan the column with a Nullable type.';
    throw new Problem('OBS-6127', `column ${name}: NULL in ${target.type}`, { next });
  };
  return emptyOf(target) ?? refuse;
}

function refusal(planned: PlannedColumn, value: string, key: string): Problem {
  const { source, type, edge } = planned;
  const reason =
    edge === 'null'
      ? ', and the column is not Nullable'
      : edge === 'string'
        ? ', and policy `string` needs type String'
        : '';
  const text = `column ${source.name}: ${value} (${source.sourceType}) does not fit ${type}`;
  return new Problem('OBS-6127', `${text}${reason}; row ${key}`);
}
