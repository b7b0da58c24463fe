import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Signal } from '../../answer.ts';
import { createOpenBlocks } from '../blocks.ts';
import { decodeInto } from '../decode.ts';
import type { DecodeResult } from '../decode-types.ts';
import { requestType } from '../testdata/otlp.ts';
import { transcode } from './transcode.ts';

// biome-ignore lint/suspicious/noExplicitAny: the shape is what the descriptors say
type Any = any;
const receivedAtNs = 1_795_003_200_000_000_000n;

function decode(text: string, signal: Signal = 'logs'): DecodeResult {
  const body = new Uint8Array(Buffer.from(text));
  return decodeInto(createOpenBlocks(), { signal, contentType: 'json', body, receivedAtNs });
}

/** What protobufjs reads out of the protobuf form of a JSON document. */
function read(text: string, signal: Signal = 'logs'): Any {
  const type = requestType(signal);
  const { body } = transcode(signal, new Uint8Array(Buffer.from(text)));
  return type.toObject(type.decode(body), { longs: String, bytes: String });
}

const record = (fields: string): string =>
  `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${fields}}]}]}]}`;
const readRecord = (fields: string): Any =>
  read(record(fields)).resource_logs[0].scope_logs[0].log_records[0];
const readBody = (value: string): Any => readRecord(`"body":${value}`).body;
const point = (fields: string): string =>
  `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{${fields}}]}}]}]}]}`;
const readPoint = (fields: string): Any =>
  read(point(fields), 'metrics').resource_metrics[0].scope_metrics[0].metrics[0].gauge
    .data_points[0];

