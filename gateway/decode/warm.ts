/**
 * Decoding that nobody waits for: cold code costs tens of milliseconds a thousand spans, and again
 * when a shape comes for the first time (the first span with an event), so a lane decodes one of
 * everything many times before it says that it is ready.
 *
 * Runs once a lane. Allocations per item: as the decoder's. Copies: as the decoder's. Owner: its
 * own blocks, which go with it. What it saves is in `decode.bench.ts`.
 */
import type { Signal } from '../answer.ts';
import { createOpenBlocks } from './blocks.ts';
import { decodeInto } from './decode.ts';
import { transcode } from './json/transcode.ts';
import { useCore } from './wasm/core.ts';

const signals = ['traces', 'logs', 'metrics'] as const;
const itemCount = 40;
const passesPerRound = 4;
const receivedAtNs = 1_795_003_200_000_000_000n;

const scalars = [
  { key: 'service.name', value: { stringValue: 'warm' } },
  { key: 'text', value: { stringValue: 'a value of more than thirty-two bytes, é too' } },
  { key: 'number', value: { intValue: '1234567890123' } },
  { key: 'short', value: { intValue: 200 } },
  { key: 'double', value: { doubleValue: 0.25 } },
  { key: 'flag', value: { boolValue: true } },
];
const attributes = JSON.stringify([
  ...scalars,
  { key: 'bytes', value: { bytesValue: 'AAEC' } },
  { key: 'list', value: { arrayValue: { values: [{ stringValue: '"' }, { intValue: 1 }] } } },
]);
const traceId = '5b8efff798038103d269b633813fc60c';
const ids = `"traceId":"${traceId}","spanId":"eee19b7ec3c1b174"`;
const times = '"startTimeUnixNano":"1795003199000000000","timeUnixNano":"1795003199000000001"';
const point = `${times},"attributes":${attributes},"exemplars":[{"asDouble":1,${ids}}]`;
const distribution = `{${point},"count":3,"sum":6,"min":1,"max":3`;

const items: Readonly<Record<Signal, readonly string[]>> = {
  traces: [
    `{${ids},"parentSpanId":"eee19b7ec3c1b173","name":"warm","kind":2,
      "startTimeUnixNano":"1795003199000000000","endTimeUnixNano":"1795003199500000000",
      "attributes":${attributes},"status":{"code":2,"message":"warm"},"flags":1}`,
    `{${ids},"name":"warm 2","kind":3,"startTimeUnixNano":"1795003198000000000",
      "attributes":${attributes},"links":[{${ids},"attributes":${attributes}}],
      "events":[{"timeUnixNano":"1795003198000000000","name":"e","attributes":${attributes}}]}`,
  ],
  logs: [
    `{"timeUnixNano":"1795003199000000000","severityNumber":9,"body":{"stringValue":"warm"},
      "attributes":${attributes},${ids},"flags":1}`,
    `{"observedTimeUnixNano":"1795003199000000000",
      "body":{"kvlistValue":{"values":${attributes}}}}`,
  ],
  metrics: [
    `{"name":"a","unit":"1","gauge":{"dataPoints":[{${point},"asDouble":1}]}}`,
    `{"name":"b","sum":{"isMonotonic":true,"dataPoints":[{${point},"asInt":"7"}]}}`,
    `{"name":"c","histogram":{"dataPoints":[${distribution},
      "bucketCounts":[1,1,1],"explicitBounds":[1,2]}]}}`,
    `{"name":"d","exponentialHistogram":{"dataPoints":[${distribution},
      "scale":2,"positive":{"offset":1,"bucketCounts":[1,2]}}]}}`,
    `{"name":"e","summary":{"dataPoints":[{${times},"attributes":${attributes},"count":1,"sum":2,
      "quantileValues":[{"quantile":0.5,"value":2}]}]}}`,
  ],
};

/** What the core takes, for the code around it. */
const ordinary: Readonly<Record<'traces' | 'logs', string>> = {
  traces: `{${ids},"name":"warm","kind":2,"startTimeUnixNano":"1795003199000000000",
    "endTimeUnixNano":"1795003199500000000","attributes":${JSON.stringify(scalars)}}`,
  logs: `{"timeUnixNano":"1795003199000000000","severityNumber":9,"body":{"stringValue":"warm"},
    "attributes":${JSON.stringify(scalars)},${ids}}`,
};

/**
 * One round: all bodies decoded, encoded and cleared. Call it until the code is compiled. What is
 * not ordinary is decoded without the core, which would otherwise begin by sparing itself.
 */
export function warmer(): () => void {
  const { everything, runs } = warmBodies();
  const blocks = createOpenBlocks();
  const decode = (bodies: readonly Body[]): void => {
    for (const body of bodies) {
      decodeInto(blocks, { ...body, contentType: 'protobuf', receivedAtNs });
    }
  };
  return () => {
    const core = useCore('plain');
    for (let pass = 0; pass < passesPerRound; pass += 1) decode(everything);
    useCore(core);
    for (let pass = 0; pass < passesPerRound; pass += 1) decode(runs);
    blocks.encode(0n);
    blocks.clear();
  };
}

/** One of everything, and what the core takes. */
export function warmBodies(): Readonly<Record<'everything' | 'runs', readonly Body[]>> {
  return {
    everything: signals.map((signal) => bodyOf(signal, items[signal])),
    runs: (['traces', 'logs'] as const).map((signal) => bodyOf(signal, [ordinary[signal]])),
  };
}

type Body = { readonly signal: Signal; readonly body: Uint8Array };

function bodyOf(signal: Signal, list: readonly string[]): Body {
  const json = new Uint8Array(Buffer.from(requestOf(signal, list)));
  return { signal, body: transcode(signal, json).body };
}

/** A request of `signal` as JSON, with the items of `list` several times over. */
function requestOf(signal: Signal, list: readonly string[]): string {
  const word = { traces: 'Spans', logs: 'Logs', metrics: 'Metrics' }[signal];
  const field = { traces: 'spans', logs: 'logRecords', metrics: 'metrics' }[signal];
  const all = Array.from({ length: itemCount }, () => list.join(',')).join(',');
  const scope = `{"scope":{"name":"warm","version":"1"},"${field}":[${all}]}`;
  const resource = `{"attributes":${attributes}}`;
  return `{"resource${word}":[{"resource":${resource},"scope${word}":[${scope}]}]}`;
}
