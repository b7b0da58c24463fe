/** The numbers of *Gateway* against plain arithmetic over the seeded points, on the real engine. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { type Asker, askerOf, findPanel } from '../../test/support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { certificateSeconds } from '../../test/support/seed-points.ts';
import { type Seeded, seedTelemetry } from '../../test/support/seed-telemetry.ts';

const seed = 7;
let engine: TestEngine;
let seeded: Seeded;
let ask: Asker['ask'];
let expandFor: Asker['expandFor'];
let panelRows: Asker['panelRows'];

beforeAll(async () => {
  engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  try {
    await migrate(clickhouse);
    seeded = await seedTelemetry(clickhouse, { endMs: systemClock.nowMs(), seed });
  } finally {
    await clickhouse.close();
  }
  ({ ask, expandFor, panelRows } = askerOf(engine.url, seeded));
}, 120_000);

afterAll(() => engine?.stop());

describe('numbers', () => {
  it('of the gateway are what it counted', async () => {
    expect(await panelRows('Gateway', 'Lost')).toEqual([{ Lost: 0 }]);
    expect(await panelRows('Gateway', 'Log used')).toEqual([{ 'Log used': 0.25 }]);
    const flow = await panelRows('Gateway', 'Received, durable, answered');
    // Three signals, 100 items each in 10 s; the first point has no step of its own.
    for (const row of flow.slice(1)) expect(Number(row['received'])).toBeCloseTo(30, 6);
    const refused = await panelRows('Gateway', 'Turned away, by reason');
    for (const row of refused.slice(1)) {
      expect(row['reason']).toBe('disk_budget');
      expect(Number(row['requests'])).toBeCloseTo(0.1, 6);
    }
    const latency = await panelRows('Gateway', 'Insert latency');
    // All values fall between 2.5 and 5 ms, so the median lies in the middle.
    for (const row of latency) expect(Number(row['p50'])).toBeCloseTo(0.00375, 9);
  });

  it('of the gateway name the worker, the table, the reason and the days left', async () => {
    const delays = await panelRows('Gateway', 'Event loop delay');
    expect(
      new Set(delays.map((row) => `${row['lane']} ${Number(row['delay']).toFixed(4)}`)),
    ).toEqual(new Set(['worker 0 0.0040', 'worker 1 0.0080']));
    const [certificate, ...more] = await panelRows('Gateway', 'Certificate lasts for');
    expect(more).toEqual([]);
    // A time range has whole seconds.
    expect(Number(certificate?.['Certificate'])).toBeCloseTo(certificateSeconds, -1);
    expect(await panelRows('Gateway', 'Tables that take no rows now')).toEqual([
      { Table: 'otel_red_1m', 'Lanes that wait': 2 },
    ]);
    expect(await panelRows('Gateway', 'Dead letters of this time range')).toEqual([
      { Table: 'otel_logs', 'Rows set aside': 3, Last: expect.anything() },
    ]);
    const steps = (seeded.toMs - seeded.fromMs) / 10_000 - 1;
    expect(await panelRows('Gateway', 'Turned away in this time range')).toEqual([
      {
        Reason: 'disk_budget',
        Transport: 'grpc',
        Requests: steps,
        'What to do': 'come back later',
      },
    ]);
  });

  it('of the certificate are none while TLS is off', async () => {
    const shiftMs = -10_800_000;
    const at = `fromUnixTimestamp64Milli(${seeded.toMs + shiftMs - 60_000})`;
    await ask(
      'INSERT INTO otel.otel_metrics_gauge (MetricName, TimeUnix, Value)' +
        ` VALUES ('obsctl.gateway.tls.not_after', ${at}, 0)`,
    );
    expect(await panelRows('Gateway', 'Certificate lasts for', { shiftMs })).toEqual([]);
  });

  it('of several gateways take the one that is worst, and do not add ages', async () => {
    const shiftMs = -7_200_000;
    const at = `fromUnixTimestamp64Milli(${seeded.toMs + shiftMs - 60_000})`;
    const point = (name: string, id: string, value: number): string =>
      `('${name}', {'service.instance.id': '${id}'}, ${at}, ${value})`;
    await ask(
      'INSERT INTO otel.otel_metrics_gauge (MetricName, ResourceAttributes, TimeUnix, Value)' +
        ` VALUES ${point('obsctl.gateway.lag', 'a', 5)}, ${point('obsctl.gateway.lag', 'b', 7)},` +
        ` ${point('obsctl.gateway.clickhouse.up', 'a', 1)},` +
        ` ${point('obsctl.gateway.clickhouse.up', 'b', 0)}`,
    );
    const lag = await panelRows('Gateway', 'Lag', { shiftMs });
    expect(lag.map((row) => row['lag'])).toEqual([7]);
    expect(await panelRows('Gateway', 'ClickHouse', { shiftMs })).toEqual([
      { ClickHouse: 'does not answer' },
    ]);
  });

  it('of what is lost see a counter that appears for the first time', async () => {
    const shiftMs = -3_600_000;
    const began = `fromUnixTimestamp64Milli(${seeded.fromMs - 86_400_000})`;
    const at = `fromUnixTimestamp64Milli(${seeded.toMs + shiftMs - 60_000})`;
    await ask(
      'INSERT INTO otel.otel_metrics_sum (MetricName, StartTimeUnix, TimeUnix, Value,' +
        ` AggregationTemporality) SELECT 'obsctl.gateway.dropped.items', ${began}, ${at}, 5, 2`,
    );
    expect(await panelRows('Gateway', 'Lost', { shiftMs })).toEqual([{ Lost: 5 }]);
    const later = { shiftMs: shiftMs + 25 * 60_000 };
    expect(await panelRows('Gateway', 'Lost', later)).toEqual([{ Lost: 0 }]);
  });

  it('of the proof compare receipts with rows that are found, and see a missing one', async () => {
    const proof = await panelRows('Gateway', 'Acknowledged and found again');
    expect(proof).toEqual([
      expect.objectContaining({ Table: 'otel_logs', Found: seeded.logs.length, Proof: 'equal' }),
      expect.objectContaining({ Table: 'otel_traces', Found: seeded.spans.length, Proof: 'equal' }),
    ]);
    const bySignal = await panelRows('Gateway', 'Proof by signal');
    const [of, spans] = [seeded.logs.length, seeded.spans.length];
    expect(bySignal).toEqual([
      {
        Signal: 'logs',
        Received: of,
        'Left out': 0,
        Logged: of,
        Stored: of,
        'Rolled up': null,
        Proof: 'equal',
      },
      {
        Signal: 'traces',
        Received: spans,
        'Left out': 0,
        Logged: spans,
        Stored: spans,
        'Rolled up': spans,
        Proof: 'equal',
      },
    ]);
    const [dashboard, panel] = findPanel('Gateway', 'Acknowledged and found again');
    const one = panel.targets?.[0]?.rawSql.replace('sum(Rows) AS rows', 'sum(Rows) + 1 AS rows');
    const short = await ask(expandFor(dashboard, one ?? ''));
    expect(short.map((row) => row['Proof'])).toEqual(['missing', 'missing']);
  });
});
