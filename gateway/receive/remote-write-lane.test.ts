/** Remote write from the socket to the tables: a real server, a real lane, a real engine. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { runSql } from '../../test/support/engine-http.ts';
import type { TestLane } from '../../test/support/lane.ts';
import { nowhere, useLanes } from '../../test/support/lanes.ts';
import type { Signal } from '../answer.ts';
import {
  bitsOf,
  type Series,
  writeRequestV1,
  writeRequestV2,
} from '../decode/remote-write/testdata/write-request.ts';
import { snapBlock } from '../decode/testdata/snap.ts';
import { createResendMemory, ResendTable } from '../lane/resend-table.ts';
import { Resends } from '../lane/resends.ts';
import { Admission } from './admission.ts';
import { startHttp } from './http.ts';
import type { Receiver } from './receiver.ts';

const v1 = 'application/x-protobuf';
const v2 = `${v1};proto=io.prometheus.write.v2.Request`;
const lanes = useLanes('remote_write_http');
const { drain, count } = lanes;

let resent: Signal[] = [];
let receiver: Receiver | undefined;
let admission: Admission;

beforeEach(() => {
  resent = [];
  admission = new Admission(10_000_000);
});
afterEach(async () => {
  await receiver?.close(0);
  expect(admission.inFlightBytes).toBe(0);
});

function newResends(): Resends {
  const table = new ResendTable(createResendMemory(1, 1024), 600_000);
  return new Resends(table, systemClock, (signal) => resent.push(signal));
}

/** Serves a lane from now on. */
async function serve(clickhouseUrl?: string): Promise<TestLane> {
  await receiver?.close(0);
  const away = clickhouseUrl === undefined ? {} : { clickhouseUrl };
  const opened = await lanes.open({ resends: newResends(), ...away });
  const common = { host: '127.0.0.1', port: 0, clock: systemClock, admission };
  receiver = await startHttp({ ...common, acceptor: opened.lane });
  return opened;
}

type Told = readonly [
  status: number,
  text: string,
  samples: string,
  histograms: string,
  exemplars: string,
];

