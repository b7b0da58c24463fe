/** What rendered agents say about themselves by OpAMP, and what they may do to say it. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import type { CollectorWorkload } from '../../collector/workload.ts';
import { configHashOf } from '../../presets/agents/opamp.ts';
import { loadStack } from '../../stack/load.ts';
import type { Stack } from '../../stack/types.ts';
import { buildAgents } from './agents.ts';
import { diffManifests } from './diff/diff.ts';
import { parseManifests } from './diff/manifest.ts';
import { systemStream } from './stream.ts';
import { renderSystem } from './system.ts';

const image = 'registry.example/obs/obsctl:0.1.0';
const agents = 'node_agent: {presets: {pod_logs: {}}}\ncluster_agent: true\nsampler: true\n';

function stackOf(gateway: string, rest = agents): Stack {
  const result = loadStack(
    `name: shop\ncluster: prod-eu\ngateway: ${gateway}\n${rest}`,
    'obs.yaml',
  );
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return result.stack;
}

const ours = stackOf(`{image: "${image}"}`);

function agentOf(stack: Stack, name: string): CollectorWorkload {
  const found = renderSystem(stack).workloads.find((workload) => workload.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

/** The text of its ConfigMap. */
function configTextOf(stack: Stack, name: string): string {
  const objects = parseManifests(systemStream(renderSystem(stack)), 'obs.yaml');
  const found = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === `shop-${name}`,
  );
  return String(Object(found?.['data'])['config.yaml']);
}

describe('an agent of our own gateway', () => {
  it('says where it is and from what it was rendered', () => {
    expect(parse(configTextOf(ours, 'node-agent')).extensions.opamp).toEqual({
      server: { http: { endpoint: 'http://shop-gateway.observability.svc:4318/v1/opamp' } },
      capabilities: { reports_available_components: false },
      agent_description: {
        non_identifying_attributes: {
          'k8s.cluster.name': 'prod-eu',
          'k8s.namespace.name': 'observability-agents',
          'k8s.node.name': '${env:K8S_NODE_NAME}',
          'k8s.pod.name': '${env:MY_POD_NAME}',
          'obsctl.agent': 'node-agent',
          'obsctl.stack': 'shop',
          'obsctl.config.hash': expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      },
    });
    for (const name of ['cluster-agent', 'sampler']) {
      expect(agentOf(ours, name).config.service.extensions).toContain('opamp');
    }
  });

  it('names its configuration by the hash of what it is without that name', () => {
    const text = configTextOf(ours, 'node-agent');
    const without = text.replace(/^ +obsctl\.config\.hash: .*\n/m, '');
    const hash = createHash('sha256').update(without).digest('hex').slice(0, 16);
    expect(text).toContain(`obsctl.config.hash: ${hash}\n`);
    expect(configHashOf(agentOf(ours, 'node-agent').config)).toBe(hash);
  });

  it('has another hash where its own configuration changes, and only there', () => {
    const other = stackOf(
      `{image: "${image}"}`,
      agents.replace('pod_logs: {}', 'pod_logs: {poll_interval: 2s}'),
    );
    const changed = ['node-agent', 'cluster-agent', 'sampler'].filter(
      (name) =>
        configHashOf(agentOf(ours, name).config) !== configHashOf(agentOf(other, name).config),
    );
    expect(changed).toEqual(['node-agent']);
    const [before, after] = [ours, other].map((stack) =>
      parseManifests(systemStream(renderSystem(stack)), 'obs.yaml'),
    );
    const differences = diffManifests(before ?? [], after ?? []);
    expect(differences.flatMap(({ components }) => components.map((one) => one.component))).toEqual(
      ['receivers.file_log/pods'],
    );
  });

  it('shows its token, and trusts the authority of a guarded gateway', () => {
    const guarded = stackOf(
      stringify({
        image,
        tls: { secret: 'gateway-tls', agents_ca: { secret: 'gateway-ca', key: 'ca.crt' } },
        auth: { secret: 'gateway-auth', agents: { secret: 'gateway-token', key: 'token' } },
      })
        .replaceAll('\n', '\n  ')
        .replace(/^/, '\n  '),
    );
    const { config, needs } = agentOf(guarded, 'cluster-agent');
    expect(config.extensions['opamp']?.['server']).toEqual({
      http: {
        endpoint: 'https://shop-gateway.observability.svc:4318/v1/opamp',
        tls: { insecure: false, ca_file: '/etc/obsctl-gateway-ca/ca.crt' },
        headers: { authorization: 'Bearer ${env:OBSCTL_GATEWAY_TOKEN}' },
      },
    });
    expect(needs.secretMounts.map(({ secret }) => secret)).toEqual(['gateway-ca']);
  });

  it('may reach the port it reports to', () => {
    const objects = renderSystem(ours).objects;
    const policy = objects.find(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'shop-sampler',
    );
    expect(JSON.stringify(policy)).toContain('{"protocol":"TCP","port":4318}');
  });
});

describe('no agent reports itself', () => {
  const stock = stackOf('{}');
  const off = stackOf(`{image: "${image}", opamp: false}`);
  const elsewhere = stackOf('{endpoint: "https://otlp.example.com:4317"}');

  it.each([
    ['to the stock Collector', buildAgents(stock, 'kubernetes')],
    ['where that is switched off', buildAgents(off, 'kubernetes')],
    ['to a gateway of which only the gRPC address is known', buildAgents(elsewhere, 'kubernetes')],
    ['outside Kubernetes', buildAgents(ours, 'host')],
  ])('%s', (_name, built) => {
    const extensions = built.flatMap(({ workload }) => Object.keys(workload.config.extensions));
    expect(extensions).toContain('health_check');
    expect(extensions).not.toContain('opamp');
  });

  it('and the gateway then answers none', () => {
    expect(systemStream(renderSystem(off))).toContain('- --no-opamp\n');
    expect(systemStream(renderSystem(ours))).not.toContain('--no-opamp');
  });
});
