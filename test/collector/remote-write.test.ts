/**
 * The prometheus-agent with `export: remote_write`, run: a real Collector scrapes fixtures and
 * writes them to a real gateway that asks for TLS and a token. Of the rendered configuration only
 * the place where targets come from is another one: a list instead of an API server. What arrives
 * is compared with the text that was scraped, read by a parser of this test.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { checkConfig } from '../../collector/check.ts';
import { writeConfig } from '../../collector/write.ts';
import { hashSecret, newSecret } from '../../gateway/guard/secret.ts';
import type { GatewayGuard } from '../../presets/preset.ts';
import { componentKeys, cutDown, lacks, lines } from '../../tools/judges.ts';
import { createAuthority } from '../support/certificates.ts';
import { validateWith } from '../support/collector.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { freePort } from '../support/free-ports.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { loopbackAddress } from '../support/pod.ts';
import { type Program, startProgram } from '../support/program.ts';
import { type Exporter, startExporter } from './exporters.ts';
import { agentOf, scraped, withTargets } from './remote-write-agent.ts';

const startMsMax = 60_000;
const testMsMax = 120_000;
const waitMsMax = 40_000;
/** Longer than the exporter's own limit, after which it drops what it could not send. */
const absenceMs = 9000;
const staleNan = '0x7ff0000000000002';
const authorityFile = '/etc/obsctl-gateway-ca/ca.crt';
const guard: GatewayGuard = {
  isTls: true,
  authority: { secret: 'gateway-ca', key: 'ca.crt' },
  token: { secret: 'gateway-token', key: 'token' },
};

type Series = { readonly name: string; readonly labels: object; readonly value: string };

/** Samples of the text format; values as ClickHouse writes them. */
function samplesOf(text: string): readonly Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', list = '', value = ''] =
        /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const labels = [...list.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(
        ([, key = '', text = '']) => [key, JSON.parse(`"${text}"`)],
      );
      const number = value === '+Inf' ? 'inf' : String(Number(value));
      return { name, labels: Object.fromEntries(labels), value: number };
    });
}

describe('our own checks', () => {
  it.each(lines)('accept remote write for %s', (line) => {
    const { config } = agentOf(`${line}.0`, 'gateway.svc:4318', guard).workload;
    expect(checkConfig(config, `${line}.0`)).toEqual([]);
  });
});

const peers = {
  '0.149': 'collector-0.149',
  '0.155': 'collector-0.155',
  '0.161': 'collector',
} as const;
for (const line of lines) {
  describeWithPeer(peers[line], `the real Collector ${line}`, (program) => {
    it('accepts remote write', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'obsctl-remote-write-'));
      const ca = join(folder, 'ca.crt');
      writeFileSync(ca, rootCertificates[0] ?? '');
      const { config, needs } = agentOf(`${line}.0`, 'gateway.svc:4318', guard).workload;
      const cut = cutDown(config, lacks(line, componentKeys(config)));
      expect(cut.service.pipelines.metrics?.exporters).toEqual(['prometheus_remote_write/gateway']);
      const env = Object.fromEntries(needs.env.map(({ name }) => [name, '1']));
      const text = writeConfig(cut, { version: `${line}.0` }).replaceAll(authorityFile, ca);
      const { accepted, text: said } = await validateWith(program, text, env);
      rmSync(folder, { recursive: true, force: true });
      expect(accepted ? '' : said).toBe('');
    });
  });
}

