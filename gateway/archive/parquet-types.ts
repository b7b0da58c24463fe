/**
 * How a column of ClickHouse stands in a Parquet file, so that ClickHouse, DuckDB and Arrow read
 * the same values. Nothing is optional: our tables know no NULL. Pure.
 * Types: parquet-format, LogicalTypes.md.
 */
import type { SchemaElement } from 'hyparquet';
import { elementOf, mapValueOf } from '../../clickhouse/native/source.ts';
import { assert } from '../../core/assert.ts';

type Leaf = Omit<SchemaElement, 'name' | 'repetition_type'>;

const text: Leaf = {
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
};

/**
 * By the older annotation alone: hyparquet-writer 0.17 writes the newer one's width as a number of
 * another length than Thrift's, and readers refuse the file.
 */
const integers: Readonly<Record<string, Leaf>> = Object.fromEntries(
  ([8, 16, 32, 64] as const).flatMap((bits) =>
    (['INT', 'UINT'] as const).map((sign) => {
      const name = `${sign}_${bits}` as const;
      return [name, { type: bits === 64 ? 'INT64' : 'INT32', converted_type: name } as Leaf];
    }),
  ),
);

/** Elements of a schema in the order of a Parquet footer: each before what it holds. */
export function schemaOf(
  columns: readonly { readonly name: string; readonly type: string }[],
): SchemaElement[] {
  const root: SchemaElement = { name: 'root', num_children: columns.length };
  return [root, ...columns.flatMap(({ name, type }) => elementsOf(name, type))];
}

function elementsOf(name: string, type: string): readonly SchemaElement[] {
  const required = { name, repetition_type: 'REQUIRED' } as const;
  const element = elementOf(type);
  if (element !== undefined) {
    return [
      { ...required, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...elementsOf('element', element),
    ];
  }
  const value = mapValueOf(type);
  if (value !== undefined) {
    return [
      { ...required, num_children: 1, converted_type: 'MAP', logical_type: { type: 'MAP' } },
      { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
      ...elementsOf('key', 'LowCardinality(String)'),
      ...elementsOf('value', value),
    ];
  }
  return [{ ...required, ...leafOf(type) }];
}

/**
 * Times are instants in UTC, and yet not marked as adjusted to it: DuckDB has no nanoseconds with
 * a zone and cuts them to microseconds. Without the mark every reader gives all nine digits.
 */
function leafOf(type: string): Leaf {
  if (type === 'String' || type === 'LowCardinality(String)' || type.startsWith('Enum'))
    return text;
  if (type === 'Bool') return { type: 'BOOLEAN' };
  if (type === 'Float32') return { type: 'FLOAT' };
  if (type === 'Float64') return { type: 'DOUBLE' };
  if (type === 'DateTime64(9)') {
    return {
      type: 'INT64',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'NANOS' },
    };
  }
  const [, unsigned, digits] = /^(U?)Int(8|16|32|64)$/.exec(type) ?? [];
  assert(digits !== undefined, `a column type that Parquet files of ours know, not ${type}`);
  return integers[`${unsigned === 'U' ? 'UINT' : 'INT'}_${digits}`] ?? {};
}
