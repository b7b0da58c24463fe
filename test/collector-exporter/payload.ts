/**
 * OTLP in its JSON form with every kind of item and value, sent alike to us and to the Collector.
 * Each item names its case in the attribute `case`, by which rows of the two sides are paired.
 */
import type {
  AnyValue,
  KeyValue,
  LogRecord,
  Metric,
  Point,
  Request,
  Span,
} from '../conformance/otlp-json.ts';

export type Payload = {
  readonly traces: Request;
  readonly logs: Request;
  readonly metrics: Request;
};

/** One of the values is a time, so the whole payload hangs on the moment of the run. */
export function payloadOf(nowNs: bigint): Payload {
  return { traces: traces(nowNs), logs: logs(nowNs), metrics: metrics(nowNs) };
}

const traceId = '5b8efff798038103d269b633813fc60c';
const spanId = 'eee19b7ec3c1b174';

const text = (key: string, stringValue: string): KeyValue => ({ key, value: { stringValue } });
const named = (name: string, ...more: KeyValue[]): KeyValue[] => [text('case', name), ...more];

const nested: AnyValue = {
  kvlistValue: {
    values: [
      text('quote', 'a "b" \\ c\n<d> & e \u2028'),
      { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { doubleValue: 1.5 }] } } },
      { key: 'whole', value: { doubleValue: 2 } },
      { key: 'large', value: { doubleValue: 1e21 } },
      { key: 'small', value: { doubleValue: 1e-7 } },
      { key: 'long', value: { intValue: '9223372036854775807' } },
      { key: 'flag', value: { boolValue: false } },
      { key: 'bytes', value: { bytesValue: 'AAH+/w==' } },
      { key: 'none', value: {} },
      { key: 'map', value: { kvlistValue: { values: [text('z', '1'), text('a', '2')] } } },
    ],
  },
};

/** Every kind of value under a key of its own; the key is the case in a list of differences. */
const values: Readonly<Record<string, AnyValue>> = {
  empty: { stringValue: '' },
  unicode: { stringValue: 'žluťoučký 馬 🐎' },
  control: { stringValue: 'a\tb\nc\u0000d' },
  int_max: { intValue: '9223372036854775807' },
  int_min: { intValue: '-9223372036854775808' },
  yes: { boolValue: true },
  half: { doubleValue: 0.5 },
  whole: { doubleValue: 3 },
  minus_zero: { doubleValue: '-0' },
  large: { doubleValue: 1e21 },
  almost_large: { doubleValue: 123456789012345680000 },
  small: { doubleValue: 1e-7 },
  smaller: { doubleValue: 1.5e-10 },
  nan: { doubleValue: 'NaN' },
  infinite: { doubleValue: 'Infinity' },
  minus_infinite: { doubleValue: '-Infinity' },
  bytes: { bytesValue: 'AAH+/w==' },
  none: {},
  list: { arrayValue: { values: [{ stringValue: 'a' }, { boolValue: true }, nested] } },
  list_empty: { arrayValue: { values: [] } },
  map: nested,
  map_empty: { kvlistValue: { values: [] } },
};

const oddKeys: readonly KeyValue[] = [
  text('', 'empty key'),
  text('with space', 'x'),
  text('ключ', 'x'),
];

const resource = {
  attributes: [
    text('service.name', 'paired'),
    text('service.namespace', 'shop'),
    text('deployment.environment.name', 'test'),
    { key: 'process.pid', value: { intValue: '4711' } },
    { key: 'process.command_args', value: { arrayValue: { values: [{ stringValue: '-v' }] } } },
  ],
};

const scope = {
  name: 'io.shop.pay',
  version: '1.2.3',
  attributes: [text('tier', 'gold')],
  droppedAttributesCount: 2,
};

const schemas = {
  resource: 'https://opentelemetry.io/schemas/1.40.0',
  scope: 'https://opentelemetry.io/schemas/1.38.0',
};

function spanOf(nowNs: bigint, name: string, more: Span = {}, ...attributes: KeyValue[]): Span {
  return {
    traceId,
    spanId,
    name,
    kind: 2,
    startTimeUnixNano: String(nowNs),
    endTimeUnixNano: String(nowNs + 1_234_567n),
    attributes: named(name, ...attributes),
    ...more,
  };
}

