/** OTLP-H: rules of OTLP over HTTP. */
import { gzipSync } from 'node:zlib';
import { goodJson, goodTraces, http, json, mediaType, protobuf, raw } from '../odd/case.ts';
import { answers, ok, type Rule, refusal, tests } from './rule.ts';

const httpTest = 'gateway/receive/http.test.ts';
const head = (...lines: readonly string[]): string =>
  [
    'POST /v1/traces HTTP/1.1',
    'Host: a',
    `Content-Type: ${mediaType.protobuf}`,
    ...lines,
    '',
    '',
  ].join('\r\n');

// biome-ignore format: a table reads as a table, one rule an entry
export const httpRules: readonly Rule[] = [
  {
    id: 'OTLP-H1',
    level: 'MUST',
    rule: 'POST to `/v1/traces`, `/v1/metrics`, `/v1/logs`; 404 and 405 otherwise',
    section: 'OTLP/HTTP Request',
    shown: answers(() => [
      [protobuf('traces', new Uint8Array(), 'traces'), ok.protobuf],
      [protobuf('metrics', new Uint8Array(), 'metrics'), ok.protobuf],
      [protobuf('logs', new Uint8Array(), 'logs'), ok.protobuf],
      [http('put', { method: 'PUT' }), '405 application/x-protobuf status(12) allow=POST'],
      [http('path', { target: '/v1/nothing' }), '404 application/x-protobuf status(5)'],
    ]),
  },
  {
    id: 'OTLP-H2',
    level: 'MUST',
    rule: '`application/x-protobuf` and `application/json` on the same port, without parameters and case',
    section: 'OTLP/HTTP Request',
    shown: answers(() => [
      [http('case', { contentType: 'Application/X-Protobuf; a=b' }), ok.protobuf],
      [http('json', { contentType: 'application/JSON; charset=utf-8', body: goodJson() }), ok.json],
      [http('text', { contentType: 'text/plain' }), '415 application/json status(3)'],
    ]),
  },
  {
    id: 'OTLP-H3',
    level: 'MUST',
    rule: 'The answer has the content type of the request, errors too',
    section: 'OTLP/HTTP Response',
    shown: answers(() => [
      [protobuf('broken', Buffer.from([7])), '400 application/x-protobuf status(3, BadRequest)'],
      [json('broken', '{'), '400 application/json status(3, BadRequest)'],
    ]),
  },
  {
    id: 'OTLP-H4',
    level: 'MUST',
    rule: 'Success is exactly 200 with an Export…ServiceResponse',
    section: 'Full Success',
    shown: answers(() => [
      [http('protobuf'), ok.protobuf],
      [json('json', goodJson()), ok.json],
    ]),
  },
  {
    id: 'OTLP-H5',
    level: 'MUST',
    rule: 'The body of every 4xx and 5xx is a `google.rpc.Status` with a message',
    section: 'Failures',
    shown: tests(
      ['gateway/receive/status.test.ts', 'carry a status that any decoder reads'],
      ['test/bad-input/bad-input.test.ts', 'over HTTP: %s'],
    ),
  },
  {
    id: 'OTLP-H6',
    level: 'MUST',
    rule: 'What cannot be decoded is 400 with a BadRequest detail',
    section: 'Bad Data',
    shown: answers(() => [
      [
        http('gzip', { headers: ['Content-Encoding: gzip'] }),
        '400 application/x-protobuf status(3, BadRequest)',
      ],
      [json('json', '[]'), '400 application/json status(3, BadRequest)'],
    ]),
  },
  {
    id: 'OTLP-H7',
    level: 'SHOULD',
    rule: 'Overload is 503 with `Retry-After` in seconds; a quota 429',
    section: 'OTLP/HTTP Throttling',
    shown: tests(
      [httpTest, 'says when to come back in whole seconds, only when that helps'],
      [httpTest, 'turns a request away while others hold the memory, and lets it in afterwards'],
      [
        'gateway/guard/servers.test.ts',
        'is told when to come back, in the words that exporters retry on',
      ],
    ),
  },
  {
    id: 'OTLP-H8',
    level: 'client',
    rule: 'Clients retry 429, 502, 503, 504 only, so 500 is never sent',
    section: 'Failures',
    shown: tests([httpTest, 'is told to come back when the lane throws or rejects, never 500']),
  },
  {
    id: 'OTLP-H9',
    level: 'de facto',
    rule: 'HTTP statuses go with the codes of gRPC as in the Collector',
    section: '',
    shown: tests([httpTest, 'is answered by a status when it is %s']),
  },
  {
    id: 'OTLP-H10',
    level: 'MAY',
    rule: 'Answers in gzip',
    section: 'OTLP/HTTP Response',
    shown: refusal('answers have no bytes worth compressing', () => [
      [http('accept', { headers: ['Accept-Encoding: gzip'] }), ok.protobuf],
    ]),
  },
  {
    id: 'OTLP-H11',
    level: 'MAY',
    rule: 'HTTP/1.1 and HTTP/2',
    section: 'OTLP/HTTP',
    shown: refusal(
      'HTTP/1.1 only, to which clients fall back; HTTP/2 is told that it is the wrong port',
      () => [
        [
          raw('preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
          '400 application/json status(3) close',
        ],
      ],
    ),
  },
  {
    id: 'OTLP-H12',
    level: 'de facto',
    rule: 'Connections stay open longer than clients keep them idle (5 minutes)',
    section: 'OTLP/HTTP Connection',
    shown: tests([
      'gateway/receive/http-hostile.test.ts',
      'connections that say nothing, or stop speaking after an answer, are closed',
    ]),
  },
  {
    id: 'OTLP-H13',
    level: 'de facto',
    rule: 'Chunked bodies, `Expect: 100-continue`, bytes counted while they come',
    section: '',
    shown: answers(() => [
      [raw('chunked', head('Transfer-Encoding: chunked'), '0\r\n\r\n'), ok.protobuf],
      [
        http('gzip', {
          headers: ['Content-Encoding: gzip', 'Connection: close'],
          body: gzipSync(goodTraces()),
        }),
        `${ok.protobuf} close`,
      ],
      [http('expect', { headers: ['Expect: 100-continue'] }), `100 untyped empty | ${ok.protobuf}`],
    ]),
  },
  {
    id: 'OTLP-H14',
    level: 'client',
    rule: 'A connection that ends without an answer makes the client send the same bytes again, which are stored once',
    section: 'Failures',
    shown: tests([
      'gateway/lane/resends.test.ts',
      'is stored once whatever was lost, over random histories of two lanes',
    ]),
  },
  {
    id: 'OTLP-H15',
    level: 'MAY',
    rule: 'CORS for browsers, where it is switched on',
    section: '',
    shown: tests([
      'gateway/guard/servers.test.ts',
      'is told that pages of an allowed origin may send, without credentials',
    ]),
  },
];
