/**
 * The checksum of `checksum.ts` as an expression of ClickHouse over a stored table.
 *
 * Runs once a table. Allocations: the text. Copies: none. Owner: the caller. Watched by
 * `values.bench.ts`, which compares nothing without it.
 */
import { parseType, type TypeNode } from './type-text.ts';

export type StoredColumn = {
  readonly name: string;
  /** As the table has it. */
  readonly type: string;
};

/** What stands for NULL among digests; any odd number of 64 bits would do. */
const nullDigest = '11400714819323198485';

/** Types that `reinterpretAsUInt64` takes as they are, and those that need another step. */
const numbers = /^(Bool|U?Int(8|16|32|64)|Float(32|64)|Date|DateTime|DateTime64)$/;
const numbersByBytes = /^(Date32|Time64|IPv4)$/;
const wide = /^(UUID|IPv6|U?Int(128|256))$/;

/** Settings under which the expression is accepted however many columns a table has. */
export const checksumSettings = {
  max_query_size: 64 * 1024 * 1024,
  max_ast_elements: 4_000_000,
  max_expanded_ast_elements: 8_000_000,
} as const;

/**
 * `sum(…)` as UInt64 over all rows: what the checksums of all blocks add up to, modulo 2^64. The
 * columns are those of the blocks, in their order. Throws `TypeTextError` for an unknown type.
 */
export function checksumSql(columns: readonly StoredColumn[]): string {
  return `sum(${rowHashSql(columns)})`;
}

/** The hash of one row, as UInt64: what {@link checksumSql} adds up. */
export function rowHashSql(columns: readonly StoredColumn[]): string {
  const parts = columns.map(({ name, type }) => ({
    node: parseType(type),
    value: `\`${name.replace(/[\\`]/g, '\\$&')}\``,
  }));
  return tupleDigest(parts, 0);
}

type Valued = { readonly node: TypeNode; readonly value: string };

function tupleDigest(parts: readonly Valued[], depth: number): string {
  const terms = parts.map((part, index) => salted(digest(part, depth), String(index + 1)));
  return `intHash64(${sumOf(terms)})`;
}

function salted(digested: string, position: string): string {
  return `intHash64(bitXor(${digested}, intHash64(${position})))`;
}

/** In halves: ClickHouse parses no expression that is a thousand brackets deep. */
function sumOf(terms: readonly string[]): string {
  if (terms.length === 1) return `toUInt64(${terms[0]})`;
  const middle = terms.length >>> 1;
  return `plus(${sumOf(terms.slice(0, middle))}, ${sumOf(terms.slice(middle))})`;
}

function digest({ node, value }: Valued, depth: number): string {
  if (numbers.test(node.name)) return `reinterpretAsUInt64(${value})`;
  if (numbersByBytes.test(node.name)) {
    return `reinterpretAsUInt64(reinterpretAsFixedString(${value}))`;
  }
  if (wide.test(node.name)) return `cityHash64(reinterpretAsFixedString(${value}))`;
  if (node.name === 'Decimal') return decimalDigest(node, value);
  if (node.name === 'Nullable') return nullableDigest(innerOf(node), value, depth);
  if (node.name === 'LowCardinality') return lowCardinalityDigest(innerOf(node), value, depth);
  if (node.name === 'Array') return arrayDigest(innerOf(node), value, depth);
  if (node.name === 'Map') return mapDigest(node, value, depth);
  if (node.name === 'Tuple') return tupleDigest(elementsOf(typesOf(node), value), depth);
  if (node.name === 'Point') {
    return tupleDigest(elementsOf(['Float64', 'Float64'].map(parseType), value), depth);
  }
  // String and FixedString, zeros at the end included.
  return `cityHash64(${value})`;
}

function decimalDigest(node: TypeNode, value: string): string {
  const [digits] = node.args;
  const isNumber = digits?.kind === 'number' && digits.value <= 18;
  if (isNumber) return `reinterpretAsUInt64(${value})`;
  return `cityHash64(reinterpretAsFixedString(${value}))`;
}

function nullableDigest(inner: TypeNode, value: string, depth: number): string {
  const digested = digest({ node: inner, value: `assumeNotNull(${value})` }, depth);
  return `if(isNull(${value}), ${nullDigest}, ${digested})`;
}

/** Without the dictionary, so that what follows is an ordinary column. */
function lowCardinalityDigest(inner: TypeNode, value: string, depth: number): string {
  return digest({ node: inner, value: `CAST(${value}, '${inner.text}')` }, depth);
}

function arrayDigest(inner: TypeNode, value: string, depth: number): string {
  const [element, index] = [`e${depth}`, `i${depth}`];
  const term = salted(digest({ node: inner, value: element }, depth + 1), index);
  return listDigest(value, `(${element}, ${index}) -> ${term}, ${value}, arrayEnumerate(${value})`);
}

function mapDigest(node: TypeNode, value: string, depth: number): string {
  const names = [`e${depth}`, `i${depth}`];
  const pair = typesOf(node).map((inner, index) => ({ node: inner, value: names[index]! }));
  const term = tupleDigest(pair, depth + 1);
  return listDigest(value, `(${names}) -> ${term}, mapKeys(${value}), mapValues(${value})`);
}

function listDigest(value: string, mapped: string): string {
  return `intHash64(plus(length(${value}), arraySum(arrayMap(${mapped}))))`;
}

function elementsOf(types: readonly TypeNode[], value: string): readonly Valued[] {
  return types.map((node, index) => ({ node, value: `tupleElement(${value}, ${index + 1})` }));
}

function typesOf(node: TypeNode): readonly TypeNode[] {
  return node.args.flatMap((arg) => (arg.kind === 'type' ? [arg.type] : []));
}

function innerOf(node: TypeNode): TypeNode {
  return typesOf(node)[0]!;
}
