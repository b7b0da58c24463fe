/**
 * The preset `cni` on what each network plugin says: the real Collector in the rendered node-agent
 * reads the fixture at the plugin's port of its node, and of it exactly the metrics of the allow
 * list arrive in the tables; the rest, and what nobody asked for, does not leave the agent.
 */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { cniSources } from '../../presets/cni/metrics.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { freePort } from '../support/free-ports.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { fixtureText, startExporter } from './exporters.ts';
import { makeMachine } from './running-agent.ts';

const startMsMax = 60_000;
const arrivalMsMax = 30_000;

const plugins = [
  { kind: 'cilium', fixture: 'cilium.txt' },
  { kind: 'calico', fixture: 'calico.txt' },
  { kind: 'aws_vpc', fixture: 'aws-cni.txt' },
] as const;

/** Names of families, as `# TYPE` has them. */
function familiesOf(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name).sort();
}

describe('a fixture of an exporter', () => {
  const names = [
    ...plugins.map(({ fixture }) => fixture),
    'cadvisor.txt',
    'kube-state-metrics.txt',
  ];

  it.each(names)('%s says where its names come from, and in which version', (name) => {
    const [head = ''] = fixtureText(name).split('# HELP');
    expect(head).toMatch(/^# Metric names.*(github\.com\/|docs\.)/ms);
    // A release, or a commit.
    expect(head).toMatch(/ v?\d+\.\d+|[0-9a-f]{12}/);
  });

  it.each(plugins)('$fixture has only names of the allow list of $kind', ({ kind, fixture }) => {
    const listed = cniSources
      .filter((source) => source.kind === kind)
      .flatMap(({ metrics }) => metrics.map(({ name }) => name));
    expect(familiesOf(fixtureText(fixture)).filter((name) => !listed.includes(name))).toEqual([]);
  });

  it.each(plugins)('$fixture has the kinds that are listed of $kind', ({ kind, fixture }) => {
    const listed = cniSources.filter((source) => source.kind === kind);
    const kinds = new Map(
      listed.flatMap(({ metrics }) => metrics.map((metric) => [metric.name, metric.kind])),
    );
    for (const [, name = '', of] of fixtureText(fixture).matchAll(/^# TYPE (\S+) (\S+)/gm)) {
      expect([name, kinds.get(name)]).toEqual([name, of]);
    }
  });
});

describeWithPeer('collector-0.149', 'the node-agent with the preset cni', (collector) => {
  let engine: TestEngine;
  let gateway: TestGateway;
  let clickhouse: ClickHouse;
  let gatewayPlace: string;

  beforeAll(async () => {
    engine = await startEngine();
    gatewayPlace = `127.0.0.1:${await freePort()}`;
    gateway = await startGateway({
      clickhouseUrl: engine.url,
      args: ['--otlp-grpc', gatewayPlace],
    });
    clickhouse = connectClickHouse({ url: engine.url });
  }, startMsMax);

  afterAll(async () => {
    await clickhouse?.close();
    await gateway?.stop();
    await engine?.stop();
  });

  const stored = async (job: string): Promise<readonly string[]> => {
    const tables = ['gauge', 'sum', 'summary', 'histogram'].map(
      (kind) =>
        `SELECT MetricName AS name FROM otel.otel_metrics_${kind} WHERE ServiceName = '${job}'`,
    );
    const query = `SELECT DISTINCT name FROM (${tables.join(' UNION ALL ')}) ORDER BY name`;
    const answer = await clickhouse.client.query({ query, format: 'JSONEachRow' });
    const rows = await answer.json<{ name: string }>();
    // The receiver's own words about the scrape stand beside what was scraped.
    return rows.map(({ name }) => name).filter((name) => !/^(up$|scrape_)/.test(name));
  };

  it.each(plugins)(
    'stores what is listed of $kind, and nothing else',
    async ({ kind, fixture }) => {
      const [source] = cniSources.filter((one) => one.kind === kind);
      if (source === undefined) throw new Error(`nothing is known of ${kind}`);
      const machine = makeMachine({
        ...{ collector, gateway: gatewayPlace },
        presets: { cni: { kind, scrape_interval: '1s' } },
      });
      const text = fixtureText(fixture);
      const exporter = await startExporter({
        ...{ name: kind, ip: machine.address, port: source.port },
        source: { text: `${text}# TYPE go_goroutines gauge\ngo_goroutines 7\n` },
      });
      try {
        const agent = await machine.start();
        const wanted = familiesOf(text);
        const deadlineMs = Date.now() + arrivalMsMax;
        let found = await stored(source.job);
        while (found.length < wanted.length && Date.now() < deadlineMs) {
          await new Promise((resolve) => setTimeout(resolve, 200));
          found = await stored(source.job);
        }
        await agent.stop();
        expect(found).toEqual(wanted);
      } finally {
        await exporter.stop();
        await machine.remove();
      }
    },
    startMsMax,
  );
});
