/** Telegraf's own writer of remote write 1, which is not Prometheus' code: a second opinion. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { runProgram } from '../support/program.ts';
import { apart, nothing, type Row, rowsOf } from './rows.ts';
import { storedRows } from './stored.ts';
import type { Series } from './wire.ts';

const startMsMax = 90_000;
const deliveryMsMax = 20_000;
const pollMs = 200;
const nsInMs = 1_000_000n;

describeWithPeer('telegraf', "Telegraf's remote write", (program) => {
  let folder: string;
  let engine: TestEngine;
  let gateway: TestGateway | undefined;
  let clickhouse: ClickHouse;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'obsctl-telegraf-'));
    engine = await startEngine();
    clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
    gateway = await startGateway({ clickhouseUrl: engine.url });
  }, startMsMax);

  afterAll(async () => {
    await clickhouse?.close();
    await gateway?.stop();
    await engine?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('ends in the tables as it was measured', async () => {
    const ms = Date.now() - 60_000;
    const tags = 'zone=küche,job=shop/api,instance=web-1:80';
    const lines = join(folder, 'lines');
    writeFileSync(
      lines,
      `shop,${tags} requests_total=5i,temperature=-1.5 ${BigInt(ms) * nsInMs}\n`,
    );
    const config = join(folder, 'telegraf.conf');
    writeFileSync(config, telegrafConfig(lines, `${gateway?.http}/api/v1/write`));
    const { code, stderr } = await runProgram(program, ['--config', config, '--once']);
    expect([code, / [EW]! \[outputs/.test(stderr) ? stderr : '']).toEqual([0, '']);

    const expected = [
      seriesOf('shop_requests_total', '4014000000000000', ms),
      seriesOf('shop_temperature', 'bff8000000000000', ms),
    ].flatMap(rowsOf);
    expect(apart((await delivered(clickhouse, expected.length)).map(bare), expected)).toEqual(
      nothing,
    );
  });
});

function seriesOf(name: string, bits: string, ms: number): Series {
  const labels = { __name__: name, zone: 'küche', job: 'shop/api', instance: 'web-1:80' };
  const samples = [{ bits, ms, startMs: 0 }];
  return { labels, samples, histograms: [], exemplars: [], type: '', help: '', unit: '' };
}

async function delivered(clickhouse: ClickHouse, count: number): Promise<readonly Row[]> {
  const where = "startsWith(MetricName, 'shop')";
  const deadlineMs = Date.now() + deliveryMsMax;
  let rows = await storedRows(clickhouse, where);
  while (rows.length < count && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    rows = await storedRows(clickhouse, where);
  }
  return rows;
}

/** The serializer writes no types; a help text that it may write is not this test's matter. */
function bare(row: Row): Row {
  return { ...row, description: '', unit: '' };
}

function telegrafConfig(lines: string, url: string): string {
  return `[agent]
omit_hostname = true
precision = "1ms"
[[inputs.file]]
files = [${JSON.stringify(lines)}]
data_format = "influx"
[[outputs.http]]
url = ${JSON.stringify(url)}
data_format = "prometheusremotewrite"
[outputs.http.headers]
Content-Type = "application/x-protobuf"
Content-Encoding = "snappy"
X-Prometheus-Remote-Write-Version = "0.1.0"
`;
}
