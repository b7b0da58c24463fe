/** Lines as points, read out of their OTLP form by protobufjs; and rows by three ways. For tests. */
import type { EncodedUnit } from '../../decode-types.ts';
import { createOpenBlocks } from '../../blocks.ts';
import { decodeInto } from '../../decode.ts';
import type { DecodeResult } from '../../decode-types.ts';
import { encodeRequest, requestType } from '../../testdata/otlp.ts';
import { linesAsProtobuf } from '../decode-lines.ts';
import type { OracleItem } from './line-oracle.ts';

export const receivedAtNs = 1_795_003_200_000_000_000n;

type KeyValue = { readonly key: string; readonly value: { readonly string_value: string } };
type ReadPoint = {
  readonly time_unix_nano?: string;
  readonly as_int?: string;
  readonly as_double?: number;
  readonly attributes?: readonly KeyValue[];
};
type ReadRequest = {
  readonly resource_metrics?: readonly {
    readonly resource: { readonly attributes?: readonly KeyValue[] };
    readonly scope_metrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly gauge: { readonly data_points: readonly ReadPoint[] };
      }[];
    }[];
  }[];
};

/** `cpu_load{cpu=0} 1.5 @1795003200000000000 [host.name=a]`, an integer with `i`. */
export function pointsOf(text: string | Uint8Array, parameters = 'precision=ns'): string[] {
  const { body } = linesAsProtobuf(new Uint8Array(Buffer.from(text)), parameters);
  const type = requestType('metrics');
  const read = type.toObject(type.decode(body), { longs: String }) as ReadRequest;
  return (read.resource_metrics ?? []).flatMap(({ resource, scope_metrics }) =>
    scope_metrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, gauge }) =>
        gauge.data_points.map((point) => {
          const tags = pairsOf(point.attributes);
          const from = pairsOf(resource.attributes);
          const value = point.as_int === undefined ? numberText(point) : `${point.as_int}i`;
          const time = point.time_unix_nano === undefined ? '' : ` @${point.time_unix_nano}`;
          const sender = from === '' ? '' : ` [${from}]`;
          return `${name}${tags === '' ? '' : `{${tags}}`} ${value}${time}${sender}`;
        }),
      ),
    ),
  );
}

function numberText({ as_double }: ReadPoint): string {
  return Object.is(as_double, -0) ? '-0' : String(as_double);
}

function pairsOf(list: readonly KeyValue[] = []): string {
  return list.map(({ key, value }) => `${key}=${value.string_value}`).join(',');
}

export type Decoded = {
  readonly result: DecodeResult;
  /** Checksums and sizes of all units: equal for equal rows in equal order. */
  readonly rows: readonly string[];
  readonly units: readonly EncodedUnit[];
};

/** Straight into rows, as a request is decoded when it comes. */
export function decodeLinesOnce(body: Uint8Array, parameters = 'precision=ns'): Decoded {
  return decode(body, 'influx', parameters);
}

/** By way of the OTLP form, as a request that was redacted. */
export function decodeByProtobuf(body: Uint8Array, parameters = 'precision=ns'): Decoded {
  return decode(linesAsProtobuf(body, parameters).body, 'protobuf', '');
}

/** What the oracle read, as a request of protobufjs. */
export function decodeOracle(
  items: readonly OracleItem[],
  place: Readonly<Record<string, string>> = {},
): Decoded {
  const resource_metrics = items.map(({ name, resource, attributes, value, timeNs }) => {
    const time = timeNs === undefined ? {} : { time_unix_nano: String(timeNs) };
    const point = { ...time, ...value, attributes: keyValues(attributes) };
    const metrics = [{ name: utf8(name), gauge: { data_points: [point] } }];
    const sorted = Object.entries({ ...place, ...resource }).sort(([left], [right]) => (left < right ? -1 : 1));
    return { resource: { attributes: keyValues(sorted) }, scope_metrics: [{ metrics }] };
  });
  return decode(encodeRequest('metrics', { resource_metrics }), 'protobuf', '');
}

function keyValues(pairs: readonly (readonly [string, string])[]): unknown[] {
  return pairs.map(([key, value]) => ({ key: utf8(key), value: { string_value: utf8(value) } }));
}

/** Of a string that has a character a byte. */
function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** Used again and again: what is in them depends on the last body alone. */
const blocks = createOpenBlocks();

function decode(
  body: Uint8Array,
  contentType: 'influx' | 'protobuf',
  parameters: string,
): Decoded {
  blocks.clear();
  const input = { signal: 'metrics', contentType, parameters, body, receivedAtNs } as const;
  const result = decodeInto(blocks, input);
  const units = blocks.encode(7n);
  const rows = units.map((unit) => `${unit.table} ${unit.partition} ${unit.rows} ${unit.checksum}`);
  return { result, rows, units };
}
