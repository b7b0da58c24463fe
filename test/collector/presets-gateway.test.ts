/**
 * The gateway without code of ours, run: the rendered configuration in a real Collector, its
 * ClickHouse exporter writing into our schema in a real engine. What it answered is still there
 * after it was killed while ClickHouse was away; what does not fit into its queue is refused.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { writeConfig } from '../../collector/write.ts';
import { buildAgentOf } from '../support/build-agents.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { describeWithPeer } from '../support/peer.ts';
import { loopbackAddress } from '../support/pod.ts';
import { type Program, startProgram } from '../support/program.ts';

const startMsMax = 60_000;
const arrivalMsMax = 30_000;
const recordsPerRequest = 100;
const ready = 'Everything is ready';

type Running = { readonly program: Program; readonly address: string };

for (const [peer, version] of [
  ['collector-0.149', '0.149.0'],
  ['collector', '0.161.0'],
] as const) {
  describeWithPeer(peer, `the gateway of flavor collector, ${version}`, (collector) => {
    const folder = mkdtempSync(join(tmpdir(), 'obsctl-collector-gateway-'));
    let engine: TestEngine;
    let running: Running | undefined;

    beforeAll(async () => {
      engine = await startEngine({ dataDir: join(folder, 'engine') });
      const clickhouse = connectClickHouse({ url: engine.url });
      await migrate(clickhouse);
      await clickhouse.close();
    }, startMsMax);

    afterAll(async () => {
      running?.program.killGroup('SIGKILL');
      await engine?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const start = async (
      queue: string,
      options: Record<string, unknown> = {},
    ): Promise<Running> => {
      const address = loopbackAddress();
      const built = buildAgentOf({
        agent: 'gateway',
        version,
        options: { batch_rows: 1000, flush_interval: '200ms', ...options },
      });
      const file = join(folder, `${queue}.yaml`);
      const text = writeConfig(built.workload.config, { version })
        .replaceAll('http://shop-clickhouse.observability.svc:8123', engine.url)
        .replaceAll('/var/lib/otelcol/queue', join(folder, queue));
      writeFileSync(file, text);
      const env = { MY_POD_IP: address, CLICKHOUSE_USER: 'default', CLICKHOUSE_PASSWORD: '' };
      const program = startProgram(collector, ['--config', file], { env });
      await program.said(ready);
      running = { program, address };
      return running;
    };

    const rowsOf = async (table: string, where = '1'): Promise<string> => {
      const clickhouse = connectClickHouse({ url: engine.url });
      const query = `SELECT concat(toString(count()), ' ', toString(uniqExact(*))) AS rows
                     FROM otel.${table} WHERE ${where}`;
      try {
        const answer = await clickhouse.client.query({ query, format: 'JSONEachRow' });
        const [row] = await answer.json<{ rows: string }>();
        return row?.rows ?? '';
      } finally {
        await clickhouse.close();
      }
    };

    const until = async (table: string, where: string, wanted: string): Promise<void> => {
      const deadlineMs = Date.now() + arrivalMsMax;
      while ((await rowsOf(table, where)) !== wanted && Date.now() < deadlineMs) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(`${table}: ${await rowsOf(table, where)}`).toBe(`${table}: ${wanted}`);
    };

    it(
      'writes every signal and kind of metric into its table of our schema',
      async () => {
        const { program, address } = await start('first');
        expect(await post(address, 'traces', traces())).toBe(200);
        expect(await post(address, 'logs', logs('first', 1))).toBe(200);
        expect(await post(address, 'metrics', metrics())).toBe(200);
        for (const table of tables) await until(table, '1', '1 1');
        program.kill('SIGTERM');
        expect((await program.ended).code).toBe(0);
      },
      startMsMax,
    );

    it(
      'loses nothing that it answered: ClickHouse away, the gateway killed',
      async () => {
        await engine.kill();
        const { program, address } = await start('outage');
        let answered = 0;
        for (let request = 0; request < 20; request += 1) {
          const body = logs('outage', recordsPerRequest, answered);
          if ((await post(address, 'logs', body)) === 200) answered += recordsPerRequest;
        }
        expect(answered).toBe(20 * recordsPerRequest);
        program.killGroup('SIGKILL');
        await program.ended;
        engine = await startEngine({ dataDir: engine.dataDir });
        const again = await start('outage');
        await until('otel_logs', "ServiceName = 'outage'", `${answered} ${answered}`);
        again.program.kill('SIGTERM');
        await again.program.ended;
      },
      startMsMax,
    );

    it(
      'tells senders to try again when its queue is full, and keeps what it answered',
      async () => {
        await engine.kill();
        const { program, address } = await start('full', { queue_size: '300Ki' });
        let answered = 0;
        const refusals = new Set<number>();
        for (let request = 0; request < 40; request += 1) {
          const body = logs('full', recordsPerRequest, request * recordsPerRequest);
          const status = await post(address, 'logs', body);
          if (status === 200) answered += recordsPerRequest;
          else refusals.add(status);
        }
        expect([...refusals]).toEqual([503]);
        expect(answered).toBeGreaterThan(0);
        engine = await startEngine({ dataDir: engine.dataDir });
        program.killGroup('SIGKILL');
        await program.ended;
        const again = await start('full', { queue_size: '300Ki' });
        await until('otel_logs', "ServiceName = 'full'", `${answered} ${answered}`);
        again.program.kill('SIGTERM');
        await again.program.ended;
      },
      startMsMax,
    );
  });
}

const tables = [
  'otel_traces',
  'otel_logs',
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
  'otel_metrics_summary',
];

async function post(address: string, signal: string, body: unknown): Promise<number> {
  const answer = await fetch(`http://${address}:4318/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.body?.cancel();
  return answer.status;
}

function nowNs(): string {
  return `${Date.now()}000000`;
}

function resource(service: string) {
  return { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
}

function logs(service: string, count: number, first = 0) {
  const logRecords = Array.from({ length: count }, (_, index) => ({
    timeUnixNano: nowNs(),
    body: { stringValue: `record ${first + index} of ${service}` },
    severityNumber: 9,
    severityText: 'INFO',
  }));
  return { resourceLogs: [{ resource: resource(service), scopeLogs: [{ logRecords }] }] };
}

function traces() {
  const span = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    name: 'pay',
    kind: 2,
    startTimeUnixNano: nowNs(),
    endTimeUnixNano: nowNs(),
  };
  return {
    resourceSpans: [{ resource: resource('first'), scopeSpans: [{ spans: [span] }] }],
  };
}

function metrics() {
  const at = { timeUnixNano: nowNs(), startTimeUnixNano: nowNs() };
  const counted = { ...at, count: '3', sum: 6 };
  const aggregationTemporality = 2;
  const all = [
    { name: 'g', gauge: { dataPoints: [{ ...at, asDouble: 1.5 }] } },
    {
      name: 's',
      sum: { aggregationTemporality, isMonotonic: true, dataPoints: [{ ...at, asInt: '7' }] },
    },
    {
      name: 'h',
      histogram: {
        aggregationTemporality,
        dataPoints: [{ ...counted, bucketCounts: ['1', '2'], explicitBounds: [1] }],
      },
    },
    {
      name: 'e',
      exponentialHistogram: {
        aggregationTemporality,
        dataPoints: [
          { ...counted, scale: 1, zeroCount: '0', positive: { bucketCounts: ['3'] }, negative: {} },
        ],
      },
    },
    {
      name: 'q',
      summary: { dataPoints: [{ ...counted, quantileValues: [{ quantile: 0.5, value: 2 }] }] },
    },
  ];
  return { resourceMetrics: [{ resource: resource('first'), scopeMetrics: [{ metrics: all }] }] };
}