async function push(contentType: string, plain: Uint8Array): Promise<Told> {
  const answer = await fetch(`http://127.0.0.1:${receiver?.address.port}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': contentType, 'content-encoding': 'snappy' },
    body: snapBlock(plain),
  });
  const [samples = '-', histograms = '-', exemplars = '-'] = [
    'Samples',
    'Histograms',
    'Exemplars',
  ].map((kind) => answer.headers.get(`X-Prometheus-Remote-Write-${kind}-Written`) ?? undefined);
  return [answer.status, await answer.text(), samples, histograms, exemplars];
}

/** Series of the present, so that retention keeps them; `first` tells requests apart. */
function someSeries(first: number): Series[] {
  const timeMs = BigInt(Date.now());
  const sample = (value: number) => ({ bits: bitsOf(value), timeMs });
  const positive = { spans: [{ offset: 0, length: 2 }], counts: [1, 2] };
  return [
    {
      labels: [
        ['__name__', 'up'],
        ['job', 'shop'],
      ],
      samples: [sample(first), sample(first + 1)],
    },
    {
      labels: [
        ['__name__', 'latency'],
        ['instance', 'h:1'],
      ],
      histograms: [{ count: 3, sumBits: bitsOf(4), schema: 2, timeMs, positive }],
      exemplars: [
        { labels: [['trace_id', 'ab'.repeat(16)]], bits: bitsOf(0.5), timeMs },
        { labels: [], bits: bitsOf(0.5), timeMs: 0n },
      ],
    },
  ];
}

const lines = async (sql: string): Promise<string[]> => {
  const { url, database } = lanes;
  const text = await runSql(url(), `${sql.replaceAll('{db}', database())} FORMAT TSV`);
  return text.split('\n').filter((line) => line !== '');
};

describe('remote write through a lane', () => {
  it.each([
    ['1.0', v1, writeRequestV1, ['-', '-', '-']],
    ['2.0', v2, writeRequestV2, ['2', '1', '1']],
  ] as const)('of version %s lies in the tables as it was sent', async (_, type, write, told) => {
    const lane = await serve();
    expect(await push(type, write(someSeries(7)))).toEqual([204, '', ...told]);
    await drain(lane);
    const gauges = `SELECT Value, ServiceName FROM {db}.otel_metrics_gauge ORDER BY Value`;
    expect(await lines(gauges)).toEqual(['7\tshop', '8\tshop']);
    const exponential = `SELECT Count, Scale, PositiveBucketCounts, Exemplars.TraceId
      FROM {db}.otel_metrics_exponential_histogram`;
    expect(await lines(exponential)).toEqual([`3\t2\t[1,2]\t['${'ab'.repeat(16)}']`]);
  });

  it('is stored once when the same request comes again, and told the same (PRW2-4)', async () => {
    const lane = await serve();
    const [second, first] = [writeRequestV2(someSeries(0)), writeRequestV1(someSeries(0))];
    for (let time = 0; time < 3; time += 1) {
      expect(await push(v2, second)).toEqual([204, '', '2', '1', '1']);
      expect(await push(v1, first)).toEqual([204, '', '-', '-', '-']);
    }
    expect(resent).toEqual(Array.from({ length: 4 }, () => 'metrics'));
    await drain(lane);
    expect(await count('otel_metrics_gauge')).toBe(4);
    expect(await count('otel_metrics_exponential_histogram')).toBe(2);
  });

  it('is known again after a restart, whose rows are those of before', async () => {
    const away = await serve(nowhere);
    const body = writeRequestV2(someSeries(40));
    expect(await push(v2, body)).toEqual([204, '', '2', '1', '1']);
    const other = writeRequestV2(someSeries(50));
    expect(await push(v2, other)).toEqual([204, '', '2', '1', '1']);
    await receiver?.close(0);
    await away.close();
    const back = await serve();
    expect(await push(v2, body)).toEqual([204, '', '2', '1', '1']);
    expect(resent).toEqual(['metrics']);
    await drain(back);
    const rows = `SELECT Value, ServiceName FROM {db}.otel_metrics_gauge ORDER BY Value`;
    expect(await lines(rows)).toEqual([40, 41, 50, 51].map((value) => `${value}\tshop`));
    expect(await count('otel_metrics_exponential_histogram')).toBe(2);
  });

  it('keeps the valid rest of a request, and says what it is (PRW1-6, PRW2-6)', async () => {
    const lane = await serve();
    const [good, histogram] = someSeries(0);
    const bad: Series = { ...good!, labels: [['job', 'x']] };
    const wrong: Series = {
      ...histogram!,
      histograms: [{ ...histogram!.histograms![0]!, count: 9 }],
    };
    const text = '3 not stored, the rest is: {job="x"}: it has no metric name\n';
    const list = [good!, bad, wrong];
    expect(await push(v2, writeRequestV2(list))).toEqual([400, text, '2', '0', '1']);
    expect(await push(v1, writeRequestV1(list))).toEqual([400, text, '-', '-', '-']);
    await drain(lane);
    expect(await count('otel_metrics_gauge')).toBe(4);
    const alone = `SELECT Count, Flags, length(Exemplars.Value)
      FROM {db}.otel_metrics_exponential_histogram`;
    expect(await lines(alone)).toEqual(['0\t1\t1', '0\t1\t1']);
  });

  it('stores nothing of what is malformed, and takes the next request', async () => {
    const lane = await serve();
    const body = writeRequestV2(someSeries(0));
    const [status, text, ...told] = await push(v2, body.subarray(0, body.length - 3));
    expect([status, told]).toEqual([400, ['0', '0', '0']]);
    expect(text).toMatch(/runs past/);
    expect(await push(v2, body)).toEqual([204, '', '2', '1', '1']);
    await drain(lane);
    expect(await count('otel_metrics_gauge')).toBe(2);
  });

  it('takes metadata alone, of which the same again is a repeat (PRW1-10)', async () => {
    const lane = await serve();
    const body = writeRequestV1([], [{ type: 1, name: 'a_total', help: 'All of it.', unit: '' }]);
    for (let time = 0; time < 2; time += 1)
      expect(await push(v1, body)).toEqual([204, '', '-', '-', '-']);
    await drain(lane);
    const rows = `SELECT MetricName, MetricDescription, ValueType FROM {db}.otel_metrics_sum`;
    expect(await lines(rows)).toEqual(['a_total\tAll of it.\tNone']);
  });

  it('answers a request without anything, and forgets it', async () => {
    const lane = await serve();
    expect(await push(v2, new Uint8Array(0))).toEqual([204, '', '0', '0', '0']);
    expect(await push(v1, new Uint8Array(0))).toEqual([204, '', '-', '-', '-']);
    expect(lane.lane.state().openRows).toBe(0);
  });
});
