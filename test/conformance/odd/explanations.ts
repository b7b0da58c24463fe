/** Why an answer of ours is not the Collector's: one text for each reason in `answers.txt`. */
// biome-ignore format: a table reads as a table, one reason an entry
export const explanations: Readonly<Record<string, string>> = {
  details:
    'The same refusal. Ours carries a `BadRequest` detail that names the byte (OTLP-H6, SHOULD).',
  'status-body':
    "The same refusal. The body of ours is a `google.rpc.Status` in the request's own type, or in JSON where it has none (OTLP-H3, OTLP-H5); the Collector, or Go's HTTP library before it, answers in text or not at all. 405 and 415 also carry `Allow` and `Accept-Encoding`.",
  'bad-item':
    'An id of a wrong length rejects its item, told in `partial_success`; the others are stored. The Collector refuses the whole request (OTLP-C18).',
  'ids-required':
    'Spans without a trace id or span id, or with ids of zeros, are invalid by the data model and nobody could find them again: they are rejected in `partial_success`. The Collector passes them on. A log record needs no ids.',
  age: 'Items older than their table keeps, or more than a day ahead, would be dropped by ClickHouse or open a partition of their own: rejected in `partial_success`. The Collector does not look.',
  'too-large':
    'A body over the limit, on the wire or inflated, is 413 with RESOURCE_EXHAUSTED (OTLP-C3, MUST since 1.11), told as soon as the length is known. The Collector answers 400, or waits for the body.',
  limit:
    'Another default: ours is 64 MiB on both transports, as OTLP recommends; the Collector takes 20 MiB over HTTP and 4 MiB over gRPC.',
  'limit-headers':
    'Headers of a request may have 16 KiB and 100 names here; Go takes 1 MiB. OTLP clients send under 2 KiB.',
  depth:
    'Values nest 64 deep, JSON 512 deep, so that no body can exhaust the stack; deeper ones are malformed. The Collector goes on to 10 000.',
  'empty-compressed':
    'No bytes are taken for no telemetry whatever the encoding says; the Collector wants the header of a gzip or zlib stream.',
  'bytes-behind':
    'Bytes behind the end of a compressed body are refused; the Collector ignores them behind a zlib stream (and refuses them behind gzip and zstd).',
  'encoding-names':
    'Names of codings are compared without case, `x-gzip` is gzip and `identity` is none (RFC 9110, section 8.4.1). The Collector knows its own spellings only.',
  'encoding-unknown':
    'An encoding that we do not have is 415 with `Accept-Encoding` (RFC 9110, section 15.5.16); the Collector answers 400. Neither takes several encodings on top of each other.',
  lz4: 'LZ4 is not taken: no SDK and no exporter but the Collector’s own `otlp_http` offers it, and zstd is smaller at its speed.',
  'snappy-either':
    'Both formats of snappy are read under any of its names, as they can be told apart; the Collector does so for `snappy` over HTTP only.',
  'media-type-parameters':
    'Only the media type itself is compared (OTLP-H2), so parameters that are written wrongly do no harm. Go refuses the header.',
  'media-type-case': 'Media types have no case (RFC 9110, section 8.3.1).',
  'path-exact':
    'A path is compared as it came. Go cleans paths and redirects, which OTLP clients do not follow with their bodies; it also decodes `%74`.',
  'unknown-method':
    "Node's parser does not know the method, so it is not HTTP to it: 400 and the connection ends, instead of 405.",
  expect:
    "417 from both, by the HTTP libraries; Go's ends the connection, Node's adds its reason as text.",
  connect: 'Nothing here is a proxy: the connection ends.',
  'framing-strict':
    'Refused, and the connection ends: what two parsers may read differently is how requests are smuggled (F30). Go lets `Content-Length` with `Transfer-Encoding` through and answers the request inside the body.',
  'framing-other-code':
    "Both refuse and end the connection; 400 from Node's parser, 501 or 505 from Go's.",
  'framing-lenient':
    "Node's parser takes empty lines before a request (RFC 9112, section 2.2, SHOULD), two spaces in the request line, and does not look at the value of `Host`, which decides nothing here.",
  'owed-answer':
    'A whole request is followed by bytes that are none. While the answer to the first is still owed, an error could be taken for it; so the connection ends, and the sender sends the first one again, which is stored once.',
  'not-http': 'TLS on a port without it: told at once. The Collector waits for more.',
  'json-collector-500':
    'Malformed is 400 (OTLP-H6). The Collector answers 500 here: its reader panics and the panic is caught. A byte order mark is taken (RFC 8259 allows it).',
  'json-garbage-behind':
    'Bytes behind the document are malformed; the Collector reads the first document and ignores the rest, a second document too.',
  'json-null-document': 'A request is an object; `null` is none.',
  'json-null-element': 'proto3 JSON has no null inside a list.',
  'json-null-default':
    'null is the default of any field in proto3 JSON (OTLP-J7); the Collector refuses it for ids, enums and times.',
  'json-enum-names':
    'Enums are integers; names are not allowed (OTLP-J2, MUST). The Collector takes them.',
  'json-integral':
    '`1e3` and `1000.0` are the integer 1000 in proto3 JSON (OTLP-J7). The Collector wants digits. (The item is then rejected for being of 1970.)',
  'json-base64':
    'Both alphabets of base64, padded or not, are legal in proto3 JSON (OTLP-J7); the Collector takes one.',
  'json-inf': 'proto3 JSON spells it `Infinity`; Go’s parser of numbers also takes `inf`.',
  'json-warning':
    'A document in snake_case is one of unknown fields, so it is empty and answered as a success (OTLP-J4); we add a warning (OTLP-C9), because its sender loses everything silently.',
  'protobuf-groups':
    'Groups of unknown fields are skipped, as every version of protobuf asks (OTLP-C11).',
  'protobuf-wire-types':
    'A known field with another wire type is an unknown field to protobuf’s own parsers, and skipped; the Collector’s generated reader refuses the request.',
  'protobuf-tags':
    'A tag has 32 bits; protobuf’s own parsers refuse a longer one. The Collector drops the upper bits.',
  'grpc-answer-plain':
    'Our answers have no bytes worth compressing. The Collector compresses them as the request was, which gRPC allows.',
  'grpc-other-codecs':
    '`application/grpc+json` names another codec; we have protobuf only and say 415. grpc-go reads any subtype it does not know as protobuf.',
  'grpc-not-grpc':
    '415 from both. grpc-go adds a `grpc-status`, which a client that does not speak gRPC has no use for.',
  'grpc-deflate':
    'gRPC’s C core (Python, Ruby, PHP, C++) offers deflate; grpc-go does not know it.',
  'grpc-health': 'grpc.health.v1 is served for the probes of Kubernetes (OTLP-G10).',
  'grpc-http-status':
    'The same `grpc-status`. Ours comes with HTTP status 200, as gRPC over HTTP/2 asks of a call that has one; grpc-go sends 400 or 405 beside it.',
  'grpc-one-message':
    'A unary call carries one message; what comes behind it makes the call UNIMPLEMENTED (gRPC’s list of status codes), or telemetry would be answered OK and never read. grpc-go stops reading after the first.',
  'grpc-cut':
    'A message that is cut off or missing is the sender’s fault and will be the next time: INVALID_ARGUMENT, or UNIMPLEMENTED without any. UNKNOWN tells nothing; clients drop on all of them.',
  'grpc-bad-data':
    'Bad data is INVALID_ARGUMENT with a `BadRequest` detail (OTLP-G3). grpc-go says INTERNAL, which is our word for our own faults.',
  'grpc-metadata': 'Metadata that we do not read is not checked for being base64.',
};