describeWithPeer('collector-0.149', 'an agent that sends by remote write', (collector) => {
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-remote-write-'));
  const secret = newSecret();
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  let engine: TestEngine;
  let gateway: TestGateway;
  let sql: ClickHouse;
  let agent: Program;
  let steady: Exporter;
  let other: Exporter;
  let startOfGateway: () => Promise<void>;

  beforeAll(async () => {
    engine = await startEngine();
    const authority = createAuthority('authority');
    const issued = authority.issue({ commonName: 'gateway', dnsNames: ['localhost'] });
    const port = await freePort();
    const args = [
      ...['--otlp-http', `127.0.0.1:${port}`],
      ...[
        '--tls-cert',
        put('tls.crt', issued.certificate),
        '--tls-key',
        put('tls.key', issued.key),
      ],
      ...['--credentials', put('credentials', `agents ${hashSecret(secret)} tenant=shop`)],
    ];
    const dataDir = join(folder, 'gateway');
    startOfGateway = async () => {
      gateway = await startGateway({ clickhouseUrl: engine.url, dataDir, args });
    };
    await startOfGateway();
    sql = connectClickHouse({ url: engine.url });
    const source = { text: scraped };
    steady = await startExporter({ name: 'checkout', ip: loopbackAddress(), source });
    other = await startExporter({ name: 'shop/payment', ip: loopbackAddress(), source });
    const address = loopbackAddress();
    const { config } = agentOf('0.149.0', `localhost:${port}`, guard).workload;
    const text = writeConfig(withTargets(config, [steady, other]), { version: '0.149.0' });
    const ca = put('ca.crt', authority.certificate);
    const file = put('agent.yaml', text.replaceAll(authorityFile, ca));
    const env = { MY_POD_IP: address, OBSCTL_GATEWAY_TOKEN: `agents.${secret}` };
    agent = startProgram(collector, ['--config', file], { env });
    await agent.said('Everything is ready');
  }, startMsMax);

  afterAll(async () => {
    agent?.killGroup('SIGKILL');
    await sql?.close();
    await gateway?.stop();
    await engine?.stop();
    await Promise.all([steady?.stop(), other?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    const deadlineMs = Date.now() + waitMsMax;
    while (!(await holds())) {
      if (Date.now() > deadlineMs) throw new Error(`not in time: ${what}\n${agent.talk()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  /** Series of a target, each once; `names` is a pattern. */
  const seriesOf = (table: string, { ip, port }: Exporter, names: string): Promise<Series[]> =>
    sql.rows<Series>(`SELECT DISTINCT MetricName AS name, Attributes AS labels,
        toString(Value) AS value
      FROM otel.otel_metrics_${table}
      WHERE ResourceAttributes['service.instance.id'] = '${ip}:${port}'
        AND match(MetricName, '${names}') AND toString(Value) != 'nan'`);

  const sorted = (series: readonly Series[]): readonly string[] =>
    series
      .map(({ name, labels, value }) => {
        const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
        return `${name} ${JSON.stringify(pairs)} ${value}`;
      })
      .sort();

  it(
    'brings every series as it was scraped, with the cluster as a label and nothing else',
    async () => {
      const cluster = { k8s_cluster_name: 'prod-eu' };
      const wanted = samplesOf(scraped).map(({ labels, ...rest }) => ({
        ...rest,
        labels: { ...labels, ...cluster },
      }));
      expect(wanted).toHaveLength(15);
      const isSum = ({ name }: Series) => /_(total|bucket|count|sum)$/.test(name);
      for (const target of [steady, other]) {
        const sums = () => seriesOf('sum', target, '^shop_');
        const gauges = () => seriesOf('gauge', target, '^shop_');
        await until(`the series of ${target.name}`, async () => {
          return (await sums()).length + (await gauges()).length >= wanted.length;
        });
        expect(sorted(await sums())).toEqual(sorted(wanted.filter(isSum)));
        expect(sorted(await gauges())).toEqual(sorted(wanted.filter((one) => !isSum(one))));
      }
    },
    testMsMax,
  );

  it('says by job and instance whose they are, and no scope that nobody scraped', async () => {
    const rows = await sql.rows<Record<string, unknown>>(`SELECT DISTINCT ServiceName AS service,
        ResourceAttributes AS resource, ScopeName AS scope
      FROM otel.otel_metrics_sum WHERE startsWith(MetricName, 'shop_') ORDER BY service`);
    const instance = ({ ip, port }: Exporter) => ({ 'service.instance.id': `${ip}:${port}` });
    expect(rows).toEqual([
      {
        service: 'checkout',
        resource: { 'service.name': 'checkout', ...instance(steady) },
        scope: '',
      },
      {
        service: 'payment',
        resource: {
          'service.name': 'payment',
          'service.namespace': 'shop',
          ...instance(other),
        },
        scope: '',
      },
    ]);
  });

  it('brings what is known of the target as target_info', async () => {
    const [row] = await sql.rows<{ labels: object }>(`SELECT Attributes AS labels
      FROM otel.otel_metrics_gauge
      WHERE MetricName = 'target_info' AND ServiceName = 'checkout' LIMIT 1`);
    const known = {
      k8s_cluster_name: 'prod-eu',
      server_port: `${steady.port}`,
      url_scheme: 'http',
    };
    expect(row?.labels).toMatchObject(known);
  });

  it(
    'ends the series of a target that is gone with stale markers',
    async () => {
      await other.stop();
      const query = `SELECT DISTINCT MetricName AS name FROM otel.otel_metrics_gauge
        WHERE ServiceName = 'payment' AND reinterpretAsUInt64(Value) = ${staleNan} ORDER BY name`;
      const names = async () => (await sql.rows<{ name: string }>(query)).map(({ name }) => name);
      await until('stale markers', async () => (await names()).includes('shop_untyped'));
      expect(await names()).toContain('shop_queue_length');
    },
    testMsMax,
  );

  it(
    'stores every reading once, though the gateway was killed and away for a while',
    async () => {
      const readings = steady.readings().length;
      await gateway.kill();
      await new Promise((resolve) => setTimeout(resolve, absenceMs));
      expect(steady.readings().length).toBeGreaterThan(readings + 5);
      await startOfGateway();
      const [count, own] = ['count()', 'uniqExact(TimeUnix)'].map((what) => `toUInt32(${what})`);
      const stored = async () => {
        const [row] = await sql.rows<{ rows: number; times: number }>(`SELECT
            ${count} AS rows, ${own} AS times FROM otel.otel_metrics_gauge
          WHERE MetricName = 'shop_untyped' AND ServiceName = 'checkout'`);
        return row;
      };
      // What was read while nobody was there has arrived when something newer has.
      const back = steady.readings().length;
      await until('what came later', async () => ((await stored())?.times ?? 0) > back);
      agent.kill('SIGTERM');
      await agent.ended;
      const wanted = steady.readings().length;
      await until(`${wanted} readings`, async () => ((await stored())?.times ?? 0) >= wanted);
      expect(await stored()).toEqual({ rows: wanted, times: wanted });
    },
    testMsMax,
  );
});
