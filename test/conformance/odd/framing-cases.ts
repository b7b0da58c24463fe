/** HTTP that no library sends: what smuggling, broken proxies and wrong ports look like (F30). */
import { goodTraces, http, type OddCase, raw } from './case.ts';

const length = goodTraces().length;
/** Ten bytes without a line end, unlike those of a time: a server that reads on waits for one. */
const unknownField = Buffer.from('\x7a\x0axxxxxxxxxx', 'latin1');
const type = 'Content-Type: application/x-protobuf';
const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const post = 'POST /v1/traces HTTP/1.1';
const host = 'Host: 127.0.0.1';
const sized = `Content-Length: ${length}`;
const chunked = 'Transfer-Encoding: chunked';

function chunks(body: Uint8Array, size = body.length.toString(16), end = '0\r\n\r\n'): Buffer {
  return Buffer.concat([Buffer.from(`${size}\r\n`), body, Buffer.from(`\r\n${end}`)]);
}

const many = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `X-Header-${index}: value`);

/** A request inside the body of another, as a smuggler writes it. */
const inner = 'GET /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

export const framingCases: readonly OddCase[] = [
  raw('framing-no-host', head(post, type, sized), goodTraces()),
  raw('framing-two-hosts', head(post, host, 'Host: other', type, sized), goodTraces()),
  raw('framing-empty-host', head(post, 'Host:', type, sized), goodTraces()),
  raw('framing-host-of-garbage', head(post, 'Host: a b', type, sized), goodTraces()),
  http('framing-http-1.0', { version: 'HTTP/1.0' }),
  http('framing-http-1.0-keep-alive', { version: 'HTTP/1.0', headers: ['Connection: keep-alive'] }),
  http('framing-http-1.2', { version: 'HTTP/1.2' }),
  http('framing-http-3.0', { version: 'HTTP/3.0' }),
  http('framing-http-0.9', { version: 'HTTP/0.9' }),
  http('framing-no-version', { version: '' }),
  http('framing-version-of-garbage', { version: 'HTTP/one' }),
  http('framing-connection-close', { headers: ['Connection: close'] }),
  raw('framing-chunked', head(post, host, type, chunked), chunks(goodTraces())),
  raw(
    'framing-chunked-upper-case',
    head(post, host, type, 'Transfer-Encoding: CHUNKED'),
    chunks(goodTraces()),
  ),
  raw(
    'framing-chunk-extension',
    head(post, host, type, chunked),
    chunks(goodTraces(), `${length.toString(16)};a=b`),
  ),
  raw(
    'framing-chunk-leading-zeros',
    head(post, host, type, chunked),
    chunks(goodTraces(), `000${length.toString(16)}`),
  ),
  raw(
    'framing-chunk-trailer',
    head(post, host, type, chunked),
    chunks(goodTraces(), undefined, '0\r\nX-Sum: 1\r\n\r\n'),
  ),
  raw(
    'framing-chunk-trailer-of-length',
    head(post, host, type, chunked),
    chunks(goodTraces(), undefined, '0\r\nContent-Length: 9\r\n\r\n'),
  ),
  raw(
    'framing-chunk-size-0x',
    head(post, host, type, chunked),
    chunks(goodTraces(), `0x${length.toString(16)}`),
  ),
  raw('framing-chunk-size-negative', head(post, host, type, chunked), chunks(goodTraces(), '-1')),
  raw('framing-chunk-size-of-garbage', head(post, host, type, chunked), chunks(goodTraces(), 'zz')),
  raw('framing-chunk-size-empty', head(post, host, type, chunked), chunks(goodTraces(), '')),
  raw(
    'framing-chunk-size-huge',
    head(post, host, type, chunked),
    chunks(goodTraces(), 'fffffffffffffffff'),
  ),
  raw(
    'framing-chunk-size-space',
    head(post, host, type, chunked),
    chunks(goodTraces(), `${length.toString(16)} `),
  ),
  raw('framing-chunk-longer-than-said', head(post, host, type, chunked), chunks(goodTraces(), '3')),
  raw(
    'framing-chunk-bare-newlines',
    head(post, host, type, chunked),
    Buffer.from(`${length.toString(16)}\n`),
    goodTraces(),
    '\n0\n\n',
  ),
  raw('framing-chunked-cut', head(post, host, type, chunked), chunks(goodTraces(), undefined, '')),
  raw('framing-chunked-and-length', head(post, host, type, sized, chunked), chunks(goodTraces())),
  raw(
    'framing-length-and-chunked-smuggled',
    head(post, host, type, 'Content-Length: 4', chunked),
    `0\r\n\r\n${inner}`,
  ),
  raw(
    'framing-chunked-twice',
    head(post, host, type, 'Transfer-Encoding: chunked, chunked'),
    chunks(goodTraces()),
  ),
  raw(
    'framing-chunked-in-two-headers',
    head(post, host, type, chunked, chunked),
    chunks(goodTraces()),
  ),
  raw(
    'framing-transfer-gzip',
    head(post, host, type, 'Transfer-Encoding: gzip, chunked'),
    chunks(goodTraces()),
  ),
  raw(
    'framing-transfer-identity',
    head(post, host, type, sized, 'Transfer-Encoding: identity'),
    goodTraces(),
  ),
  raw(
    'framing-transfer-unknown',
    head(post, host, type, 'Transfer-Encoding: xchunked'),
    chunks(goodTraces()),
  ),
  raw(
    'framing-transfer-space-before-colon',
    head(post, host, type, 'Transfer-Encoding : chunked', sized),
    goodTraces(),
  ),
  raw(
    'framing-transfer-vertical-tab',
    head(post, host, type, 'Transfer-Encoding: \x0bchunked', sized),
    goodTraces(),
  ),
  raw(
    'framing-chunked-in-http-1.0',
    head('POST /v1/traces HTTP/1.0', host, type, chunked),
    chunks(goodTraces()),
  ),
  raw('framing-two-lengths', head(post, host, type, sized, 'Content-Length: 5'), goodTraces()),
  raw('framing-two-equal-lengths', head(post, host, type, sized, sized), goodTraces()),
  http('framing-length-list', { contentLength: `${length}, ${length}` }),
  http('framing-length-plus', { contentLength: `+${length}` }),
  http('framing-length-negative', { contentLength: '-1' }),
  http('framing-length-hex', { contentLength: `0x${length.toString(16)}` }),
  http('framing-length-fraction', { contentLength: `${length}.0` }),
  http('framing-length-empty', { contentLength: '' }),
  http('framing-length-leading-zeros', { contentLength: `000${length}` }),
  http('framing-length-2-to-63', { contentLength: '9223372036854775808' }),
  http('framing-length-30-mib', { contentLength: String(30 * 1024 ** 2) }),
  http('framing-length-70-mib', { contentLength: String(70 * 1024 ** 2) }),
  http('framing-no-length', { contentLength: null }),
  http('framing-length-longer-than-body', { contentLength: String(length + 10) }),
  http('framing-length-shorter-than-body', {
    body: Buffer.concat([goodTraces(), unknownField]),
    contentLength: String(length + 2),
  }),
  http('framing-folded-header', { headers: ['X-Folded: a', ' b'] }),
  http('framing-space-before-colon', { headers: ['X-Space : a'] }),
  http('framing-no-colon', { headers: ['X-Nothing'] }),
  http('framing-empty-name', { headers: [': value'] }),
  http('framing-nul-in-value', { headers: ['X-Nul: a\0b'] }),
  http('framing-carriage-return-in-value', { headers: ['X-Return: a\rb'] }),
  http('framing-8-bit-value', { headers: ['X-Eight: gr\xfc\xdfe'] }),
  http('framing-8-bit-name', { headers: ['X-\xfc: a'] }),
  http('framing-90-headers', { headers: many(90) }),
  http('framing-200-headers', { headers: many(200) }),
  http('framing-8-kb-header', { headers: [`X-Long: ${'x'.repeat(8_000)}`] }),
  http('framing-20-kb-header', { headers: [`X-Long: ${'x'.repeat(20_000)}`] }),
  http('framing-2-mb-header', { headers: [`X-Long: ${'x'.repeat(2_000_000)}`] }),
  raw('framing-bare-newlines', `${post}\n${host}\n${type}\n${sized}\n\n`, goodTraces()),
  raw('framing-newline-before', '\r\n', head(post, host, type, sized), goodTraces()),
  raw(
    'framing-many-newlines-before',
    '\r\n'.repeat(20),
    head(post, host, type, sized),
    goodTraces(),
  ),
  raw('framing-space-before', ' ', head(post, host, type, sized), goodTraces()),
  raw('framing-two-spaces', head('POST  /v1/traces HTTP/1.1', host, type, sized), goodTraces()),
  raw('framing-tabs', head('POST\t/v1/traces\tHTTP/1.1', host, type, sized), goodTraces()),
  http('framing-expect-continue', { headers: ['Expect: 100-continue'] }),
  http('framing-expect-unknown', { headers: ['Expect: a-miracle'] }),
  http('framing-upgrade-h2c', {
    headers: [
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ],
  }),
  http('framing-upgrade-websocket', { headers: ['Connection: Upgrade', 'Upgrade: websocket'] }),
  raw(
    'framing-http-2-preface',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  ),
  raw('framing-tls-hello', Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0])),
  raw('framing-garbage', 'hello\r\n\r\n'),
  raw('framing-nothing', ''),
  raw('framing-connect', head('CONNECT other.example:443 HTTP/1.1', 'Host: other.example:443')),
  raw(
    'framing-pipelined',
    head(post, host, type, sized),
    goodTraces(),
    head(post, host, type, sized),
    goodTraces(),
  ),
  raw('framing-pipelined-broken', head(post, host, type, sized), goodTraces(), 'nonsense\r\n\r\n'),
  raw(
    'framing-get-with-body-smuggled',
    head('GET /v1/traces HTTP/1.1', host, `Content-Length: ${inner.length}`),
    inner,
  ),
];
