/** OTLP-J: rules of the JSON mapping. */
import { goodJson, json, jsonSpan, nowNs } from '../odd/case.ts';
import { answers, ok, type Rule, tests } from './rule.ts';

const transcodeTest = 'gateway/decode/json/transcode.test.ts';
const malformed = '400 application/json status(3, BadRequest)';
const spanOf = (ids: string): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{${ids},"name":"a"}]}]}]}`;
const attribute = (value: string): string =>
  jsonSpan(`"attributes":[{"key":"k","value":${value}}]`);

// biome-ignore format: a table reads as a table, one rule an entry
export const jsonRules: readonly Rule[] = [
  {
    id: 'OTLP-J1',
    level: 'MUST',
    rule: 'Ids are hexadecimal in either case, not base64',
    section: 'JSON Protobuf Encoding',
    shown: answers(() => [
      [
        json('upper', spanOf(`"traceId":"${'AB'.repeat(16)}","spanId":"${'CD'.repeat(8)}"`)),
        ok.json,
      ],
      [
        json('lower', spanOf(`"traceId":"${'ab'.repeat(16)}","spanId":"${'cd'.repeat(8)}"`)),
        ok.json,
      ],
      [
        json('base64', spanOf('"traceId":"W1tbW1tbW1tbW1tbW1tbWw==","spanId":"paWlpaWlpaU="')),
        '200 application/json partial(1, message)',
      ],
    ]),
  },
  {
    id: 'OTLP-J2',
    level: 'MUST',
    rule: 'Enums are integers; names are not allowed',
    section: 'JSON Protobuf Encoding',
    shown: answers(() => [
      [json('number', jsonSpan('"kind":2')), ok.json],
      [json('name', jsonSpan('"kind":"SPAN_KIND_SERVER"')), malformed],
    ]),
  },
  {
    id: 'OTLP-J3',
    level: 'MUST',
    rule: 'Unknown fields are ignored at every depth',
    section: 'JSON Protobuf Encoding',
    shown: answers(() => [
      [json('span', jsonSpan('"future":{"a":[{"b":null}]}')), ok.json],
      [json('value', attribute('{"intValue":1,"future":[]}')), ok.json],
    ]),
  },
  {
    id: 'OTLP-J4',
    level: 'MUST',
    rule: 'Keys are lowerCamelCase; a document in snake_case has unknown fields only, and a warning',
    section: 'JSON Protobuf Encoding',
    shown: answers(() => [
      [json('snake', '{"resource_logs":[]}', 'logs'), '200 application/json partial(0, message)'],
    ]),
  },
  {
    id: 'OTLP-J5',
    level: 'MUST',
    rule: '64-bit integers are strings or numbers, exactly',
    section: 'JSON Protobuf Encoding',
    shown: tests([
      transcodeTest,
      'reads 64-bit numbers as strings or numbers, exactly, also with an exponent',
    ]),
  },
  {
    id: 'OTLP-J6',
    level: 'de facto',
    rule: '32-bit integers and doubles may be strings: NaN and infinities come so',
    section: '',
    shown: answers(() => [
      [json('flags', jsonSpan('"flags":"257"')), ok.json],
      [json('nan', attribute('{"doubleValue":"NaN"}')), ok.json],
      [json('infinity', attribute('{"doubleValue":"-Infinity"}')), ok.json],
    ]),
  },
  {
    id: 'OTLP-J7',
    level: 'de facto',
    rule: 'proto3 JSON otherwise: base64 in both alphabets, null is the default, integral exponents',
    section: 'JSON Protobuf Encoding',
    shown: answers(() => [
      [json('base64', attribute('{"bytesValue":"AP8="}')), ok.json],
      [json('url', attribute('{"bytesValue":"-_8"}')), ok.json],
      [json('null', jsonSpan('"kind":null,"events":null')), ok.json],
      [json('exponent', attribute('{"intValue":1e3}')), ok.json],
    ]),
  },
  {
    id: 'OTLP-J8',
    level: 'de facto',
    rule: 'An empty `parentSpanId` is legal, an empty `traceId` of a span is none',
    section: '',
    shown: answers(() => [
      [json('parent', jsonSpan(`"parentSpanId":"","startTimeUnixNano":"${nowNs}"`)), ok.json],
      [
        json('trace', spanOf('"traceId":"","spanId":"a5a5a5a5a5a5a5a5"')),
        '200 application/json partial(1, message)',
      ],
    ]),
  },
  {
    id: 'OTLP-J9',
    level: 'de facto',
    rule: 'Repeated keys, two members of a oneof, deep nesting, lone surrogates, a byte order mark, trailing garbage: pinned by tests',
    section: '',
    shown: answers(() => [
      [json('mark', `\ufeff${goodJson()}`), ok.json],
      [json('garbage', `${goodJson()}x`), malformed],
      [json('deep', '['.repeat(100_000)), malformed],
      [json('surrogate', jsonSpan('"traceState":"\\ud800"')), ok.json],
      [json('oneof', attribute('{"intValue":1,"stringValue":"a"}')), ok.json],
    ]),
  },
];
