/**
 * The fixed data set of the storage bench, written by the engine itself: every value is a hash of
 * its row number and a seed, so the same rows come out on every machine. Spans carry 12
 * attributes and 10 resource attributes, in traces of eight; ids are random, as ids are.
 */

/** Part of every hash: another seed is another data set. */
export const storageSeed = 20_260_307;

export type StorageCase = {
  readonly table: string;
  readonly rows: number;
  /** `SELECT` list and `FROM`, by name of the column. */
  readonly select: (rows: number) => string;
};

/** Middle of a day, so that a quarter of an hour of telemetry is one partition. */
const startSeconds = Date.UTC(2026, 2, 7, 12) / 1000;

/** A 64-bit hash of `row` that differs by `salt`. */
function hash(salt: string, row = 'number'): string {
  return `cityHash64(${row}, '${salt}', ${storageSeed})`;
}

function pick(list: readonly string[], salt: string, row = 'number'): string {
  const items = list.map((item) => `'${item}'`).join(', ');
  return `[${items}][1 + ${hash(salt, row)} % ${list.length}]`;
}

/** `digits` hexadecimal digits that no other row has. */
function hex(digits: 16 | 32, salt: string, row = 'number'): string {
  const half = `leftPad(lower(hex(${hash(salt, row)})), 16, '0')`;
  return digits === 16
    ? half
    : `concat(${half}, leftPad(lower(hex(${hash(`${salt}2`, row)})), 16, '0'))`;
}

const services = ['cart', 'checkout', 'frontend', 'payment', 'product', 'shipping', 'email', 'ads'];
const routes = ['/', '/cart', '/cart/{id}', '/checkout', '/product/{id}', '/search', '/user/{id}'];
const agents = ['Mozilla/5.0 (X11; Linux x86_64) Firefox/139.0', 'curl/8.14.1', 'okhttp/5.1.0'];

/** The service of a row, skewed as traffic is: half of it is the first two. */
function serviceOf(row = 'number'): string {
  const list = services.map((name) => `'${name}'`).join(', ');
  return `[${list}][1 + least(${hash('s1', row)} % 8, ${hash('s2', row)} % 8)]`;
}

function resourceMap(service: string, row = 'number'): string {
  const replica = `toString(${hash('replica', row)} % 5)`;
  return `map('service.name', ${service}, 'service.namespace', 'shop', 'service.version', '1.14.2',
    'service.instance.id', ${hex(32, 'instance', `(${service}, ${hash('replica', row)} % 5)`)},
    'deployment.environment.name', 'production', 'k8s.namespace.name', 'shop',
    'k8s.pod.name', concat(${service}, '-7d9f8b6c5-', ${replica}),
    'k8s.node.name', concat('node-', ${replica}), 'telemetry.sdk.language', 'nodejs',
    'host.arch', 'amd64')`;
}

function spanMap(): string {
  const status = `if(${hash('status')} % 50 = 0, '500', '200')`;
  return `map('http.request.method', ${pick(['GET', 'GET', 'GET', 'POST'], 'method')},
    'http.route', ${pick(routes, 'route')}, 'http.response.status_code', ${status},
    'url.path', concat('/product/', toString(${hash('path')} % 5000)), 'url.scheme', 'https',
    'server.address', concat(${serviceOf()}, '.shop.svc'), 'server.port', '8080',
    'client.address', concat('10.1.', toString(${hash('ip')} % 250), '.',
      toString(${hash('ip2')} % 250)),
    'user_agent.original', ${pick(agents, 'agent')}, 'network.protocol.version', '1.1',
    'thread.id', toString(${hash('thread')} % 32),
    'enduser.id', toString(${hash('user')} % 50000))`;
}

/** Nanoseconds of the row: evenly through a quarter of an hour, a little out of order. */
function timeOf(rows: number, row = 'number'): string {
  const stepNs = Math.floor(900e9 / rows);
  const startNs = `${startSeconds}000000000`;
  const jitterNs = `${hash('jitter', row)} % 5000000`;
  return `fromUnixTimestamp64Nano(toInt64(${startNs} + ${row} * ${stepNs} + ${jitterNs}))`;
}

