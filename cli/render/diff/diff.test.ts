/** What a diff says of two sets of objects: by object, by component, and with its risks. */
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { loadStack } from '../../../stack/load.ts';
import { systemStream } from '../stream.ts';
import { renderSystem } from '../system.ts';
import { type Difference, diffManifests } from './diff.ts';
import { parseManifests } from './manifest.ts';
import { printDiff, summarize } from './print.ts';
import { changesOf } from './walk.ts';

const base = `
name: shop
gateway: {replicas: 2, volume: 10Gi}
node_agent: {presets: {pod_logs: {}, kubelet_metrics: {}}}
cluster_agent: {presets: {cluster_metrics: {}}}
sampler: {replicas: 2}
`;

function manifestsOf(text: string) {
  const result = loadStack(text, 'obs.yaml');
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return parseManifests(systemStream(renderSystem(result.stack)), 'obs.yaml');
}

/** The differences that changing one text in the stack file makes. */
function diffOf(from: string, to: string): readonly Difference[] {
  expect(base).toContain(from);
  return diffManifests(manifestsOf(base), manifestsOf(base.replace(from, to)));
}

function labelsOf(differences: readonly Difference[], object: string): readonly string[] {
  const found = differences.find((difference) => difference.object === object);
  return (found?.risks ?? []).map(({ label }) => label);
}

const named = (kind: string, body: object) =>
  parseManifests(stringify({ apiVersion: 'v1', kind, metadata: { name: 'a' }, ...body }), 'test');

/** A Collector's configuration in the ConfigMap that a rendered agent has. */
function withConfig(config: object) {
  return named('ConfigMap', { data: { 'config.yaml': stringify(config) } });
}

const collector = {
  extensions: { 'file_storage/queue': { directory: '/q', fsync: true } },
  receivers: { 'file_log/pods': { include: ['/a'], storage: 'file_storage/queue' } },
  processors: { memory_limiter: { limit_mib: 100 }, resource: { attributes: [] } },
  exporters: { 'otlp_grpc/gateway': { endpoint: 'gateway:4317' } },
  service: {
    extensions: ['file_storage/queue'],
    pipelines: {
      logs: {
        receivers: ['file_log/pods'],
        processors: ['memory_limiter', 'resource'],
        exporters: ['otlp_grpc/gateway'],
      },
    },
  },
};

function changed(change: (copy: typeof collector) => unknown): Difference | undefined {
  const copy = structuredClone(collector);
  change(copy);
  return diffManifests(withConfig(collector), withConfig(copy))[0];
}

describe('a diff of stacks', () => {
  it('is empty for the same stack, whatever the order of the objects', () => {
    const objects = manifestsOf(base);
    expect(diffManifests(objects, [...objects].reverse())).toEqual([]);
  });

  it('names the component that a preset brings, not lines of text', () => {
    const differences = diffOf('kubelet_metrics: {}', 'kubelet_metrics: {collection_interval: 5m}');
    const config = differences.find(({ object }) => object.startsWith('ConfigMap'));
    expect(config?.components).toEqual([
      expect.objectContaining({ component: 'receivers.kubeletstats', change: 'changed' }),
    ]);
    expect(config?.fields).toEqual([]);
  });

  it('warns that fewer gateways leave a log behind', () => {
    const differences = diffOf('replicas: 2, volume', 'replicas: 1, volume');
    expect(labelsOf(differences, 'StatefulSet observability/shop-gateway')).toContain(
      'strands-log',
    );
  });

  it('warns that a volume of a StatefulSet cannot be changed', () => {
    const differences = diffOf('volume: 10Gi', 'volume: 20Gi');
    const gateway = differences.find(
      ({ object }) => object === 'StatefulSet observability/shop-gateway',
    );
    expect(gateway?.risks.map(({ label }) => label)).toContain('refused');
    expect(gateway?.fields.map(({ path }) => path)).toContainEqual(
      expect.stringContaining('volumeClaimTemplates'),
    );
  });

  it('warns that another number of samplers redraws the ring', () => {
    const differences = diffOf('sampler: {replicas: 2}', 'sampler: {replicas: 3}');
    expect(labelsOf(differences, 'StatefulSet observability-agents/shop-sampler')).toEqual([
      'redraws-ring',
    ]);
  });

  it('warns of rights that are taken away', () => {
    const differences = diffOf('cluster_agent: {presets: {cluster_metrics: {}}}\n', '');
    const binding = 'ClusterRoleBinding shop-cluster-agent.observability-agents';
    expect(labelsOf(differences, binding)).toEqual(['takes-rights']);
    expect(labelsOf(differences, 'Deployment observability-agents/shop-cluster-agent')).toEqual([
      'stops-pods',
    ]);
  });

  it('shows the change behind a new hash, and the hash only when nothing else differs', () => {
    const differences = diffOf('pod_logs: {}', 'pod_logs: {poll_interval: 2s}');
    const agent = differences.find(({ object }) => object.startsWith('DaemonSet'));
    expect(agent?.fields.map(({ path }) => path)).toEqual([
      'spec.template.metadata.annotations."obsctl.dev/config-hash"',
    ]);
    expect(agent?.risks.map(({ label }) => label)).toEqual(['restarts']);
  });
});

