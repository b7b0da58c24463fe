/**
 * What stands for NULL where ClickHouse has none: no elements, no coordinates, and tuples of what
 * stands for it in their parts. A flag column tells it from a value (`null_flag`).
 */
import type { ValueColumn } from '../../clickhouse/native/values/types.ts';

/** Undefined for a column that a Nullable one could be asked for instead. */
export function emptyOf(column: ValueColumn): (() => void) | undefined {
  switch (column.kind) {
    case 'array':
    case 'map':
      return () => column.pushLength(0);
    case 'nullable':
      return () => column.pushNull();
    case 'tuple': {
      const parts = column.parts.map((part) => emptyOf(part) ?? zeroOf(part));
      return () => {
        for (const part of parts) part();
      };
    }
    default:
      return undefined;
  }
}

const nothing = new Uint8Array(16);

function zeroOf(column: ValueColumn): () => void {
  switch (column.kind) {
    case 'number': {
      // Zero is a place on the map.
      const none = column.type.startsWith('Float') ? Number.NaN : 0;
      return () => column.pushNumber(none);
    }
    case 'long':
    case 'wide':
      return () => column.pushBigInt(0n);
    case 'bytes': {
      const size = /^(UUID|IPv6)/.test(column.type) ? 16 : 0;
      const fixed = Number(/^FixedString\((\d+)\)/.exec(column.type)?.[1] ?? size);
      return () => column.pushBytes(nothing, 0, column.type === 'IPv4' ? 4 : fixed);
    }
    default:
      return () => undefined;
  }
}
