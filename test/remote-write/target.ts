/**
 * A target to be scraped, that changes with every scrape: `/text` in OpenMetrics with everything
 * that has, `/native` in protobuf with native histograms, `/classic` a classic histogram alone, for
 * a Prometheus that makes custom buckets of those.
 */
import { createServer, type Server } from 'node:http';
import { exposition, type Family, protobufType, timestampOf } from './exposition.ts';

export type Target = {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** It goes away, in the middle of everything; harmless when it has gone. */
  readonly stop: () => Promise<void>;
};

const textType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

export async function startTarget(): Promise<Target> {
  const scrapes = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const count = (scrapes.get(path) ?? 0) + 1;
    scrapes.set(path, count);
    const page = pageOf(path, count, Date.now());
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': page?.type ?? '' });
    response.end(page?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the target has no port');
  return { address: `127.0.0.1:${address.port}`, stop: () => stop(server) };
}

type Page = { readonly type: string; readonly body: string | Buffer };

function pageOf(path: string, count: number, nowMs: number): Page | undefined {
  if (path === '/text') return { type: textType, body: textPage(count, nowMs) };
  if (path === '/classic') return { type: textType, body: classicPage(count, nowMs) };
  if (path !== '/native') return undefined;
  return { type: protobufType, body: exposition(nativeFamilies(count, nowMs)) };
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** 32 hexadecimal digits, another in every scrape and place. */
function traceId(count: number, place: number): string {
  return (count * 16 + place).toString(16).padStart(32, 'a');
}

function textPage(count: number, nowMs: number): string {
  const seconds = (nowMs / 1000).toFixed(3);
  const exemplar = (place: number, value: number): string =>
    `# {trace_id="${traceId(count, place)}",span_id="${'b'.repeat(16)}"} ${value} ${seconds}`;
  return `# TYPE shop_requests counter
# HELP shop_requests Requests, with "quotes" and a \\\\ in their help.
shop_requests_total{code="200",path="/a b"} ${count * 10} ${exemplar(0, 1)}
shop_requests_total{code="500",path="quote \\" slash \\\\ line \\n end"} ${count / 3}
# TYPE shop_sent_bytes counter
# UNIT shop_sent_bytes bytes
shop_sent_bytes_total 9007199254740993 # {} 5 ${seconds}
# TYPE shop_temperature_celsius gauge
# UNIT shop_temperature_celsius celsius
shop_temperature_celsius{room="küche 🌶"} ${-1.5 * count}
shop_temperature_celsius{room="void"} NaN
shop_temperature_celsius{room="sun"} +Inf
shop_temperature_celsius{room="least"} 5e-324
shop_temperature_celsius{room="zero"} -0
# TYPE shop_basket histogram
${classicLines('shop_basket', count, exemplar)}
# TYPE shop_answer_seconds summary
# UNIT shop_answer_seconds seconds
shop_answer_seconds{quantile="0.5"} 0.0${count}
shop_answer_seconds{quantile="0.99"} ${count % 2 === 0 ? 'NaN' : '0.25'}
shop_answer_seconds_sum ${count * 0.1}
shop_answer_seconds_count ${count}
# TYPE shop_version info
shop_version_info{version="1.2.3"} 1
${flicker(count)}# EOF
`;
}

/** A series that comes and goes gets stale markers while its target lives. */
function flicker(count: number): string {
  return count % 4 === 0 ? '' : `# TYPE shop_flicker gauge\nshop_flicker ${count}\n`;
}

function classicPage(count: number, nowMs: number): string {
  const exemplar = (place: number, value: number): string =>
    `# {trace_id="${traceId(count, place)}"} ${value} ${(nowMs / 1000).toFixed(3)}`;
  return `# TYPE shop_wait histogram\n${classicLines('shop_wait', count, exemplar)}\n# EOF\n`;
}

function classicLines(
  name: string,
  count: number,
  exemplar: (place: number, value: number) => string,
): string {
  return `${name}_bucket{le="0.1"} ${count} ${exemplar(1, 0.05)}
${name}_bucket{le="1.0"} ${count * 2} ${exemplar(2, 0.5)}
${name}_bucket{le="+Inf"} ${count * 3}
${name}_sum ${count * 4.5}
${name}_count ${count * 3}`;
}

function nativeFamilies(count: number, nowMs: number): readonly Family[] {
  const exemplars = [0.7, 3.1].map((value, place) => ({
    label: [{ name: 'trace_id', value: traceId(count, 3 + place) }],
    value,
    timestamp: timestampOf(nowMs - 1 + place),
  }));
  const label = (value: string) => [{ name: 'kind', value }];
  // Counts of 1 and 2 below zero, 1 at it, and 1, 3, a gap, 2 and 4 above, each `count` times.
  const integers = {
    schema: 3,
    zero_threshold: 2 ** -128,
    zero_count: count,
    sample_count: count * 14,
    sample_sum: count * 5.25,
    negative_span: [{ offset: -4, length: 2 }],
    negative_delta: [count, count],
    positive_span: [
      { offset: -2, length: 2 },
      { offset: 3, length: 2 },
    ],
    positive_delta: [count, 2 * count, -count, 2 * count],
    exemplars,
  };
  return [
    {
      name: 'shop_native_seconds',
      help: 'Durations as a native histogram.',
      type: 'HISTOGRAM',
      unit: 'seconds',
      metric: [
        { label: label('integers'), histogram: integers },
        { label: label('empty'), histogram: { positive_span: [{ offset: 0, length: 0 }] } },
        {
          label: label('floats'),
          histogram: {
            ...{
              schema: 0,
              sample_count_float: 6 * count,
              sample_sum: 7.5,
              zero_count_float: count,
            },
            ...{
              positive_span: [{ offset: 0, length: 2 }],
              positive_count: [2 * count, 3 * count],
            },
          },
        },
        {
          label: label('halves'),
          histogram: {
            ...{ schema: 1, sample_count_float: 3.5, sample_sum: -7, zero_count_float: 0.5 },
            ...{ positive_span: [{ offset: -1, length: 2 }], positive_count: [1.25, 0.75] },
            ...{ negative_span: [{ offset: 2, length: 1 }], negative_count: [1] },
          },
        },
        {
          label: label('coarse'),
          histogram: {
            ...{ schema: -4, sample_count: count, sample_sum: -count, zero_threshold: 0.001 },
            ...{ negative_span: [{ offset: 1, length: 1 }], negative_delta: [count] },
          },
        },
      ],
    },
    {
      name: 'shop_queue',
      help: 'What waits: a histogram that is a gauge.',
      type: 'GAUGE_HISTOGRAM',
      metric: [
        {
          label: label('gauge'),
          histogram: {
            ...{ schema: 0, sample_count: 3 + (count % 2), sample_sum: 7, zero_count: count % 2 },
            ...{ positive_span: [{ offset: 0, length: 2 }], positive_delta: [1, 1] },
          },
        },
      ],
    },
    {
      name: 'shop_orders_total',
      help: 'Orders.',
      type: 'COUNTER',
      metric: [{ label: label('protobuf'), counter: { value: count, exemplar: exemplars[0] } }],
    },
  ];
}
