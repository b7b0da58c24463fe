/** What leaves, judged by protobuf.js and by the gateway's own decoder; the mark of a CLOSE. */
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../test/support/random.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { encodeRequest, requestType } from '../decode/testdata/otlp.ts';
import { decodeCloseMark, encodeCloseMark } from './close-mark.ts';
import { emissionOf } from './emission.ts';
import type { Closing } from './intake.ts';
import { decodedLogs, decodedRows, resourcesOf, zeroSeconds } from './testdata/decoded.ts';
import { createIntake } from './testdata/intakes.ts';
import { datagrams } from './testdata/load.ts';
import { datadogWrapper } from './wrap/datadog.ts';
import { wrapSettingsDefault } from './wrap/settings.ts';

const seed = 1 + (Date.now() % 1_000_000);
const nowNs = BigInt(zeroSeconds) * 1_000_000_000n;
const wrapper = datadogWrapper(wrapSettingsDefault);

function emit(closing: Closing, bytesMax = 1e7) {
  const counts = { series: 0, points: 0, failed: 0, lastFailure: '' };
  return { counts, ...emissionOf(closing, wrapper, counts, bytesMax) };
}

function closingOf(load: readonly Uint8Array[]): Closing {
  const intake = createIntake();
  for (const [position, bytes] of load.entries()) intake.fold(position, nowNs, bytes);
  return intake.close(nowNs + 20_000_000_000n);
}

describe('bodies of metrics', () => {
  it(`are taken by the gateway, every point of them (seed ${seed})`, () => {
    const { counts, metrics } = emit(closingOf(datagrams(300, 700, seed)));
    const blocks = createOpenBlocks();
    const results = metrics.map((body) =>
      decodeInto(blocks, { signal: 'metrics', contentType: 'protobuf', body, receivedAtNs: nowNs }),
    );
    const accepted = results.map((one) => (one.outcome === 'decoded' ? one.accepted : 0));
    expect(results.every((one) => one.outcome === 'decoded' && one.rejected === 0)).toBe(true);
    expect(results.every((one) => one.outcome === 'decoded' && one.hasOwnTimes)).toBe(true);
    expect([counts.failed, accepted.reduce((sum, one) => sum + one, 0)]).toEqual([
      0,
      counts.points,
    ]);
    expect(blocks.rowCount()).toBe(counts.points);
  });

  it('are what protobuf.js writes of the same message', () => {
    const [body] = emit(closingOf(datagrams(100, 60, 1))).metrics;
    const type = requestType('metrics');
    const again = encodeRequest('metrics', type.toObject(type.decode(body!), { longs: String }));
    // Fields may stand in another order, so what is compared is what both say.
    expect(type.decode(again)).toEqual(type.decode(body!));
    expect(again.length).toBe(body!.length);
  });

  it('hold about as many bytes as they may, and all points between them', () => {
    const closing = closingOf(datagrams(300, 700, seed));
    const whole = decodedRows(emit(closing).metrics);
    for (const bytesMax of [1, 500, 20_000]) {
      const { metrics } = emit(closing, bytesMax);
      expect(decodedRows(metrics)).toEqual(whole);
      const largest = Math.max(...metrics.map((body) => body.length));
      expect(largest).toBeLessThan(bytesMax + 25_000);
      expect(metrics.length).toBeGreaterThan(1);
    }
  });

  it('have at most 1,024 members of a set, those with the least hashes', () => {
    const intake = createIntake();
    for (let index = 0; index < 3000; index += 1) {
      intake.fold(index, nowNs, Buffer.from(`s:user-${index}|s`));
    }
    const closing = intake.close(nowNs + 20_000_000_000n);
    const [resource] = resourcesOf(emit(closing).metrics[0]!);
    const point = resource!['scope_metrics'][0].metrics[0].gauge.data_points[0];
    const hashes = point.exemplars.map((one: { as_double: number }) => one.as_double);
    const set = closing.windows[0]!.series[0]!;
    expect([point.as_double, hashes.length]).toEqual([3000, 1024]);
    expect(hashes).toEqual(set.type === 'set' ? [...set.members].slice(0, 1024) : []);
    expect(hashes.every(Number.isSafeInteger)).toBe(true);
    // From the least hashes the size can be told: what README.md says of unions.
    const estimate = 1023 / (hashes.at(-1) / 2 ** 53);
    expect(Math.abs(estimate / 3000 - 1)).toBeLessThan(0.1);
  });
});

