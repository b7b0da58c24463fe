/** Odd JSON documents: where the mapping of OTLP, of protobuf and of parsers differ (J1 to J9). */
import { goodJson, json, jsonSpan, nowNs, type OddCase } from './case.ts';

const time = String(nowNs);

const documents: readonly (readonly [string, string | Uint8Array])[] = [
  ['empty-object', '{}'],
  ['empty-list', '[]'],
  ['null', 'null'],
  ['text', '"text"'],
  ['number', '1'],
  ['true', 'true'],
  ['nothing', ''],
  ['space', '  \n\t '],
  ['byte-order-mark', `\ufeff${goodJson()}`],
  ['space-around', ` \r\n${goodJson()}\n `],
  ['garbage-behind', `${goodJson()}x`],
  ['two-documents', `${goodJson()}${goodJson()}`],
  ['nul-behind', `${goodJson()}\0`],
  ['comma-at-the-end', '{"resourceSpans":[],}'],
  ['comma-in-list', '{"resourceSpans":[{},]}'],
  ['comment', '{/* a comment */}'],
  ['single-quotes', "{'resourceSpans':[]}"],
  ['bare-key', '{resourceSpans:[]}'],
  ['unclosed', '{"resourceSpans":['],
  ['unknown-member', `{"future":{"a":[1,{}]},${goodJson().slice(1)}`],
  ['unknown-member-with-bad-number', '{"future":01}'],
  ['unknown-member-with-bad-text', '{"future":"\\x"}'],
  ['snake-case', '{"resource_spans":[{"scope_spans":[{"spans":[{"name":"a"}]}]}]}'],
  ['upper-case-key', '{"ResourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]}'],
  ['key-escaped', goodJson().replace('resourceSpans', 'resource\\u0053pans')],
  ['key-twice', `{"resourceSpans":[],${goodJson().slice(1)}`],
  ['null-list', '{"resourceSpans":null}'],
  ['object-for-list', '{"resourceSpans":{}}'],
  ['text-for-list', '{"resourceSpans":"x"}'],
  ['null-in-list', '{"resourceSpans":[null]}'],
  ['number-in-list', '{"resourceSpans":[1]}'],
  ['null-resource', '{"resourceSpans":[{"resource":null,"scopeSpans":null}]}'],
  ['list-for-object', '{"resourceSpans":[{"resource":[]}]}'],
  ['invalid-utf-8', Buffer.from('{"resourceSpans":[{"schemaUrl":"\xff"}]}', 'latin1')],
  ['utf-16', Buffer.from(`\ufeff${goodJson()}`, 'utf16le')],
  ['control-character', '{"resourceSpans":[{"schemaUrl":"a\u0001b"}]}'],
  ['deep-100', deep(100)],
  ['deep-1000', deep(1000)],
  ['deep-20000', deep(20_000)],
];

function deep(depth: number): string {
  return `{"future":${'['.repeat(depth)}${']'.repeat(depth)}}`;
}

const ids: readonly (readonly [string, string])[] = [
  ['upper-case', `"traceId":"${'5B'.repeat(16)}","spanId":"${'A5'.repeat(8)}"`],
  ['base64', '"traceId":"W1tbW1tbW1tbW1tbW1tbWw==","spanId":"paWlpaWlpaU="'],
  ['short', '"traceId":"5b5b","spanId":"a5"'],
  ['long', `"traceId":"${'5b'.repeat(17)}","spanId":"${'a5'.repeat(9)}"`],
  ['odd-length', `"traceId":"${'5b'.repeat(15)}5","spanId":"${'a5'.repeat(8)}"`],
  ['no-hex', `"traceId":"${'zz'.repeat(16)}","spanId":"${'a5'.repeat(8)}"`],
  ['empty', '"traceId":"","spanId":""'],
  ['missing', '"name":"a"'],
  ['null', '"traceId":null,"spanId":null'],
  ['number', '"traceId":1,"spanId":1'],
  ['zeros', `"traceId":"${'00'.repeat(16)}","spanId":"${'00'.repeat(8)}"`],
  ['dashes', '"traceId":"5b5b5b5b-5b5b-5b5b-5b5b-5b5b5b5b5b5b","spanId":"a5a5a5a5a5a5a5a5"'],
  ['parent-empty', `"traceId":"${'5b'.repeat(16)}","spanId":"${'a5'.repeat(8)}","parentSpanId":""`],
  [
    'parent-short',
    `"traceId":"${'5b'.repeat(16)}","spanId":"${'a5'.repeat(8)}","parentSpanId":"a5"`,
  ],
];

