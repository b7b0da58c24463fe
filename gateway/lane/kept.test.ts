/** What sampling and redaction make of requests, from the lane to the rows of a real engine. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import type { TestLane } from '../../test/support/lane.ts';
import { nowhere, useLanes } from '../../test/support/lanes.ts';
import type { Answer, Signal } from '../answer.ts';
import type { Sampling } from '../decode/decode-types.ts';
import {
  bitsOf,
  writeRequestV1,
  writeRequestV2,
} from '../decode/remote-write/testdata/write-request.ts';
import { logBody, traceBody } from '../decode/testdata/load.ts';
import { encodeRequest, requestType } from '../decode/testdata/otlp.ts';
import { prove } from '../prove.ts';
import { Redaction } from '../redact/redaction.ts';
import { thresholdOf } from '../sampling/threshold.ts';
import type { Throttles } from '../sampling/throttle.ts';
import { createResendMemory, ResendTable } from './resend-table.ts';
import { Resends } from './resends.ts';

const hasty = { ...systemClock, sleep: async () => {} };
const nowNs = BigInt(Date.now()) * 1_000_000n;

const lanes = useLanes('kept');
const { open, drain } = lanes;

/** A throttle that stands still. */
function fixed(sampling: Sampling): Throttles {
  return { current: () => sampling, count: () => {} } as unknown as Throttles;
}

function submit(lane: TestLane, signal: Signal, body: Uint8Array): Promise<Answer> {
  const kind = { signal, transport: 'http', contentType: 'protobuf', tenant: '' } as const;
  return lane.lane.submit({ ...kind, contentEncoding: 'identity', wire: body, body });
}

function rows<Row>(query: string): Promise<readonly Row[]> {
  return lanes.clickhouse().rows<Row>(query.replaceAll('$', `${lanes.database()}.`));
}

type SentSpan = { readonly trace: string; readonly span: string; readonly isError: boolean };

// biome-ignore lint/suspicious/noExplicitAny: decoded messages have no type
type Any = Record<string, any>;

/** The spans of a request, by an independent decoder. */
function spansOf(body: Uint8Array): readonly SentSpan[] {
  const type = requestType('traces');
  const request: Any = type.toObject(type.decode(body), { arrays: true });
  return request['resource_spans']
    .flatMap((resource: Any) => resource['scope_spans'])
    .flatMap((scope: Any) => scope['spans'])
    .map((span: Any) => ({
      trace: Buffer.from(span['trace_id']).toString('hex'),
      span: Buffer.from(span['span_id']).toString('hex'),
      isError: span['status']?.code === 2,
    }));
}

const threshold = thresholdOf(0.2);

/** Whether a trace passes, by the words of the specification. */
function passes({ trace }: SentSpan): boolean {
  return BigInt(`0x${trace.slice(-14)}`) >= threshold;
}

async function storedSpans(): Promise<readonly string[]> {
  const found = await rows<{ id: string }>('SELECT SpanId AS id FROM $otel_traces ORDER BY id');
  return found.map(({ id }) => id);
}

const bodies = Array.from({ length: 6 }, (_, index) => traceBody(500, 100 + index, nowNs));
const sent = bodies.flatMap(spansOf);