describe('bodies of logs', () => {
  const tags = '#service:shop,a:1,host:h2';
  const lines = [
    `_e{5,4}:title|text|t:error|p:low|k:key|s:src|d:1700000000|h:h1|${tags}|c:ci-f`,
    '_e{5,0}:title|',
    '_sc|up|1|m:slow|#env:prod,b|h:h3|d:1700000001',
    '_sc|up|3',
  ];

  it('have events and checks as records with typed attributes, in the order they came', () => {
    const intake = createIntake();
    for (const [position, line] of lines.entries()) {
      intake.fold(position, nowNs, Buffer.from(line));
    }
    const { logs } = emit(intake.close(nowNs));
    const common = { observed_time_unix_nano: String(nowNs), time_unix_nano: String(nowNs) };
    expect(decodedLogs(logs)).toEqual([
      {
        ...common,
        time_unix_nano: '1700000000000000000',
        severity_number: 17,
        severity_text: 'error',
        event_name: 'dogstatsd.event',
        body: { string_value: 'text' },
        attributes: {
          a: '1',
          'dogstatsd.event.title': 'title',
          'dogstatsd.event.priority': 'low',
          'dogstatsd.event.alert_type': 'error',
          'dogstatsd.event.aggregation_key': 'key',
          'dogstatsd.event.source_type': 'src',
        },
        resource: { 'container.id': 'f', 'host.name': 'h1', 'service.name': 'shop' },
      },
      {
        ...common,
        severity_number: 9,
        severity_text: 'info',
        event_name: 'dogstatsd.event',
        body: { string_value: 'title' },
        attributes: {
          'dogstatsd.event.title': 'title',
          'dogstatsd.event.priority': 'normal',
          'dogstatsd.event.alert_type': 'info',
        },
        resource: {},
      },
      {
        ...common,
        time_unix_nano: '1700000001000000000',
        severity_number: 13,
        severity_text: 'warning',
        event_name: 'dogstatsd.service_check',
        body: { string_value: 'slow' },
        attributes: {
          b: '',
          'dogstatsd.service_check.name': 'up',
          'dogstatsd.service_check.status': 1,
        },
        resource: { 'deployment.environment.name': 'prod', 'host.name': 'h3' },
      },
      {
        ...common,
        severity_text: 'unknown',
        event_name: 'dogstatsd.service_check',
        body: { string_value: 'up' },
        attributes: { 'dogstatsd.service_check.name': 'up', 'dogstatsd.service_check.status': 3 },
        resource: {},
      },
    ]);
  });

  it('are taken by the gateway, and in several pieces when they are large', () => {
    const intake = createIntake({ isOriginUsed: false });
    for (let index = 0; index < 200; index += 1) {
      intake.fold(index, nowNs, Buffer.from(lines[index % lines.length]!));
    }
    const closing = intake.close(nowNs);
    const { logs } = emit(closing, 2000);
    const blocks = createOpenBlocks();
    for (const body of logs) {
      expect(body.length).toBeLessThan(2500);
      const input = { signal: 'logs', contentType: 'protobuf', body, receivedAtNs: nowNs } as const;
      expect(decodeInto(blocks, input)).toMatchObject({ outcome: 'decoded', rejected: 0 });
    }
    expect([blocks.rowCount(), decodedLogs(logs)]).toEqual([200, decodedLogs(emit(closing).logs)]);
    expect(decodedLogs(logs)[0]!['resource']).not.toHaveProperty(['container.id']);
  });
});

describe('the mark of a CLOSE', () => {
  const mark = {
    closedBeforeNs: 1_700_000_000_000_000_000n,
    foldedUpTo: 2 ** 52,
    carried: [
      { key: 'a|g|b:1||||', value: -1.5, lastNs: 5n },
      { key: 'é|g|', value: 1e300, lastNs: 2n ** 60n },
    ],
  };

  it('is read as it was written', () => {
    expect(decodeCloseMark(encodeCloseMark(mark))).toEqual(mark);
    expect(decodeCloseMark(encodeCloseMark({ ...mark, carried: [] }))).toEqual({
      ...mark,
      carried: [],
    });
  });

  it(`is none when bytes are missing, too many or damaged (seed ${seed})`, () => {
    const bytes = encodeCloseMark(mark);
    const random = seededRandom(seed);
    for (let size = 0; size < bytes.length; size += 1) {
      expect(decodeCloseMark(bytes.subarray(0, size))).toBeUndefined();
    }
    expect(decodeCloseMark(Buffer.concat([bytes, Buffer.of(0)]))).toBeUndefined();
    for (let round = 0; round < 2000; round += 1) {
      const damaged = Uint8Array.from(bytes);
      damaged[random.below(bytes.length)] = random.below(256);
      expect(() => decodeCloseMark(damaged)).not.toThrow();
    }
  });
});
