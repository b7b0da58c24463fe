/** Columns whose text never leaves: what is written instead is its SHA-256 in hex. */
import { createHash } from 'node:crypto';
import type { BytesColumn, ValueColumn } from '../../clickhouse/native/values/types.ts';

/** The column as readers see it; `column` is a String, or a Nullable one whose NULL stays NULL. */
export function hashing(column: ValueColumn): ValueColumn {
  if (column.kind === 'nullable') return { ...bound(column), inner: hashing(column.inner) };
  if (column.kind !== 'bytes') return column;
  const inner: BytesColumn = column;
  return {
    kind: 'bytes',
    type: column.type,
    pushBytes: (bytes, from, to) => {
      const hash = createHash('sha256').update(bytes.subarray(from, to)).digest('hex');
      const text = Buffer.from(hash, 'latin1');
      inner.pushBytes(text, 0, text.length);
    },
  };
}

/** Methods of a class that a copy of its instance keeps. */
function bound(column: ValueColumn & { kind: 'nullable' }): ValueColumn & { kind: 'nullable' } {
  return {
    kind: 'nullable',
    type: column.type,
    inner: column.inner,
    pushNull: () => column.pushNull(),
    pushValid: () => column.pushValid(),
  };
}
