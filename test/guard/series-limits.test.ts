/** A real gateway with limits of series: what its answers, metrics, talk and tables say. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  bitsOf,
  type Series,
  writeRequestV2,
} from '../../gateway/decode/remote-write/testdata/write-request.ts';
import { snapBlock } from '../../gateway/decode/testdata/snap.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const startMsMax = 60_000;
const waitMsMax = 30_000;

let engine: TestEngine;
let gateway: TestGateway;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({
    clickhouseUrl: engine.url,
    workers: 1,
    args: ['--tenant', '*,series=3,series_per_metric=2'],
  });
}, startMsMax);

afterAll(async () => {
  await gateway?.stop();
  await engine?.stop();
});

const series = (name: string, of: string): Series => ({
  labels: [
    ['__name__', name],
    ['of', of],
  ],
  samples: [{ bits: bitsOf(1), timeMs: BigInt(Date.now()) }],
});

async function push(list: readonly Series[]): Promise<readonly [number, string, string | null]> {
  const answer = await fetch(`${gateway.http}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'content-encoding': 'snappy',
    },
    body: snapBlock(writeRequestV2(list)),
  });
  const written = answer.headers.get('x-prometheus-remote-write-samples-written');
  return [answer.status, await answer.text(), written];
}

it(
  'stores the series that are known or have room, and says of the others what is in their way',
  async () => {
    expect(await push([series('up', 'a'), series('up', 'b')])).toEqual([204, '', '2']);
    const more = [series('up', 'b'), series('up', 'c'), series('x', '1'), series('y', '1')];
    expect(await push(more)).toEqual([
      400,
      '2 not stored, the rest is: up{of="c"}: all senders together may have 2 series of one' +
        ' metric (limit "series_per_metric"), and this one is new\n',
      '2',
    ]);
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    const name = 'obsctl_gateway_refused_series_total';
    expect(metrics).toContain(`${name}{reason="metric"} 1\n`);
    expect(metrics).toContain(`${name}{reason="tenant"} 1\n`);
    expect(metrics).toContain('obsctl_gateway_rejected_items_total{signal="metrics"} 2\n');
    expect(gateway.talk()).toContain('now of "up": all senders together may have 2 series');
    const sql =
      'SELECT MetricName, count() FROM otel.otel_metrics_gauge GROUP BY 1 ORDER BY 1 FORMAT TSV';
    const startMs = performance.now();
    while ((await runSql(engine.url, sql)) !== 'up\t3\nx\t1') {
      if (performance.now() - startMs > waitMsMax) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await runSql(engine.url, sql)).toBe('up\t3\nx\t1');
  },
  2 * waitMsMax,
);
