import { describe, expect, it } from '@jest/globals';
import { otlp } from '../decode/testdata/otlp.ts';
import { catalog, prometheusName } from './catalog.ts';
import { Counters, combine, counterLayout, createCounterMemory, slotOf } from './counters.ts';
import { LaneCounters } from './lane-counters.ts';
import { encodeMetrics } from './otlp.ts';
import { prometheusText } from './prometheus.ts';

const origin = { gatewayId: 'f'.repeat(32), version: '0.0.0', startedMs: 1_000 };

/** The request as an independent decoder reads it. */
function decoded(values: Float64Array): Record<string, unknown>[] {
  const type = otlp.lookupType(
    'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest',
  );
  const request = type.toObject(type.decode(encodeMetrics(values, 5_000, origin)), {
    longs: Number,
    defaults: true,
  });
  const [resource] = request['resource_metrics'] ?? request['resourceMetrics'];
  const [scope] = resource['scope_metrics'] ?? resource['scopeMetrics'];
  return scope.metrics;
}

describe('the catalog', () => {
  it('has every name once, in both spellings', () => {
    expect(new Set(catalog.map((metric) => metric.name)).size).toBe(catalog.length);
    expect(new Set(catalog.map(prometheusName)).size).toBe(catalog.length);
  });

  it('spells names for Prometheus with their unit, and counters as totals', () => {
    const spelled = catalog.map(prometheusName);
    expect(spelled).toContain('obsctl_gateway_received_items_total');
    expect(spelled).toContain('obsctl_gateway_wal_size_bytes');
    expect(spelled).toContain('obsctl_gateway_insert_duration_seconds');
    for (const name of spelled) expect(name).toMatch(/^[a-z_:][a-z0-9_:]*$/);
  });

  it('gives each series slots of its own', () => {
    const slots = counterLayout().series.map((series) => series.slot);
    expect(new Set(slots).size).toBe(slots.length);
  });
});

describe('counters', () => {
  it('add over lanes, while gauges follow their own rule', () => {
    const lanes = [createCounterMemory(), createCounterMemory()];
    lanes.forEach((memory, index) => {
      const counters = new LaneCounters(memory);
      counters.received('traces', 10);
      counters.gauge('obsctl.gateway.lag', index + 1);
      counters.gauge('obsctl.gateway.clickhouse.up', index);
    });
    const total = combine(lanes.map((memory) => new Float64Array(memory)));
    expect(total[slotOf('obsctl.gateway.received.items', 'traces')]).toBe(20);
    expect(total[slotOf('obsctl.gateway.lag')]).toBe(2);
    expect(total[slotOf('obsctl.gateway.clickhouse.up')]).toBe(0);
  });

  it('tell the event loop delay of each worker that there is, and of no other', () => {
    const workers = [createCounterMemory(), createCounterMemory()];
    workers.forEach((memory, index) => {
      new LaneCounters(memory).eventLoopDelay(index, index / 100);
    });
    const total = combine(workers.map((memory) => new Float64Array(memory)));
    const lines = prometheusText(total).split('\n');
    expect(lines.filter((line) => line.startsWith('nodejs_eventloop_delay_p99'))).toEqual([
      'nodejs_eventloop_delay_p99_seconds{obsctl_gateway_worker="0"} 0',
      'nodejs_eventloop_delay_p99_seconds{obsctl_gateway_worker="1"} 0.01',
    ]);
    const told = decoded(total).find(({ name }) => name === 'nodejs.eventloop.delay.p99');
    const points = JSON.stringify(told).match(/"as_?double":[\d.]+/gi);
    expect(points).toHaveLength(2);
    expect(points?.[1]).toMatch(/:0\.01$/);
  });

  it('count the lanes that wait for a table, and forget them', () => {
    const memory = createCounterMemory();
    const counters = new LaneCounters(memory);
    const slot = slotOf('obsctl.gateway.parked.lanes', 'otel_logs');
    counters.parked('otel_logs', true);
    counters.parked('otel_logs', true);
    counters.parked('otel_logs', false);
    expect(new Float64Array(memory)[slot]).toBe(1);
  });

  it('say ready only when no cause is left', () => {
    const memory = createCounterMemory();
    const counters = new LaneCounters(memory);
    counters.unready('starting', true);
    counters.unready('disk_error', true);
    counters.unready('starting', false);
    const values = new Float64Array(memory);
    expect(values[slotOf('obsctl.gateway.ready')]).toBe(0);
    counters.unready('disk_error', false);
    expect(values[slotOf('obsctl.gateway.ready')]).toBe(1);
  });
});

describe('/metrics', () => {
  it('has cumulative buckets that end in the count', () => {
    const counters = new Counters(createCounterMemory());
    const bounds = catalog.find(({ name }) => name === 'obsctl.gateway.insert.duration')?.bounds;
    const slot = slotOf('obsctl.gateway.insert.duration');
    for (const value of [0.001, 0.02, 100]) counters.observe(slot, bounds ?? [], value);
    const text = prometheusText(counters.values);
    const lines = text.split('\n').filter((line) => line.includes('insert_duration'));
    expect(lines).toContain('obsctl_gateway_insert_duration_seconds_bucket{le="0.001"} 1');
    expect(lines).toContain('obsctl_gateway_insert_duration_seconds_bucket{le="0.025"} 2');
    expect(lines).toContain('obsctl_gateway_insert_duration_seconds_bucket{le="30"} 2');
    expect(lines).toContain('obsctl_gateway_insert_duration_seconds_bucket{le="+Inf"} 3');
    expect(lines).toContain('obsctl_gateway_insert_duration_seconds_count 3');
    expect(lines).toContain('obsctl_gateway_insert_duration_seconds_sum 100.021');
  });
});

describe('the report by OTLP', () => {
  it('says what the counters say, and leaves out counters that never counted', () => {
    const counters = new Counters(createCounterMemory());
    counters.add(slotOf('obsctl.gateway.received.items', 'logs'), 7);
    const metrics = decoded(counters.values);
    const received = metrics.find((metric) => metric['name'] === 'obsctl.gateway.received.items');
    const text = JSON.stringify(received);
    expect(text).toContain('"logs"');
    expect(text).not.toContain('"traces"');
    expect(text).toMatch(/"as_?(double|int)":7\b/i);
    expect(metrics.map((metric) => metric['name'])).not.toContain('obsctl.gateway.durable.items');
    expect(metrics.map((metric) => metric['name'])).toContain('obsctl.gateway.lag');
  });
});