function traces(nowNs: bigint): Request {
  const event = (index: number) => ({
    timeUnixNano: String(nowNs + BigInt(index)),
    name: `event ${index}`,
    attributes: Object.entries(values).map(([key, value]) => ({ key, value })),
    droppedAttributesCount: index,
  });
  const link = { traceId: traceId.toUpperCase(), spanId, traceState: 'a=1,b=2', flags: 257 };
  const twice = [text('key', 'first'), text('key', 'second')];
  const spans: Span[] = [
    spanOf(nowNs, 'whole', {
      parentSpanId: '0102030405060708',
      traceState: 'vendor=value',
      flags: 257,
      droppedAttributesCount: 1,
      droppedEventsCount: 2,
      droppedLinksCount: 3,
      status: { code: 2, message: 'it broke' },
      events: [event(0), event(1), {}],
      links: [{ ...link, attributes: [text('why', 'retry')], droppedAttributesCount: 4 }, {}],
    }),
    ...Object.entries(values).map(([key, value]) =>
      spanOf(nowNs, `value ${key}`, {}, { key, value }),
    ),
    spanOf(nowNs, 'odd keys', {}, ...oddKeys),
    spanOf(nowNs, 'a key twice', {}, ...twice),
    ...[0, 1, 3, 4, 5, 99].map((kind) => spanOf(nowNs, `kind ${kind}`, { kind })),
    ...[0, 1, 7].map((code) => spanOf(nowNs, `status ${code}`, { status: { code } })),
    spanOf(nowNs, 'no name', { name: '' }),
    spanOf(nowNs, 'no end', { endTimeUnixNano: '0' }),
    spanOf(nowNs, 'ends before it starts', { endTimeUnixNano: String(nowNs - 5n) }),
    spanOf(nowNs, 'no start', { traceId: 'a'.repeat(32), startTimeUnixNano: '0' }),
    spanOf(nowNs, 'later', {
      traceId: 'f'.repeat(32),
      startTimeUnixNano: String(nowNs + 9n ** 10n),
    }),
    spanOf(nowNs, 'no trace id', { traceId: '' }),
    spanOf(nowNs, 'no span id', { spanId: '' }),
    spanOf(nowNs - 400n * 86_400_000_000_000n, 'older than the retention', {
      traceId: 'b'.repeat(32),
    }),
  ];
  const unnamed = { attributes: [{ key: 'service.name', value: { intValue: '7' } }] };
  return {
    resourceSpans: [
      {
        resource,
        schemaUrl: schemas.resource,
        scopeSpans: [
          { scope, schemaUrl: schemas.scope, spans },
          { spans: [spanOf(nowNs, 'bare')] },
        ],
      },
      { resource: unnamed, scopeSpans: [{ spans: [spanOf(nowNs, 'a number as name')] }] },
      { resource: {}, scopeSpans: [{ scope, spans: [spanOf(nowNs, 'nobody')] }] },
    ],
  };
}

function logs(nowNs: bigint): Request {
  const timeUnixNano = String(nowNs);
  const observedTimeUnixNano = String(nowNs + 5n);
  const record = (name: string, more: LogRecord): LogRecord => ({
    timeUnixNano,
    observedTimeUnixNano,
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: name },
    attributes: named(name),
    ...more,
  });
  const logRecords: LogRecord[] = [
    record('whole', {
      traceId,
      spanId,
      flags: 1,
      eventName: 'order.placed',
      droppedAttributesCount: 3,
      attributes: named('whole', ...oddKeys),
    }),
    ...Object.entries(values).map(([key, body]) => record(`body ${key}`, { body })),
    ...Object.entries(values).map(([key, value]) =>
      record(`attribute ${key}`, { attributes: named(`attribute ${key}`, { key, value }) }),
    ),
    record('a key twice', {
      attributes: named('a key twice', text('key', 'first'), text('key', 'second')),
    }),
    record('no severity text', { severityText: '' }),
    record('no severity', { severityText: '', severityNumber: 0 }),
    record('own severity text', { severityText: 'Notice', severityNumber: 10 }),
    record('unknown severity', { severityText: '', severityNumber: 77 }),
    record('severity beyond a byte', { severityNumber: 300 }),
    record('flags beyond a byte', { flags: 0x1_01 }),
    record('no time', { timeUnixNano: '0' }),
    record('no time at all', { timeUnixNano: '0', observedTimeUnixNano: '0' }),
    record('half a context', { traceId, spanId: '' }),
  ];
  const bare = { logRecords: [record('bare', {})] };
  return {
    resourceLogs: [
      {
        resource,
        schemaUrl: schemas.resource,
        scopeLogs: [{ scope, schemaUrl: schemas.scope, logRecords }, bare],
      },
      { resource: {}, scopeLogs: [{ logRecords: [record('nobody', {})] }] },
    ],
  };
}

