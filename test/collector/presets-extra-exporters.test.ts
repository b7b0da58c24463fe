/**
 * Further OTLP back ends: they follow every pipeline of their signals in the Collectors that are
 * named, their secrets stand in no configuration, and a real Collector accepts them.
 */
import { describe, expect, it } from '@jest/globals';
import { checkConfig } from '../../collector/check.ts';
import { writeConfig } from '../../collector/write.ts';
import { extraExportersOptions } from '../../presets/extra-exporters/config.ts';
import { componentKeys, cutDown, lacks } from '../../tools/judges.ts';
import { type AgentWish, buildAgentOf } from '../support/build-agents.ts';
import { validateWith } from '../support/collector.ts';
import { describeWithPeer } from '../support/peer.ts';
import { makeMachine } from './running-agent.ts';

const extraExporters = extraExportersOptions.parse({
  vendor: {
    endpoint: 'otlp.example.com:4317',
    agents: ['node-agent', 'cluster-agent', 'sampler', 'gateway'],
    headers: { 'x-team': 'shop', 'api-key': { secret: 'vendor', key: 'token' } },
  },
  archive: {
    protocol: 'http',
    endpoint: 'https://archive.example.com/otlp',
    signals: ['traces'],
    agents: ['node-agent', 'sampler'],
    queue_size: 100,
    compression: 'zstd',
  },
});

const wishes: Readonly<Record<string, AgentWish>> = {
  'node-agent': { agent: 'node-agent', presets: { otlp_ingest: {} }, extraExporters },
  'cluster-agent': { agent: 'cluster-agent', presets: { cluster_metrics: {} }, extraExporters },
  sampler: { agent: 'sampler', version: '0.161.0', extraExporters },
  gateway: { agent: 'gateway', version: '0.161.0', extraExporters },
};

const vendorPipelines = {
  'traces/extra_vendor': ['otlp_grpc/vendor'],
  'metrics/extra_vendor': ['otlp_grpc/vendor'],
  'logs/extra_vendor': ['otlp_grpc/vendor'],
};

function exportersOf(wish: AgentWish | undefined): Readonly<Record<string, readonly string[]>> {
  if (wish === undefined) throw new Error('no such wish');
  const { pipelines } = buildAgentOf(wish).workload.config.service;
  return Object.fromEntries(
    Object.entries(pipelines).map(([id, pipeline]) => [id, pipeline?.exporters ?? []]),
  );
}

describe('extra exporters', () => {
  it('stand beside the gateway in every pipeline of their signals', () => {
    const own = 'otlp_grpc/gateway';
    expect(exportersOf(wishes['node-agent'])).toEqual({
      traces: [own, 'forward/vendor', 'forward/archive'],
      metrics: [own, 'forward/vendor'],
      logs: [own, 'forward/vendor'],
      ...vendorPipelines,
      'traces/extra_archive': ['otlp_http/archive'],
    });
  });

  it('stand beside ClickHouse in a gateway without code of ours', () => {
    expect(exportersOf(wishes['gateway'])).toEqual({
      traces: ['clickhouse/traces', 'forward/vendor'],
      metrics: ['clickhouse/metrics', 'forward/vendor'],
      logs: ['clickhouse/logs', 'forward/vendor'],
      ...vendorPipelines,
    });
  });

  it('see of a sampler only the traces that it kept', () => {
    expect(exportersOf(wishes['sampler'])).toEqual({
      traces: ['otlp_grpc/gateway', 'forward/vendor', 'forward/archive'],
      'traces/extra_vendor': ['otlp_grpc/vendor'],
      'traces/extra_archive': ['otlp_http/archive'],
      'traces/in': ['load_balancing'],
    });
  });

  it('get their secret headers from the environment alone', () => {
    const { config, needs } = buildAgentOf(wishes['node-agent'] as AgentWish).workload;
    expect(config.exporters['otlp_grpc/vendor']?.['headers']).toEqual({
      'x-team': 'shop',
      'api-key': '$' + '{env:EXTRA_VENDOR_API_KEY}',
    });
    expect(needs.env).toContainEqual({
      name: 'EXTRA_VENDOR_API_KEY',
      secret: { name: 'vendor', key: 'token' },
    });
  });

  it('say so where an agent has none of their signals', () => {
    const wish: AgentWish = {
      agent: 'cluster-agent',
      presets: { cluster_metrics: {} },
      extraExporters: extraExportersOptions.parse({
        traces_only: { endpoint: 'a:4317', signals: ['traces'], agents: ['cluster-agent'] },
      }),
    };
    expect(buildAgentOf(wish).workload.warnings.join()).toMatch(/has none of its signals/);
  });
});

for (const [peer, line, names] of [
  ['collector-0.149', '0.149', ['node-agent', 'cluster-agent']],
  ['collector', '0.161', ['sampler', 'gateway']],
] as const) {
  describeWithPeer(peer, 'extra exporters before a real Collector', (program) => {
    it.each(names)('are accepted in the %s', async (name) => {
      const wish = wishes[name] as AgentWish;
      const { config, needs } = buildAgentOf(wish).workload;
      const version = wish.version ?? '0.149.0';
      expect(checkConfig(config, version)).toEqual([]);
      const missing = lacks(line, componentKeys(config));
      const env = Object.fromEntries(needs.env.map((variable) => [variable.name, '1']));
      const { text } = await validateWith(
        program,
        writeConfig(cutDown(config, missing), { version }),
        env,
      );
      expect(text.replaceAll(/^.*\t(info|warn)\t.*$/gm, '').trim()).toBe('');
    });
  });
}

describeWithPeer('collector-0.149', 'an extra exporter whose back end is away', (collector) => {
  it('makes no sender send again what the gateway has, however full its queue is', async () => {
    const machine = makeMachine({
      collector,
      presets: { otlp_ingest: {} },
      gateway: nobody,
      extraExporters: extraExportersOptions.parse({
        vendor: { endpoint: nobody, agents: ['node-agent'], queue_size: 5, insecure: true },
      }),
    });
    try {
      const { program } = await machine.start();
      const answers: number[] = [];
      const full = program.said('sending queue is full').then(() => true);
      for (let isFull: boolean | undefined; isFull !== true; ) {
        answers.push(await sendLog(machine.address, answers.length));
        isFull = await Promise.race([full, Promise.resolve(undefined)]);
      }
      for (let more = 0; more < 10; more += 1) answers.push(await sendLog(machine.address, more));
      expect(new Set(answers)).toEqual(new Set([200]));
    } finally {
      await machine.remove();
    }
  }, 60_000);
});

const nobody = '127.0.0.1:1';

async function sendLog(address: string, index: number): Promise<number> {
  const logRecords = [{ body: { stringValue: `line ${index}` } }];
  const { status } = await fetch(`http://${address}:4318/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
  });
  return status;
}