describe('a lane that samples', () => {
  it('stores whole traces with their weight, and rates of everything that came', async () => {
    const lane = await open({ throttles: fixed({ threshold, keepsErrors: false }) });
    for (const body of bodies)
      expect(await submit(lane, 'traces', body)).toMatchObject({ outcome: 'stored' });
    await drain(lane);
    const kept = sent.filter(passes);
    expect(await storedSpans()).toEqual(kept.map(({ span }) => span).sort());
    expect(kept.length).toBeGreaterThan(sent.length * 0.1);
    const [weights] = await rows<{ low: number; high: number }>(
      'SELECT min(SamplingWeight) AS low, max(SamplingWeight) AS high FROM $otel_traces',
    );
    expect([weights?.low, weights?.high]).toEqual([expect.closeTo(5, 9), expect.closeTo(5, 9)]);
    const [rates] = await rows<{ spans: string; errors: string }>(
      "SELECT sum(Count) AS spans, sumIf(Count, StatusCode = 'Error') AS errors FROM $otel_red_1s",
    );
    const errors = sent.filter(({ isError }) => isError).length;
    expect([Number(rates?.spans), Number(rates?.errors)]).toEqual([sent.length, errors]);
  });

  it('is proved equal: what was left out stands in the receipts', async () => {
    const lane = await open({ throttles: fixed({ threshold, keepsErrors: false }) });
    for (const body of bodies) await submit(lane, 'traces', body);
    await submit(lane, 'logs', logBody(300, 9, nowNs));
    await drain(lane);
    const proof = await prove([lanes.clickhouse()], {
      database: lanes.database(),
      sinceMs: 3_600_000,
      clock: hasty,
      looksMax: 2,
    });
    expect(proof.differences).toEqual([]);
    const [traces, , logs] = proof.signals;
    const kept = sent.filter(passes).length;
    expect(traces).toEqual({
      signal: 'traces',
      received: sent.length,
      leftOut: sent.length - kept,
      logged: kept,
      stored: kept,
      rolledUp: sent.length,
    });
    expect(logs).toMatchObject({ received: 300 });
    expect((logs?.leftOut ?? 0) + (logs?.stored ?? 0)).toBe(300);
  });

  it('has rates and a receipt of a seal of which it keeps no span', async () => {
    const lane = await open({
      throttles: fixed({ threshold: thresholdOf(1e-15), keepsErrors: false }),
    });
    await submit(lane, 'traces', bodies[0]!);
    await drain(lane);
    const proof = await prove([lanes.clickhouse()], {
      database: lanes.database(),
      sinceMs: 3_600_000,
      clock: hasty,
      looksMax: 2,
    });
    expect(proof.ok).toBe(true);
    expect(proof.signals[0]).toMatchObject({
      received: 500,
      leftOut: 500,
      stored: 0,
      rolledUp: 500,
    });
    expect(await storedSpans()).toEqual([]);
  });

  it('keeps every error with the weight one where it is told to', async () => {
    const lane = await open({ throttles: fixed({ threshold, keepsErrors: true }) });
    for (const body of bodies) await submit(lane, 'traces', body);
    await drain(lane);
    const kept = sent.filter((span) => span.isError || passes(span));
    expect(await storedSpans()).toEqual(kept.map(({ span }) => span).sort());
    const found = await rows<{ isError: number; weight: number }>(
      "SELECT DISTINCT StatusCode = 'Error' AS isError, round(SamplingWeight, 9) AS weight" +
        ' FROM $otel_traces ORDER BY isError',
    );
    expect(found.map(({ isError, weight }) => [Number(isError), weight])).toEqual([
      [0, 5],
      [1, 1],
    ]);
  });

  it('stores after a crash what its records say, not what the day does', async () => {
    const before = await open({
      clickhouseUrl: nowhere,
      throttles: fixed({ threshold, keepsErrors: false }),
    });
    for (const body of bodies.slice(0, 3)) await submit(before, 'traces', body);
    await before.close();
    const after = await open({ throttles: fixed({ threshold: 0n, keepsErrors: false }) });
    for (const body of bodies.slice(3)) await submit(after, 'traces', body);
    await drain(after);
    const kept = [
      ...bodies.slice(0, 3).flatMap(spansOf).filter(passes),
      ...bodies.slice(3).flatMap(spansOf),
    ];
    expect(await storedSpans()).toEqual(kept.map(({ span }) => span).sort());
    const proof = await prove([lanes.clickhouse()], {
      database: lanes.database(),
      sinceMs: 3_600_000,
      clock: hasty,
      looksMax: 2,
    });
    expect(proof.ok).toBe(true);
    expect(after.talk.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('gives columns that were given up the same rows when they are decoded again', async () => {
    const lane = await open({
      throttles: fixed({ threshold, keepsErrors: false }),
      limits: { sealRowsMax: 50 },
    });
    for (const body of bodies) await submit(lane, 'traces', body);
    await drain(lane);
    expect(await storedSpans()).toEqual(
      sent
        .filter(passes)
        .map(({ span }) => span)
        .sort(),
    );
  });

  it('answers log records of which it keeps none, without writing them anywhere', async () => {
    const lane = await open({
      throttles: fixed({ threshold: thresholdOf(1e-15), keepsErrors: false }),
    });
    const before = lane.lane.state().written;
    expect(await submit(lane, 'logs', logBody(10, 1, nowNs))).toMatchObject({ outcome: 'stored' });
    expect(lane.lane.state().written).toBe(before);
  });
});

describe('a row that somebody else inserts', () => {
  it('stands for itself, also in a table of before there was a default', async () => {
    const table = `${lanes.database()}.otel_logs`;
    const insert = `INSERT INTO ${table} (Timestamp, Body) VALUES (now64(9), 'by hand')`;
    await lanes.clickhouse().run(insert);
    await lanes
      .clickhouse()
      .run(`ALTER TABLE ${table} MODIFY COLUMN SamplingWeight REMOVE DEFAULT`);
    await migrate(lanes.clickhouse(), { database: lanes.database() });
    await lanes.clickhouse().run(insert);
    expect(await rows('SELECT SamplingWeight AS weight FROM $otel_logs')).toEqual([
      { weight: 1 },
      { weight: 1 },
    ]);
    const [left] = await rows<{ kind: string }>(
      'SELECT default_kind AS kind FROM system.columns' +
        ` WHERE database = '${lanes.database()}' AND table = 'otel_logs'` +
        " AND name = 'SamplingWeight'",
    );
    expect(left?.kind).toBe('DEFAULT');
  });
});

const secret = 'jane.doe@example.org';

function secretLog(body: string): Uint8Array {
  const record = {
    time_unix_nano: String(nowNs),
    body: { string_value: `${body} ${secret}` },
    attributes: [
      { key: 'user.email', value: { string_value: secret } },
      { key: 'session', value: { string_value: 's3cr3t' } },
    ],
  };
  return encodeRequest('logs', {
    resource_logs: [{ scope_logs: [{ log_records: [record] }] }],
  });
}

function redaction(): Redaction {
  const pattern = '[\\w.]+@[\\w.]+';
  const rules = [
    { action: 'mask', attributes: [], bodies: true, pattern, replacement: '[mail]' },
    { action: 'hash', attributes: ['user.email'] },
    { action: 'drop', attributes: ['session'] },
  ] as const;
  return new Redaction({ rules }, Buffer.from('a key of sixteen bytes'));
}

function submitWrite(lane: TestLane, version: 1 | 2): Promise<Answer> {
  const labels = { __name__: 'up', job: 'checkout', session: 's3cr3t', 'user.email': 'jane@x.org' };
  const samples = [{ bits: bitsOf(1), timeMs: nowNs / 1_000_000n }];
  const list = [{ labels: Object.entries(labels), samples }];
  const body = version === 1 ? writeRequestV1(list) : writeRequestV2(list);
  const contentType = version === 1 ? 'remote_write_1' : 'remote_write_2';
  const kind = { signal: 'metrics', transport: 'http', contentType, tenant: '' } as const;
  // The wire would be compressed; what is logged is the rewritten body.
  const wire = Buffer.from('jane@x.org');
  return lane.lane.submit({ ...kind, contentEncoding: 'snappy', wire, body });
}

async function everyByte(directory: string): Promise<Buffer> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(
    await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name)))),
  );
}