function metrics(nowNs: bigint): Request {
  const point = (name: string, more: Point = {}): Point => ({
    attributes: named(name, { key: 'shard', value: { intValue: '3' } }),
    startTimeUnixNano: String(nowNs - 60_000_000_000n),
    timeUnixNano: String(nowNs),
    ...more,
  });
  const exemplars = [
    {
      filteredAttributes: [text('user', 'u1'), { key: 'n', value: nested }],
      timeUnixNano: String(nowNs - 1n),
      asDouble: 0.25,
      traceId,
      spanId,
    },
    { timeUnixNano: String(nowNs - 2n), asInt: '9007199254740993' },
    {},
  ];
  const numbers = (more: Point = {}): Point[] => [
    point('double', { asDouble: 0.1, exemplars, ...more }),
    point('int', { asInt: '42' }),
    point('int beyond a double', { asInt: '9007199254740993' }),
    point('nan', { asDouble: 'NaN' }),
    point('infinite', { asDouble: 'Infinity' }),
    point('minus zero', { asDouble: '-0' }),
    point('no value', { flags: 1 }),
    point('no start', { asInt: '1', startTimeUnixNano: '0' }),
    point('no time', { asInt: '1', timeUnixNano: '0' }),
  ];
  const counted = { count: '6', sum: 21.5, min: 0.5, max: 9, exemplars };
  const described = { description: 'How long it took', unit: 'ms' };
  return {
    resourceMetrics: [
      {
        resource,
        schemaUrl: schemas.resource,
        scopeMetrics: [
          { scope, schemaUrl: schemas.scope, metrics: all(point, counted, numbers(), described) },
          { metrics: [{ name: 'bare', gauge: { dataPoints: [point('bare', { asInt: '1' })] } }] },
        ],
      },
    ],
  };
}

function all(
  point: (name: string, more?: Point) => Point,
  counted: Point,
  numbers: readonly Point[],
  described: Metric,
): Metric[] {
  const buckets = { bucketCounts: ['1', '2', '3'], explicitBounds: [1, 2.5] };
  const spread = {
    scale: -3,
    zeroCount: '1',
    zeroThreshold: 1e-9,
    positive: { offset: -2, bucketCounts: ['1', '0', '2'] },
    negative: { offset: 4, bucketCounts: ['2'] },
  };
  const quantileValues = [
    { quantile: 0, value: -1.5 },
    { quantile: 0.5, value: 2 },
    { quantile: 1, value: 'NaN' as unknown as number },
  ];
  return [
    { ...described, name: 'gauge', gauge: { dataPoints: numbers } },
    {
      ...described,
      name: 'sum',
      sum: { dataPoints: numbers, aggregationTemporality: 2, isMonotonic: true },
    },
    { name: 'delta', sum: { dataPoints: [point('delta', { asInt: '-3' })] } },
    {
      ...described,
      name: 'histogram',
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          point('whole', { ...counted, ...buckets }),
          point('without sum', { count: '6', ...buckets }),
          point('one bucket', { count: '6', sum: 1, bucketCounts: ['6'] }),
          point('no buckets', { count: '6', sum: 1 }),
          point('nothing', { flags: 1 }),
        ],
      },
    },
    {
      ...described,
      name: 'exponential',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          point('whole', { ...counted, ...spread }),
          point('without sum', { count: '6', ...spread }),
          point('nothing', { flags: 1 }),
        ],
      },
    },
    {
      ...described,
      name: 'summary',
      summary: {
        dataPoints: [
          point('whole', { count: '6', sum: 21.5, quantileValues }),
          point('nothing', { flags: 1 }),
        ],
      },
    },
  ];
}