const members: readonly (readonly [string, string])[] = [
  ['kind-name', '"kind":"SPAN_KIND_SERVER"'],
  ['kind-unknown-name', '"kind":"NO_SUCH_KIND"'],
  ['kind-text-of-number', '"kind":"2"'],
  ['kind-99', '"kind":99'],
  ['kind-negative', '"kind":-1'],
  ['kind-fraction', '"kind":1.5'],
  ['kind-null', '"kind":null'],
  ['kind-2-to-31', '"kind":2147483648'],
  ['status-name', '"status":{"code":"STATUS_CODE_ERROR"}'],
  ['status-null', '"status":null'],
  ['time-number', `"startTimeUnixNano":${time}`],
  ['time-fraction', '"startTimeUnixNano":1.5'],
  ['time-text-of-fraction', '"startTimeUnixNano":"1.5"'],
  ['time-exponent', '"startTimeUnixNano":1e3'],
  ['time-text-of-exponent', '"startTimeUnixNano":"1e3"'],
  ['time-integral-fraction', '"startTimeUnixNano":1000.0'],
  ['time-negative', '"startTimeUnixNano":-1'],
  ['time-text-of-negative', '"startTimeUnixNano":"-1"'],
  ['time-2-to-64', '"startTimeUnixNano":"18446744073709551616"'],
  ['time-text-with-spaces', `"startTimeUnixNano":" ${time} "`],
  ['time-text-with-plus', `"startTimeUnixNano":"+${time}"`],
  ['time-text-empty', '"startTimeUnixNano":""'],
  ['time-of-letters', '"startTimeUnixNano":"now"'],
  ['time-rfc-3339', '"startTimeUnixNano":"2026-11-21T00:00:00Z"'],
  ['time-null', '"startTimeUnixNano":null'],
  ['time-true', '"startTimeUnixNano":true'],
  ['flags-text', '"flags":"257"'],
  ['flags-2-to-32', '"flags":4294967296'],
  ['flags-negative', '"flags":-1'],
  ['dropped-negative', '"droppedAttributesCount":-1'],
  ['name-number', '"name":1'],
  ['name-null', '"name":null'],
  ['name-list', '"name":["a"]'],
  ['name-lone-surrogate', '"traceState":"a\\ud800b"'],
  ['name-surrogate-pair', '"traceState":"\\ud83d\\ude00"'],
  ['name-nul', '"traceState":"a\\u0000b"'],
  ['attributes-object', '"attributes":{"a":"b"}'],
  ['attribute-without-key', '"attributes":[{"value":{"stringValue":"a"}}]'],
  ['attribute-without-value', '"attributes":[{"key":"a"}]'],
  ['attribute-null-value', '"attributes":[{"key":"a","value":null}]'],
  ['attribute-plain-value', '"attributes":[{"key":"a","value":"b"}]'],
  ['attribute-key-number', '"attributes":[{"key":1,"value":{"stringValue":"a"}}]'],
  ['events-null', '"events":null'],
  ['links-with-bad-ids', '"links":[{"traceId":"5b","spanId":"a5"}]'],
];

