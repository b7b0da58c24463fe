/**
 * The agent that sends by remote write beside a real Prometheus: both scrape the same text and
 * write it to the same gateway, and in the tables nobody could tell who has scraped what, but for
 * what presets/agents/README.md names.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { writeConfig } from '../../collector/write.ts';
import { type Prometheus, startPrometheus } from '../remote-write/server.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeers } from '../support/peer.ts';
import { loopbackAddress } from '../support/pod.ts';
import { type Program, startProgram } from '../support/program.ts';
import { type Exporter, startExporter } from './exporters.ts';
import { agentOf, scraped, withTargets } from './remote-write-agent.ts';

const startMsMax = 60_000;
const waitMsMax = 40_000;
/** With `up` and what else a scrape says of itself. */
const scrapedCount = 15 + 5;

describeWithPeers(
  ['collector-0.149', 'prometheus-3.14.0'],
  'an agent that sends by remote write, and a Prometheus',
  ([collector = '', prometheusFolder = '']) => {
    const folder = mkdtempSync(join(tmpdir(), 'obsctl-remote-write-series-'));
    let engine: TestEngine;
    let gateway: TestGateway;
    let sql: ClickHouse;
    let agent: Program;
    let prometheus: Prometheus;
    const targets: Exporter[] = [];

    beforeAll(async () => {
      engine = await startEngine();
      gateway = await startGateway({ clickhouseUrl: engine.url });
      sql = connectClickHouse({ url: engine.url });
      const source = { text: scraped };
      for (const name of ['of-agent', 'of-prometheus']) {
        targets.push(await startExporter({ name, ip: loopbackAddress(), source }));
      }
      const [own, other] = targets as [Exporter, Exporter];
      const { config } = agentOf('0.149.0', gateway.http.replace('http://', '')).workload;
      const file = join(folder, 'agent.yaml');
      writeFileSync(file, writeConfig(withTargets(config, [own]), { version: '0.149.0' }));
      const env = { MY_POD_IP: loopbackAddress() };
      agent = startProgram(collector, ['--config', file], { env });
      const scrape = {
        job_name: other.name,
        scrape_interval: '1s',
        scrape_timeout: '1s',
        static_configs: [{ targets: [`${other.ip}:${other.port}`] }],
      };
      const settings = {
        global: { external_labels: { k8s_cluster_name: 'prod-eu' } },
        scrape_configs: [scrape],
        remote_write: [{ url: `${gateway.http}/api/v1/write` }],
      };
      prometheus = await startPrometheus(join(prometheusFolder, 'prometheus'), settings, [
        'exemplar-storage',
      ]);
    }, startMsMax);

    afterAll(async () => {
      agent?.killGroup('SIGKILL');
      await prometheus?.stop();
      await sql?.close();
      await gateway?.stop();
      await engine?.stop();
      await Promise.all(targets.map((target) => target.stop()));
      rmSync(folder, { recursive: true, force: true });
    });

    /** Table, name and attributes of each series, bounds of buckets as numbers. */
    const seriesOf = async (service: string): Promise<readonly string[]> => {
      const found: string[] = [];
      for (const table of ['gauge', 'sum']) {
        const rows = await sql.rows<{ name: string; labels: Record<string, string> }>(
          `SELECT DISTINCT MetricName AS name, Attributes AS labels
           FROM otel.otel_metrics_${table} WHERE ServiceName = '${service}'`,
        );
        for (const { name, labels } of rows) {
          const { le } = labels;
          const bound = le === undefined || le === '+Inf' ? {} : { le: String(Number(le)) };
          const pairs = Object.entries({ ...labels, ...bound }).sort();
          found.push(`${table} ${name} ${JSON.stringify(pairs)}`);
        }
      }
      return found.sort();
    };

    it(
      'have the same series, but for target_info',
      async () => {
        const isInfo = (series: string) => series.startsWith('gauge target_info ');
        const shown = async (service: string) =>
          (await seriesOf(service)).filter((series) => !isInfo(series));
        const deadlineMs = Date.now() + waitMsMax;
        let [ours, theirs] = [await shown('of-agent'), await shown('of-prometheus')];
        while (theirs.length < scrapedCount || ours.join() !== theirs.join()) {
          if (Date.now() > deadlineMs) break;
          await new Promise((resolve) => setTimeout(resolve, 200));
          [ours, theirs] = [await shown('of-agent'), await shown('of-prometheus')];
        }
        expect(ours).toEqual(theirs);
        expect(theirs.length).toBeGreaterThanOrEqual(scrapedCount);
        expect((await seriesOf('of-agent')).filter(isInfo)).toHaveLength(1);
      },
      startMsMax,
    );
  },
);
