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

const itemCount = 40;
const passesPerRound = 4;
const receivedAtNs = 1_795_003_200_000_000_000n;

const attributes = JSON.stringify([
  { key: 'service.name', value: { stringValue: 'warm' } },
  { key: 'text', value: { stringValue: 'a value of more than thirty-two bytes, é too' } },
  { key: 'number', value: { intValue: '1234567890123' } },
  { key: 'short', value: { intValue: 200 } },
  { key: 'double', value: { doubleValue: 0.25 } },
  { key: 'flag', value: { boolValue: true } },
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

/** One round: all bodies decoded, encoded and cleared. Call it until the code is compiled. */
export function warmer(): () => void {
  const bodies = (['traces', 'logs', 'metrics'] as const).map((signal) => ({
    signal,
    body: transcode(signal, new Uint8Array(Buffer.from(requestOf(signal)))).body,
  }));
  const blocks = createOpenBlocks();
  return () => {
    for (let pass = 0; pass < passesPerRound; pass += 1) {
      for (const { signal, body } of bodies) {
        decodeInto(blocks, { signal, contentType: 'protobuf', body, receivedAtNs });
      }
    }
    blocks.encode(0n);
    blocks.clear();
  };
}

/** A request of `signal` as JSON, with one of everything several times over. */
export function requestOf(signal: Signal): string {
  const word = { traces: 'Spans', logs: 'Logs', metrics: 'Metrics' }[signal];
  const list = { traces: 'spans', logs: 'logRecords', metrics: 'metrics' }[signal];
  const all = Array.from({ length: itemCount }, () => items[signal].join(',')).join(',');
  const scope = `{"scope":{"name":"warm","version":"1"},"${list}":[${all}]}`;
  const resource = `{"attributes":${attributes}}`;
  return `{"resource${word}":[{"resource":${resource},"scope${word}":[${scope}]}]}`;
}
