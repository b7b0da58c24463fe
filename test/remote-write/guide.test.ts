/**
 * What the guide and the example tell owners of a Prometheus to write, written: each block with
 * `remote_write` is given to a real Prometheus, with nothing changed but the gateway's address and
 * what is scraped.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { startPrometheus, targetsFile } from './server.ts';

const startMsMax = 90_000;
const deliveryMsMax = 30_000;
const pollMs = 200;
const addresses = ['http://127.0.0.1:4318', 'http://shop-gateway.observability.svc:4318'];
/** It says so to everybody who writes version 2: the default of one key means nothing there. */
const harmless = /metadata_config\.send' is redundant|Received an OS signal/;

type Block = { readonly global?: object; readonly remote_write: readonly Writer[] };
type Writer = { readonly url: string; readonly protobuf_message?: string };

function blocksOf(document: string): readonly Block[] {
  const text = readFileSync(join(import.meta.dirname, '../..', document), 'utf8');
  return [...text.matchAll(/^```yaml\n(.*?)^```/gms)]
    .map(([, block = '']) => parse(block))
    .filter((block) => 'remote_write' in block);
}

const cases = ['docs/guide/send-metrics.md', 'examples/existing-prometheus/README.md'].flatMap(
  (document) =>
    blocksOf(document).map((block) => ({
      document,
      block,
      version: block.remote_write[0]?.protobuf_message === undefined ? 1 : 2,
    })),
);

describe('the documents for owners of a Prometheus', () => {
  it('have a block for each version', () => {
    expect(cases.map(({ version }) => version)).toEqual([1, 2, 1, 2]);
    const urls = cases.flatMap(({ block }) => block.remote_write.map(({ url }) => url));
    expect(urls.map((url) => addresses.includes(url.replace('/api/v1/write', '')))).toEqual(
      urls.map(() => true),
    );
  });
});

describeWithPeer('prometheus-3.14.0', 'a Prometheus with the block of', (folder) => {
  let engine: TestEngine;
  let gateway: TestGateway | undefined;
  let sql: ClickHouse;

  beforeAll(async () => {
    engine = await startEngine();
    sql = connectClickHouse({ url: engine.url });
    gateway = await startGateway({ clickhouseUrl: engine.url });
  }, startMsMax);

  afterAll(async () => {
    await sql?.close();
    await gateway?.stop();
    await engine?.stop();
  });

  it.each(cases)(
    '$document for version $version writes to the gateway',
    async ({ document, block, version }) => {
      const job = `${document} ${version}`.replaceAll('/', '-');
      const here = ({ url }: Writer) => {
        const path = addresses.reduce((left, address) => left.replace(address, ''), url);
        return `${gateway?.http}${path}`;
      };
      const config = {
        global: block.global ?? {},
        remote_write: block.remote_write.map((writer) => ({ ...writer, url: here(writer) })),
        scrape_configs: [
          { job_name: job, scrape_interval: '1s', file_sd_configs: [{ files: [targetsFile] }] },
        ],
      };
      const program = join(folder, 'prometheus');
      const prometheus = await startPrometheus(program, config, ['exemplar-storage']);
      try {
        await prometheus.setTargets([new URL(prometheus.url).host]);
        const query = `SELECT toUInt32(count()) AS points FROM otel.otel_metrics_sum
          WHERE ServiceName = '${job}' AND MetricName = 'process_cpu_seconds_total'`;
        const deadlineMs = Date.now() + deliveryMsMax;
        let points = 0;
        while (points < 3 && Date.now() < deadlineMs) {
          await new Promise((resolve) => setTimeout(resolve, pollMs));
          points = (await sql.rows<{ points: number }>(query))[0]?.points ?? 0;
        }
        const complaints = prometheus.talk().split('\n');
        const loud = complaints.filter((line) => /level=(ERROR|WARN)/.test(line));
        expect(loud.filter((line) => !harmless.test(line))).toEqual([]);
        expect(points).toBeGreaterThanOrEqual(3);
      } finally {
        await prometheus.stop();
      }
    },
    startMsMax,
  );
});