const values: readonly (readonly [string, string])[] = [
  ['int-number', '{"intValue":1}'],
  ['int-text', '{"intValue":"1"}'],
  ['int-text-of-fraction', '{"intValue":"1.5"}'],
  ['int-fraction', '{"intValue":1.5}'],
  ['int-2-to-63', '{"intValue":"9223372036854775808"}'],
  ['int-exponent', '{"intValue":1e2}'],
  ['int-true', '{"intValue":true}'],
  ['double-text', '{"doubleValue":"1.5"}'],
  ['double-nan', '{"doubleValue":"NaN"}'],
  ['double-infinity', '{"doubleValue":"-Infinity"}'],
  ['double-inf', '{"doubleValue":"inf"}'],
  ['double-bare-nan', '{"doubleValue":NaN}'],
  ['double-of-letters', '{"doubleValue":"much"}'],
  ['double-1e400', '{"doubleValue":1e400}'],
  ['double-minus-zero', '{"doubleValue":-0.0}'],
  ['double-leading-zero', '{"doubleValue":01.5}'],
  ['double-no-leading-digit', '{"doubleValue":.5}'],
  ['double-hexadecimal', '{"doubleValue":"0x10"}'],
  ['bool-text', '{"boolValue":"true"}'],
  ['bool-number', '{"boolValue":1}'],
  ['bytes-base64', '{"bytesValue":"AP8="}'],
  ['bytes-url-alphabet', '{"bytesValue":"-_8="}'],
  ['bytes-unpadded', '{"bytesValue":"AP8"}'],
  ['bytes-invalid', '{"bytesValue":"*"}'],
  ['bytes-with-newline', '{"bytesValue":"AP\\n8="}'],
  ['text-number', '{"stringValue":1}'],
  ['text-null', '{"stringValue":null}'],
  ['two-kinds', '{"stringValue":"a","intValue":"1"}'],
  ['no-kind', '{}'],
  ['unknown-kind', '{"futureValue":1}'],
  ['list-null-element', '{"arrayValue":{"values":[null]}}'],
  ['list-null', '{"arrayValue":null}'],
  ['list-plain', '{"arrayValue":["a"]}'],
  ['map-object', '{"kvlistValue":{"a":"b"}}'],
  ['deep-60', nested(60)],
  ['deep-100', nested(100)],
  ['deep-3000', nested(3000)],
];

function nested(depth: number): string {
  const open = '{"arrayValue":{"values":['.repeat(depth);
  return `${open}{"intValue":1}${']}}'.repeat(depth)}`;
}

const point = (members: string): string =>
  `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"odd",${members}}]}]}]}`;

const metrics: readonly (readonly [string, string])[] = [
  ['no-data', point('"unit":"s"')],
  ['two-kinds', point('"gauge":{"dataPoints":[{"asInt":1}]},"sum":{"dataPoints":[{"asInt":1}]}')],
  ['as-int-text', point('"gauge":{"dataPoints":[{"asInt":"1"}]}')],
  ['as-double-text', point('"gauge":{"dataPoints":[{"asDouble":"1.5"}]}')],
  ['as-both', point('"gauge":{"dataPoints":[{"asDouble":1.5,"asInt":"1"}]}')],
  ['as-nothing', point('"gauge":{"dataPoints":[{}]}')],
  ['monotonic-text', point('"sum":{"dataPoints":[],"isMonotonic":"true"}')],
  [
    'temporality-name',
    point('"sum":{"dataPoints":[],"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}'),
  ],
  [
    'buckets-numbers',
    point('"histogram":{"dataPoints":[{"count":3,"bucketCounts":[1,2],"explicitBounds":[1]}]}'),
  ],
  [
    'buckets-that-do-not-match',
    point(
      '"histogram":{"dataPoints":[{"count":"3","bucketCounts":["1"],"explicitBounds":[3,2,1]}]}',
    ),
  ],
  [
    'exponential-scale-text',
    point('"exponentialHistogram":{"dataPoints":[{"scale":"3","zeroCount":1}]}'),
  ],
  [
    'quantile-text',
    point('"summary":{"dataPoints":[{"quantileValues":[{"quantile":"0.5","value":"NaN"}]}]}'),
  ],
];

const record = (members: string): string =>
  `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"${time}",${members}}]}]}]}`;

const logs: readonly (readonly [string, string])[] = [
  ['body-plain-text', record('"body":"text"')],
  ['body-null', record('"body":null')],
  ['severity-name', record('"severityNumber":"SEVERITY_NUMBER_INFO"')],
  ['severity-99', record('"severityNumber":99')],
  ['trace-id-empty', record('"traceId":""')],
  ['trace-id-short', record('"traceId":"5b"')],
];

export const jsonCases: readonly OddCase[] = [
  ...documents.map(([name, body]) => json(`json-${name}`, body)),
  ...ids.map(([name, text]) => json(`json-ids-${name}`, spanOf(text))),
  ...members.map(([name, text]) => json(`json-${name}`, jsonSpan(text))),
  ...values.map(([name, text]) =>
    json(`json-value-${name}`, jsonSpan(`"attributes":[{"key":"a","value":${text}}]`)),
  ),
  ...metrics.map(([name, body]) => json(`json-metric-${name}`, body, 'metrics')),
  ...logs.map(([name, body]) => json(`json-log-${name}`, body, 'logs')),
];

function spanOf(members: string): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[{${members}}]}]}]}`;
}