function spans(rows: number): string {
  const error = `(${hash('status')} % 50 = 0)`;
  return `SELECT ${timeOf(rows)} AS Timestamp, ${hex(32, 'trace', 'intDiv(number, 8)')} AS TraceId,
    ${hex(16, 'span')} AS SpanId,
    if(number % 8 = 0, '', ${hex(16, 'span', '(number - 1)')}) AS ParentSpanId,
    ${pick(routes, 'route')} AS SpanName,
    ${pick(['Server', 'Client', 'Internal'], 'kind')} AS SpanKind,
    ${serviceOf()} AS ServiceName, ${resourceMap(serviceOf())} AS ResourceAttributes,
    '@opentelemetry/instrumentation-http' AS ScopeName, '0.301.0' AS ScopeVersion,
    ${spanMap()} AS SpanAttributes,
    toUInt64(exp2(18 + ${hash('duration')} % 1000 / 100.)) + ${hash('ns')} % 100000 AS Duration,
    if(${error}, 'Error', 'Unset') AS StatusCode,
    if(${error}, 'connect ECONNREFUSED', '') AS StatusMessage,
    if(${error}, [Timestamp], []) AS \`Events.Timestamp\`,
    if(${error}, ['exception'], []) AS \`Events.Name\`,
    if(${error}, [map('exception.type', 'Error', 'exception.message', 'connect ECONNREFUSED')],
      CAST([], 'Array(Map(String, String))')) AS \`Events.Attributes\`,
    257 AS SpanFlags, 1 AS SamplingWeight, 1 + intDiv(number, 50000) AS Seal FROM numbers(${rows})`;
}

function logRecords(rows: number): string {
  const words = [
    'order placed for user',
    'cache miss for key',
    'request finished in',
    'retrying call',
  ];
  return `SELECT ${timeOf(rows)} AS Timestamp, Timestamp AS ObservedTimestamp,
    if(${hash('traced')} % 4 = 0, '', ${hex(32, 'trace', 'intDiv(number, 8)')}) AS TraceId,
    if(TraceId = '', '', ${hex(16, 'span')}) AS SpanId, 1 AS TraceFlags, 1 AS LogFlags,
    ${pick(['INFO', 'INFO', 'INFO', 'DEBUG', 'WARN', 'ERROR'], 'severity')} AS SeverityText,
    transform(SeverityText, ['DEBUG', 'INFO', 'WARN', 'ERROR'], [5, 9, 13, 17], 0)
      AS SeverityNumber,
    ${serviceOf()} AS ServiceName, ${resourceMap(serviceOf())} AS ResourceAttributes,
    concat(${pick(words, 'words')}, ' ', toString(${hash('who')} % 50000), ' in ',
      toString(${hash('ms')} % 900), ' ms') AS Body, 'String' AS BodyType,
    'winston' AS ScopeName, 1 AS SamplingWeight, 1 + intDiv(number, 50000) AS Seal,
    map('code.function.name', ${pick(routes, 'route')}, 'thread.id',
      toString(${hash('thread')} % 32),
      'request.id', ${hex(16, 'request')}) AS LogAttributes FROM numbers(${rows})`;
}

/** A thousand series, each with a point every ten seconds. */
const seriesCount = 1000;

function points(rows: number, name: string, columns: string): string {
  const series = `(number % ${seriesCount})`;
  const time = `${startSeconds}000000000 + intDiv(number, ${seriesCount}) * 10000000000`;
  return `SELECT ${resourceMap(serviceOf(series), series)} AS ResourceAttributes,
    ${serviceOf(series)} AS ServiceName, '@opentelemetry/host-metrics' AS ScopeName,
    concat('${name}.', toString(${hash('metric', series)} % 20)) AS MetricName,
    'How long it took' AS MetricDescription, 'ms' AS MetricUnit,
    map('http.route', ${pick(routes, 'route', series)}, 'series', toString(${series}))
      AS Attributes,
    fromUnixTimestamp64Nano(toInt64(${startSeconds}000000000)) AS StartTimeUnix,
    fromUnixTimestamp64Nano(toInt64(${time} + ${hash('scrape', series)} % 1000000000)) AS TimeUnix,
    1 + intDiv(number, 50000) AS Seal, ${columns} FROM numbers(${rows})`;
}

const bucketCounts = 'arrayMap(i -> toUInt64(cityHash64(number, i) % 9), range(12))';
const histogramColumns = `arraySum(${bucketCounts}) AS Count, Count * 13.25 AS Sum,
  0.5 AS Min, 900.25 AS Max, 2 AS AggregationTemporality,
  true AS HasSum, true AS HasMin, true AS HasMax`;

const gaugeColumns = `${hash('value')} % 100000 / 100. AS Value, 'Double' AS ValueType`;

