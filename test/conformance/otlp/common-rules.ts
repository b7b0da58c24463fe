/** OTLP-C: rules of both transports. OTLP-D: the signals. */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { snapBlock, snapFrames } from '../../../gateway/decode/testdata/snap.ts';
import {
  int,
  join,
  len,
  request,
  span,
  spanId,
} from '../../../gateway/decode/testdata/wire-writer.ts';
import {
  frame,
  goodJson,
  goodTraces,
  grpc,
  http,
  json,
  jsonSpan,
  nowNs,
  type OddCase,
  protobuf,
} from '../odd/case.ts';
import { answers, ok, type Rule, refusal, tests } from './rule.ts';

const coded = (name: string, body: Uint8Array): OddCase =>
  http(name, { headers: [`Content-Encoding: ${name}`], body });
const codedCall = (name: string, body: Uint8Array): OddCase =>
  grpc(name, frame(body, 1), { 'grpc-encoding': name });
const tooLong = (): Uint8Array => Buffer.alloc(64 * 1024 ** 2 + 1, 'x');
const twoSpans = (): Uint8Array => request([span(nowNs), join(len(1, 'short'), len(2, spanId))]);
const value = (...pieces: Uint8Array[]): Uint8Array =>
  request([span(nowNs, len(9, join(len(1, 'k'), len(2, join(...pieces)))))]);

