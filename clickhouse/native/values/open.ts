/**
 * Which column holds a type. Runs once a column. Allocations: the columns. Copies: none. Owner:
 * the writer. Watched by `values.bench.ts`.
 */
import { FixedBytesValues, TextValues } from './bytes.ts';
import type { Column, Meter } from './column.ts';
import { LowCardinalityValues, NullableLowCardinality } from './low-cardinality.ts';
import { ArrayValues, MapValues, NullableValues, TupleValues } from './nested.ts';
import { LongValues, type NumberLayout, NumberValues, WideValues } from './scalars.ts';
import { parseType, type TypeArg, type TypeNode, TypeTextError } from './type-text.ts';

/** Digits that a Decimal of each width in bytes has at most. */
const decimalDigits = [
  [9, 4],
  [18, 8],
  [38, 16],
  [76, 32],
] as const;

const fixedStringBytesMax = 0xff_ffff;

type Open = (node: TypeNode, meter: Meter) => Column;

const plain: Readonly<Record<string, Open>> = {
  Bool: number('bool'),
  Int8: number('int8'),
  UInt8: number('int8'),
  Int16: number('int16'),
  UInt16: number('int16'),
  Date: number('int16'),
  Int32: number('int32'),
  UInt32: number('int32'),
  Date32: number('int32'),
  Float32: number('float32'),
  Float64: number('float64'),
  Int64: long,
  UInt64: long,
  Int128: wide(16),
  UInt128: wide(16),
  Int256: wide(32),
  UInt256: wide(32),
  String: ({ text }, meter) => new TextValues(text, meter),
  UUID: ({ text }, meter) => new FixedBytesValues(text, 16, 'uuid', meter),
  IPv4: ({ text }, meter) => new FixedBytesValues(text, 4, 'ipv4', meter),
  IPv6: ({ text }, meter) => new FixedBytesValues(text, 16, 'fixed', meter),
  Point: ({ text }, meter) =>
    new TupleValues(text, [
      new NumberValues('Float64', 'float64', meter),
      new NumberValues('Float64', 'float64', meter),
    ]),
};

const withArguments: Readonly<Record<string, Open>> = {
  DateTime: (node, meter) => new NumberValues(node.text, 'int32', meter),
  DateTime64: (node, meter) => openTicks(node, meter, 2),
  Time64: (node, meter) => openTicks(node, meter, 1),
  Decimal: openDecimal,
  FixedString: openFixedString,
  LowCardinality: openLowCardinality,
  Nullable: openNullable,
  Array: (node, meter) => new ArrayValues(node.text, openNode(innerOf(node), meter), meter),
  Map: openMap,
  Tuple: openTuple,
};

/** A column for `type`. Throws {@link TypeTextError} where no column can hold it. */
export function openColumn(type: string, meter: Meter): Column {
  return openNode(parseType(type), meter);
}

function openNode(node: TypeNode, meter: Meter): Column {
  const open = node.args.length === 0 ? plain[node.name] : undefined;
  const openWith = open ?? withArguments[node.name];
  if (openWith !== undefined) return openWith(node, meter);
  if (plain[node.name] !== undefined) throw wrong(node, 'this type has no arguments');
  const known = [...Object.keys(plain), ...Object.keys(withArguments)].join(', ');
  throw wrong(node, `no column can hold it; choose one of ${known}`);
}

function number(layout: NumberLayout): Open {
  return ({ text }, meter) => new NumberValues(text, layout, meter);
}

function long({ text }: TypeNode, meter: Meter): Column {
  return new LongValues(text, meter);
}

function wide(width: 16 | 32): Open {
  return ({ text }, meter) => new WideValues(text, width, meter);
}

/** DateTime64(n[, 'zone']) and Time64(n): 10^-n of a second. */
function openTicks(node: TypeNode, meter: Meter, argumentsMax: number): Column {
  const [scale, zone] = node.args;
  if (numberOf(scale) === undefined || numberOf(scale)! > 9) {
    throw wrong(node, 'expected digits of a second from 0 to 9');
  }
  if (node.args.length > argumentsMax || (zone !== undefined && zone.kind !== 'text')) {
    throw wrong(node, 'expected nothing more but a time zone in quotes for DateTime64');
  }
  return new LongValues(node.text, meter);
}

function openDecimal(node: TypeNode, meter: Meter): Column {
  const digits = numberOf(node.args[0]);
  const scale = node.args.length === 1 ? 0 : numberOf(node.args[1]);
  const width = decimalDigits.find(([digitsMax]) => digits !== undefined && digits <= digitsMax);
  const isWhole = digits !== undefined && digits > 0 && scale !== undefined && scale <= digits;
  if (width === undefined || !isWhole || node.args.length > 2) {
    throw wrong(node, 'expected Decimal(P, S) with P from 1 to 76 and S from 0 to P');
  }
  if (width[1] === 4) return new NumberValues(node.text, 'int32', meter);
  if (width[1] === 8) return new LongValues(node.text, meter);
  return new WideValues(node.text, width[1], meter);
}

function openFixedString(node: TypeNode, meter: Meter): Column {
  const width = numberOf(node.args[0]);
  if (width === undefined || width < 1 || width > fixedStringBytesMax || node.args.length > 1) {
    throw wrong(node, `expected a number of bytes from 1 to ${fixedStringBytesMax}`);
  }
  return new FixedBytesValues(node.text, width, 'fixed', meter);
}

function openLowCardinality(node: TypeNode, meter: Meter): Column {
  const inner = innerOf(node);
  if (inner.text === 'String') return new LowCardinalityValues(node.text, false, meter);
  const isNullable = inner.name === 'Nullable' && innerOf(inner).text === 'String';
  if (isNullable) return new NullableLowCardinality(node.text, meter);
  throw wrong(node, 'only of String and Nullable(String)');
}

function openNullable(node: TypeNode, meter: Meter): Column {
  const inner = openNode(innerOf(node), meter);
  const isRefused = ['nullable', 'array', 'map'].includes(inner.kind);
  if (isRefused || inner instanceof LowCardinalityValues) {
    throw wrong(node, `${inner.type} cannot be inside Nullable`);
  }
  return new NullableValues(node.text, inner, meter);
}

function openMap(node: TypeNode, meter: Meter): Column {
  const [key, value] = node.args;
  if (key?.kind !== 'type' || value?.kind !== 'type' || node.args.length !== 2) {
    throw wrong(node, 'expected the type of keys and the type of values');
  }
  const keys = openNode(key.type, meter);
  return new MapValues(node.text, keys, openNode(value.type, meter), meter);
}

function openTuple(node: TypeNode, meter: Meter): Column {
  const parts = node.args.map((arg) => {
    if (arg.kind !== 'type') throw wrong(node, 'expected types, each with or without a name');
    return openNode(arg.type, meter);
  });
  if (parts.length === 0) throw wrong(node, 'expected at least one type');
  return new TupleValues(node.text, parts);
}

function innerOf(node: TypeNode): TypeNode {
  const [inner] = node.args;
  if (inner?.kind === 'type' && node.args.length === 1) return inner.type;
  throw wrong(node, 'expected one type');
}

function numberOf(arg: TypeArg | undefined): number | undefined {
  return arg?.kind === 'number' ? arg.value : undefined;
}

function wrong({ text }: TypeNode, why: string): TypeTextError {
  return new TypeTextError(`column type ${text}: ${why}`);
}