const sumColumns = `toFloat64(intDiv(number, ${seriesCount}) * 37 + ${hash('value')} % 37) AS Value,
  toInt64(Value) AS ValueInt, 'Int' AS ValueType, true AS IsMonotonic, 2 AS AggregationTemporality`;

const explicitColumns = `${histogramColumns}, ${bucketCounts} AS BucketCounts,
  [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500] AS ExplicitBounds`;

const exponentialColumns = `${histogramColumns}, 3 AS Scale, 40 AS PositiveOffset,
  ${bucketCounts} AS PositiveBucketCounts`;

const summaryColumns = `${hash('count')} % 900 AS Count, Count * 7.5 AS Sum,
  [0.5, 0.9, 0.99] AS \`ValueAtQuantiles.Quantile\`,
  [${hash('q')} % 90 / 2., ${hash('q')} % 90 / 1., ${hash('q')} % 90 * 4.]
    AS \`ValueAtQuantiles.Value\``;

function traceRanges(rows: number): string {
  const start = `toDateTime(${startSeconds} + intDiv(number * 900, ${rows}))`;
  return `SELECT ${hex(32, 'trace')} AS TraceId, ${start} AS Start,
    Start + ${hash('length')} % 3 AS End FROM numbers(${rows})`;
}

function redSeconds(rows: number): string {
  const buckets = 'range(toUInt16(144 + number % 7), toUInt16(150 + number % 7))';
  return `SELECT toDateTime(${startSeconds} + intDiv(number, 56)) AS Time,
    [${services.map((name) => `'${name}'`).join(', ')}][1 + number % 8] AS ServiceName,
    [${routes.map((name) => `'${name}'`).join(', ')}][1 + intDiv(number, 8) % 7] AS SpanName,
    'Server' AS SpanKind, 'Unset' AS StatusCode,
    arrayMap(i -> toUInt64(1 + cityHash64(number, i) % 20), range(6)) AS \`Buckets.Count\`,
    ${buckets} AS \`Buckets.Index\`, arraySum(\`Buckets.Count\`) AS Count,
    Count * (900000 + ${hash('sum')} % 900000) AS DurationSum,
    250000 + ${hash('min')} % 20000 AS DurationMin,
    9000000 + ${hash('max')} % 900000 AS DurationMax,
    1 + intDiv(number, 5000) AS Seal FROM numbers(${rows})`;
}

function sealReceipts(rows: number): string {
  return `SELECT toDateTime64(${startSeconds} + number / 4, 3) AS Time, 'gateway-0' AS Gateway,
    ${hex(32, 'lane', '(number % 2)')} AS Lane, ${hex(32, 'seal', 'intDiv(number, 4)')} AS SealId,
    ${hash('seal', 'intDiv(number, 4)')} AS Seal,
    ['otel_traces', 'otel_logs', 'otel_red_1s', 'otel_metrics_sum'][1 + number % 4] AS \`Table\`,
    '2026-03-07' AS Partition, ${hash('rows')} % 90000 AS Rows, Rows * 548 AS Bytes,
    intDiv(number, 4) * 65536 AS FirstPosition, FirstPosition + 65536 AS LastPosition,
    toDateTime64(Time, 9) AS FirstEvent, toDateTime64(Time, 9) + 1 AS LastEvent
    FROM numbers(${rows})`;
}

export const storageCases: readonly StorageCase[] = [
  { table: 'otel_traces', rows: 100_000, select: spans },
  { table: 'otel_traces_trace_id_ts', rows: 50_000, select: traceRanges },
  { table: 'otel_logs', rows: 100_000, select: logRecords },
  { table: 'otel_metrics_gauge', rows: 50_000, select: (n) => points(n, 'load', gaugeColumns) },
  { table: 'otel_metrics_sum', rows: 50_000, select: (n) => points(n, 'requests', sumColumns) },
  {
    table: 'otel_metrics_histogram',
    rows: 50_000,
    select: (n) => points(n, 'duration', explicitColumns),
  },
  {
    table: 'otel_metrics_exponential_histogram',
    rows: 50_000,
    select: (n) => points(n, 'size', exponentialColumns),
  },
  { table: 'otel_metrics_summary', rows: 50_000, select: (n) => points(n, 'wait', summaryColumns) },
  { table: 'otel_red_1s', rows: 50_000, select: redSeconds },
  { table: 'obsctl_receipts', rows: 20_000, select: sealReceipts },
];