describe('a lane that redacts', () => {
  it('has what was taken out neither in its log nor in a table, also after a crash', async () => {
    const before = await open({ clickhouseUrl: nowhere, redaction: redaction() });
    expect(await submit(before, 'logs', secretLog('from'))).toMatchObject({ outcome: 'stored' });
    await before.close();
    const bytes = await everyByte(lanes.dir());
    expect(bytes.includes('[mail]')).toBe(true);
    expect(bytes.includes('jane')).toBe(false);
    expect(bytes.includes('s3cr3t')).toBe(false);
    const after = await open({ redaction: redaction() });
    await drain(after);
    const found = await rows('SELECT Body, LogAttributes FROM $otel_logs');
    expect(found).toEqual([
      {
        Body: 'from [mail]',
        LogAttributes: { 'user.email': expect.stringMatching(/^[0-9a-f]{32}$/) },
      },
    ]);
  });

  it.each([1, 2] as const)('does so for labels of remote write %s.0', async (version) => {
    const before = await open({ clickhouseUrl: nowhere, redaction: redaction() });
    expect(await submitWrite(before, version)).toMatchObject({ outcome: 'stored', rejected: 0 });
    await before.close();
    const bytes = await everyByte(lanes.dir());
    expect(bytes.includes('checkout')).toBe(true);
    expect(bytes.includes('jane')).toBe(false);
    expect(bytes.includes('s3cr3t')).toBe(false);
    const after = await open({ redaction: redaction() });
    await drain(after);
    const found = await rows('SELECT Attributes, ServiceName FROM $otel_metrics_gauge');
    const Attributes = { 'user.email': expect.stringMatching(/^[0-9a-f]{32}$/) };
    expect(found).toEqual([{ Attributes, ServiceName: 'checkout' }]);
  });

  it('knows a request that comes again, also after a crash', async () => {
    const resent: Signal[] = [];
    const resends = (): Resends =>
      new Resends(new ResendTable(createResendMemory(1, 1024), 600_000), systemClock, (signal) =>
        resent.push(signal),
      );
    const before = await open({ redaction: redaction(), resends: resends() });
    for (let times = 0; times < 3; times += 1) await submit(before, 'logs', secretLog('again'));
    await before.close();
    const after = await open({ redaction: redaction(), resends: resends() });
    await submit(after, 'logs', secretLog('again'));
    await drain(after);
    expect(resent).toHaveLength(3);
    expect(await rows('SELECT count() AS n FROM $otel_logs')).toEqual([{ n: '1' }]);
  });

  it('refuses a broken body before anything of it is written', async () => {
    const lane = await open({ redaction: redaction() });
    const before = lane.lane.state().written;
    const answer = await submit(lane, 'logs', secretLog('cut').subarray(0, 40));
    expect(answer).toMatchObject({ outcome: 'malformed' });
    expect(lane.lane.state().written).toBe(before);
  });
});