describe('OTLP/JSON', () => {
  it('reads ids as hexadecimal in upper or lower case', () => {
    const { trace_id } = readRecord('"traceId":"5B8efff798038103d269b633813fc60C"');
    expect(Buffer.from(trace_id, 'base64').toString('hex')).toBe(
      '5b8efff798038103d269b633813fc60c',
    );
  });

  it('rejects the item, not the request, when an id is base64 or of a wrong length', () => {
    const two = record('"traceId":"W47/95gDgQPSabYzgT/GDA=="').replace(
      '"logRecords":[',
      '"logRecords":[{},',
    );
    expect(decode(two)).toMatchObject({ outcome: 'decoded', accepted: 1, rejected: 1 });
    expect(decode(record('"spanId":"abc"'))).toMatchObject({ accepted: 0, rejected: 1 });
  });

  it('reads 64-bit numbers as strings or numbers, exactly, also with an exponent', () => {
    const ints = ['"9223372036854775807"', '9223372036854775807', '-9223372036854775808', '1.5e3'];
    expect(ints.map((text) => readBody(`{"intValue":${text}}`).int_value)).toEqual([
      '9223372036854775807',
      '9223372036854775807',
      '-9223372036854775808',
      '1500',
    ]);
    expect(readRecord('"timeUnixNano":1544712660300000001')).toMatchObject({
      time_unix_nano: '1544712660300000001',
    });
  });

  it('refuses numbers that their type cannot hold', () => {
    for (const value of ['1.5', '"x"', '9223372036854775808', '1e400', 'true', '[]', '"1e-3"']) {
      expect([value, decode(record(`"body":{"intValue":${value}}`)).outcome]).toEqual([
        value,
        'malformed',
      ]);
    }
    expect(decode(record('"flags":4294967296')).outcome).toBe('malformed');
    expect(decode(point('"asDouble":1e999'), 'metrics').outcome).toBe('malformed');
  });

  it('reads doubles as numbers, strings, NaN and infinities', () => {
    const values = ['0.1', '"0.1"', '1e-320', '"NaN"', '"-Infinity"', '5'];
    expect(values.map((text) => readPoint(`"asDouble":${text}`).as_double)).toEqual([
      0.1,
      0.1,
      1e-320,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      5,
    ]);
  });

  it('takes enums as numbers only', () => {
    expect(readRecord('"severityNumber":9')).toMatchObject({ severity_number: 9 });
    expect(decode(record('"severityNumber":"SEVERITY_NUMBER_INFO"')).outcome).toBe('malformed');
  });

  it('reads base64 in both alphabets, with or without padding', () => {
    for (const text of ['+/8=', '-_8=', '+/8', '-_8']) {
      expect(readBody(`{"bytesValue":"${text}"}`).bytes_value).toBe('+/8=');
    }
    expect(decode(record('"body":{"bytesValue":"a"}')).outcome).toBe('malformed');
    expect(decode(record('"body":{"bytesValue":"*"}')).outcome).toBe('malformed');
  });

  it('treats null and missing as not sent, and keeps zero values that were', () => {
    expect(readRecord('"body":null,"attributes":null,"severityText":null')).toEqual({});
    expect(readBody('{"intValue":0}')).toEqual({ int_value: '0' });
    expect(readBody('{"stringValue":""}')).toEqual({ string_value: '' });
  });

  it('skips unknown fields at every depth and warns of keys in snake_case', () => {
    const unknown = '"new":{"deep":[1,{"x":[true,null,"\\u0041"]}]},"severityText":"x"';
    expect(readRecord(unknown)).toEqual({ severity_text: 'x' });
    expect(decode('{"resource_logs":[{"scope_logs":[]}]}')).toEqual({
      outcome: 'decoded',
      accepted: 0,
      leftOut: 0,
      exempted: 0,
      rejected: 0,
      hasOwnTimes: true,
      message: 'unknown field resource_logs was ignored: OTLP/JSON spells it resourceLogs',
    });
  });

  it('reads escapes, pairs of surrogates, and lone ones as U+FFFD', () => {
    const text =
      '"a\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00|\\ud800|\\ude00x|\\ud800\\u0041"';
    expect(readBody(`{"stringValue":${text}}`).string_value).toBe(
      'a"\\/\b\f\n\r\té\u{1f600}|\ufffd|\ufffdx|\ufffdA',
    );
    expect(readRecord('"severity\\u0054ext":"key"')).toEqual({ severity_text: 'key' });
  });

  it('takes two keys as two occurrences: last scalar, joined lists, last of a oneof', () => {
    expect(readRecord('"severityText":"a","severityText":"b"')).toEqual({ severity_text: 'b' });
    const lists = '"attributes":[{"key":"a"}],"attributes":[{"key":"b"}]';
    expect(readRecord(lists).attributes).toEqual([{ key: 'a' }, { key: 'b' }]);
    expect(decode(record('"body":{"stringValue":"a","intValue":1}')).outcome).toBe('decoded');
  });

  it('skips a byte order mark, and refuses trailing garbage and bad syntax', () => {
    expect(decode('\ufeff{}').outcome).toBe('decoded');
    expect(decode(' {} \n').outcome).toBe('decoded');
    const bad = [
      '',
      '{}{}',
      '{},',
      '[]',
      'null',
      '{',
      '{"a"}',
      '{"a":}',
      '{a:1}',
      '{"a":01}',
      '{"a":1,}',
      '{"a":[1,]}',
      '{"a":"\u0001"}',
      '{"a":"\\x"}',
      '{"a":"\\u12g4"}',
      '{"a":tru}',
      '{"a":+1}',
      '{"a":.5}',
      '{"a":"',
    ];
    for (const text of bad) {
      expect([text, decode(text).outcome]).toEqual([text, 'malformed']);
      expect(() => JSON.parse(text).a.b.c).toThrow();
    }
  });

  it('refuses nesting of a hundred thousand, known or unknown', () => {
    const depth = 100_000;
    const known = '{"arrayValue":{"values":['.repeat(depth);
    for (const text of [
      '['.repeat(depth),
      '{"a":'.repeat(depth),
      `{"x":${'['.repeat(depth)}`,
      record(`"body":${known}`),
    ]) {
      expect(decode(text).outcome).toBe('malformed');
    }
  });

  it('says where in the document a fault is', () => {
    const text = record('"severityText":"x","severityNumber":}');
    expect(decode(text)).toMatchObject({ outcome: 'malformed', offset: text.indexOf('}') });
  });

  it('accepts the documents that the specification gives as examples', () => {
    const trace = readFileSync(new URL('../testdata/spec-trace.json', import.meta.url), 'utf8');
    expect(decode(trace, 'traces')).toMatchObject({ accepted: 1, rejected: 0, message: '' });
  });
});