// biome-ignore format: a table reads as a table, one rule an entry
export const commonRules: readonly Rule[] = [
  {
    id: 'OTLP-C1',
    level: 'MUST',
    rule: 'No compression and gzip are accepted on every transport',
    section: 'Protocol Details',
    shown: answers(() => [
      [http('plain'), ok.protobuf],
      [coded('gzip', gzipSync(goodTraces())), ok.protobuf],
      [grpc('plain', frame(goodTraces())), ok.grpc],
      [codedCall('gzip', gzipSync(goodTraces())), ok.grpc],
    ]),
  },
  {
    id: 'OTLP-C2',
    level: 'de facto',
    rule: 'zstd, zlib, deflate, snappy (both formats) over HTTP, zstd and snappy over gRPC, as the Collector takes them; deflate over gRPC as well, LZ4 not',
    section: '',
    shown: answers(() => [
      [coded('zstd', zstdCompressSync(goodTraces())), ok.protobuf],
      [coded('zlib', deflateSync(goodTraces())), ok.protobuf],
      [coded('deflate', deflateSync(goodTraces())), ok.protobuf],
      [coded('snappy', snapBlock(goodTraces())), ok.protobuf],
      [coded('snappy', snapFrames(goodTraces())), ok.protobuf],
      [coded('x-snappy-framed', snapFrames(goodTraces())), ok.protobuf],
      [codedCall('zstd', zstdCompressSync(goodTraces())), ok.grpc],
      [codedCall('snappy', snapFrames(goodTraces())), ok.grpc],
      [codedCall('deflate', deflateSync(goodTraces())), ok.grpc],
    ]),
  },
  {
    id: 'OTLP-C3',
    level: 'MUST',
    rule: 'A request has a limit (64 MiB), on the wire and inflated; over it: 413, RESOURCE_EXHAUSTED without RetryInfo',
    section: 'Message Size Limits',
    shown: answers(() => [
      [protobuf('long', tooLong()), '413 application/x-protobuf status(8) close'],
      [coded('gzip', gzipSync(tooLong())), '413 application/x-protobuf status(8)'],
      [coded('zstd', zstdCompressSync(tooLong())), '413 application/x-protobuf status(8)'],
      [coded('deflate', deflateSync(tooLong())), '413 application/x-protobuf status(8)'],
      [grpc('long', frame(tooLong())), 'RESOURCE_EXHAUSTED'],
      [codedCall('gzip', gzipSync(tooLong())), 'RESOURCE_EXHAUSTED'],
    ]),
  },
  {
    id: 'OTLP-C4',
    level: 'MUST',
    rule: 'An answer has a limit: messages are cut to 512 characters, so no answer nears 4 MiB',
    section: 'Message Size Limits',
    shown: tests(
      ['gateway/receive/status.test.ts', 'are cut between characters, never within one'],
      ['gateway/receive/grpc.test.ts', 'is cut when it would burst the headers a client takes'],
    ),
  },
  {
    id: 'OTLP-C5',
    level: 'SHOULD',
    rule: 'A request without telemetry is answered with success',
    section: 'Protocol Details',
    shown: answers(() => [
      [protobuf('nothing', new Uint8Array()), ok.protobuf],
      [json('nothing', '{}'), ok.json],
      [grpc('nothing', frame(new Uint8Array())), ok.grpc],
    ]),
  },
  {
    id: 'OTLP-C6',
    level: 'MUST',
    rule: 'Full success leaves `partial_success` unset: no bytes in protobuf, `{}` in JSON',
    section: 'Full Success',
    shown: tests([
      'gateway/receive/http.test.ts',
      'is answered by no bytes of protobuf, or {} in JSON, in the type of the request',
    ]),
  },
  {
    id: 'OTLP-C7',
    level: 'MUST',
    rule: 'Partial acceptance: the status of success, with the number of rejected items',
    section: 'Partial Success',
    shown: answers(() => [
      [protobuf('two', twoSpans()), '200 application/x-protobuf partial(1, message)'],
      [grpc('two', frame(twoSpans())), 'OK partial(1, message)'],
      [
        json('one', jsonSpan('"links":[{"traceId":"5b"}]')),
        '200 application/json partial(1, message)',
      ],
    ]),
  },
  {
    id: 'OTLP-C8',
    level: 'SHOULD',
    rule: '`error_message` says in English why, and what to do',
    section: 'Partial Success',
    shown: tests(
      ['test/bad-input/bad-input.test.ts', 'a million spans without ids are a million rejected'],
      ['gateway/receive/status.test.ts', 'carry a status that any decoder reads'],
    ),
  },
  {
    id: 'OTLP-C9',
    level: 'MUST',
    rule: 'A warning rejects nothing and has a message',
    section: 'Partial Success',
    shown: answers(() => [
      [
        json('snake', '{"resource_spans":[{"scope_spans":[]}]}'),
        '200 application/json partial(0, message)',
      ],
    ]),
  },
  {
    id: 'OTLP-C10',
    level: 'client',
    rule: 'Clients never repeat after `partial_success`, so overload is never told by it',
    section: 'Partial Success',
    shown: tests(
      ['gateway/receive/grpc.test.ts', 'becomes UNAVAILABLE with RetryInfo when busy'],
      [
        'gateway/receive/http.test.ts',
        'turns a request away while others hold the memory, and lets it in afterwards',
      ],
    ),
  },
  {
    id: 'OTLP-C11',
    level: 'MUST',
    rule: 'Unknown fields are skipped: newer versions of the protocol stay readable',
    section: 'Future Versions and Interoperability',
    shown: answers(() => [
      [protobuf('future', join(goodTraces(), len(1000, 'future'), int(1001, 7))), ok.protobuf],
      [json('future', `{"future":{"a":[1]},${goodJson().slice(1)}`), ok.json],
      [grpc('future', frame(join(goodTraces(), len(1000, 'future')))), ok.grpc],
    ]),
  },
  {
    id: 'OTLP-C12',
    level: 'MAY',
    rule: 'Envelopes without content are ignored',
    section: 'Protocol Details',
    shown: answers(() => [
      [protobuf('resource', len(1, new Uint8Array())), ok.protobuf],
      [protobuf('scope', len(1, len(2, new Uint8Array())), 'logs'), ok.protobuf],
      [json('resource', '{"resourceMetrics":[{}]}', 'metrics'), ok.json],
    ]),
  },
  {
    id: 'OTLP-C13',
    level: 'SHOULD',
    rule: 'Each destination has its own position in one log, so one that is away blocks no other',
    section: 'Multi-Destination Exporting',
    shown: tests([
      'gateway/wal/wal.test.ts',
      'frees segments that all destinations acknowledged, and recycles their files',
    ]),
  },
  {
    id: 'OTLP-C14',
    level: 'client',
    rule: 'Duplicates after a lost answer are legal; here the same bytes are stored once',
    section: 'Duplicate Data',
    shown: tests(
      [
        'gateway/lane/resends.test.ts',
        'is answered as stored and is stored once, in tables and rates',
      ],
      [
        'gateway/lane/resends.test.ts',
        'is stored once when both come at the same time to two lanes',
      ],
    ),
  },
  {
    id: 'OTLP-C15',
    level: 'client',
    rule: 'A key that comes twice in one map keeps its last value, and is counted',
    section: '',
    shown: tests([
      'gateway/decode/rules.test.ts',
      'keeps the last value of a key that comes several times, and counts it',
    ]),
  },
  {
    id: 'OTLP-C16',
    level: 'MUST',
    rule: 'Values of every kind of AnyValue are legal wherever attributes are',
    section: '',
    shown: answers(() => [
      [protobuf('text', value(len(1, 'a'))), ok.protobuf],
      [protobuf('bool', value(int(2, 1))), ok.protobuf],
      [protobuf('int', value(int(3, -1n))), ok.protobuf],
      [protobuf('list', value(len(5, join(len(1, len(1, 'a')), len(1, int(3, 1)))))), ok.protobuf],
      [protobuf('map', value(len(6, len(1, join(len(1, 'k'), len(2, len(1, 'v'))))))), ok.protobuf],
      [protobuf('bytes', value(len(7, new Uint8Array(3)))), ok.protobuf],
      [protobuf('empty', value()), ok.protobuf],
    ]),
  },
  {
    id: 'OTLP-C17',
    level: 'de facto',
    rule: 'Indexes into a table of strings belong to profiles; elsewhere they are no fault',
    section: '',
    shown: answers(() => [
      [protobuf('value', value(int(8, 1))), ok.protobuf],
      [protobuf('key', request([span(nowNs, len(9, int(3, 1)))])), ok.protobuf],
    ]),
  },
  {
    id: 'OTLP-C18',
    level: 'de facto',
    rule: 'A trace id has 16 bytes, a span id 8, a parent may be empty; a wrong one rejects its item only',
    section: '',
    shown: answers(() => [
      [protobuf('two', twoSpans()), '200 application/x-protobuf partial(1, message)'],
      [protobuf('parent', request([span(nowNs, len(4, new Uint8Array()))])), ok.protobuf],
    ]),
  },
  {
    id: 'OTLP-D1',
    level: 'MUST',
    rule: 'Metrics: five kinds, both temporalities, flags, exemplars, NaN and infinities, optional sum, min and max',
    section: '',
    shown: tests(
      [
        'gateway/decode/tables.test.ts',
        'take every unit of a seal whole, as one part, and hold the rows that were sent',
      ],
      ['gateway/decode/rules.test.ts', 'keeps NUL, byte order marks and the payload of a NaN'],
    ),
  },
  {
    id: 'OTLP-D2',
    level: 'MUST',
    rule: 'Log records: severity 0, a body of any kind, event name, observed time, 32 flags',
    section: '',
    shown: answers(() => [
      [
        json(
          'log',
          '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":0,"eventName":"e","flags":4294967295,"body":{"kvlistValue":{"values":[]}}}]}]}]}',
          'logs',
        ),
        ok.json,
      ],
    ]),
  },
  {
    id: 'OTLP-D3',
    level: 'MUST',
    rule: 'Spans: events, links, status, trace state, dropped counts, flags',
    section: '',
    shown: tests(
      [
        'gateway/decode/tables.test.ts',
        'take every unit of a seal whole, as one part, and hold the rows that were sent',
      ],
      [
        'gateway/decode/rules.test.ts',
        'merges a resource, a scope and a status that come in several parts',
      ],
    ),
  },
  {
    id: 'OTLP-D4',
    level: 'MAY',
    rule: 'Profiles (in development)',
    section: 'OTLP/gRPC Service and Protobuf Definitions',
    shown: refusal('the signal still changes from version to version', () => [
      [
        http('profiles', { target: '/v1development/profiles' }),
        '404 application/x-protobuf status(5)',
      ],
      [
        grpc('profiles', frame(new Uint8Array()), {
          ':path': '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export',
        }),
        'UNIMPLEMENTED',
      ],
    ]),
  },
];