describe('a diff of Collector configurations', () => {
  it('says that logs are read again when the id of their receiver changes', () => {
    const difference = changed((copy) => {
      const { receivers } = copy as { receivers: Record<string, object> };
      receivers['file_log/all'] = receivers['file_log/pods'] as object;
      delete receivers['file_log/pods'];
      copy.service.pipelines.logs.receivers = ['file_log/all'];
    });
    expect(difference?.components.map(({ component, change }) => `${change} ${component}`)).toEqual(
      ['added receivers.file_log/all', 'removed receivers.file_log/pods', 'changed pipelines.logs'],
    );
    expect(difference?.risks.map(({ label }) => label)).toEqual(['re-reads-logs']);
  });

  it('says that logs are read again when the directory of their storage changes', () => {
    const difference = changed((copy) => {
      copy.extensions['file_storage/queue'].directory = '/other';
    });
    const labels = difference?.risks.map(({ label }) => label);
    expect(labels).toEqual(['re-reads-logs', 'strands-queue']);
  });

  it('says that telemetry goes elsewhere when an endpoint changes', () => {
    const difference = changed((copy) => {
      copy.exporters['otlp_grpc/gateway'].endpoint = 'other:4317';
    });
    expect(difference?.risks.map(({ label }) => label)).toEqual(['destination']);
  });

  it('sees processors in another order, which is another meaning', () => {
    const difference = changed((copy) => {
      copy.service.pipelines.logs.processors.reverse();
    });
    expect(difference?.components.map(({ component }) => component)).toEqual(['pipelines.logs']);
  });

  it('says that only the text differs where comments were added', () => {
    const text = stringify(collector);
    const [before, after] = [text, `# a comment\n${text}`].map((config) =>
      named('ConfigMap', { data: { 'config.yaml': config } }),
    );
    expect(diffManifests(before ?? [], after ?? [])[0]).toMatchObject({
      components: [],
      risks: [],
    });
  });
});

describe('the comparison of values', () => {
  it('finds the element of a list by its name, wherever it stands', () => {
    const env = (value: string) => ({ name: 'A', value });
    const other = { name: 'B', value: '1' };
    expect(changesOf({ env: [env('1'), other] }, { env: [other, env('2')] })).toEqual([
      { path: 'env[A].value', before: '1', after: '2' },
    ]);
  });

  it('takes rules for a set', () => {
    const [a, b] = [{ verbs: ['get'] }, { verbs: ['list'] }];
    expect(changesOf({ rules: [a, b] }, { rules: [b, a] })).toEqual([]);
    expect(changesOf({ rules: [a] }, { rules: [a, b] })).toEqual([{ path: 'rules[]', after: b }]);
  });

  it('takes arguments for a sequence', () => {
    const paths = changesOf({ args: ['a', 'b'] }, { args: ['b', 'a'] }).map(({ path }) => path);
    expect(paths).toEqual(['args']);
  });
});

describe('the printed diff', () => {
  it('marks what comes, goes and changes, and each risk', () => {
    const differences = diffManifests(
      [...named('Service', { spec: { type: 'ClusterIP' } }), ...named('Namespace', {})],
      [...named('Service', { spec: { type: 'NodePort' } }), ...named('ConfigMap', {})],
    );
    expect(printDiff(differences)).toBe(
      '~ Service a\n    ~ spec.type: ClusterIP → NodePort\n\n+ ConfigMap a\n\n- Namespace a\n' +
        '    ! deletes-everything: deleting a namespace deletes every object and volume in it\n',
    );
    expect(summarize(differences)).toBe('1 added, 1 removed, 1 changed; 1 risk');
  });
});
