import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { agentObjects } from './agent.ts';
import { isWorkload, type KubernetesObject, templateOf } from './objects.ts';
import { inApplyOrder } from './order.ts';
import { bytesQuantity, cpuQuantity, quantityBytes } from './quantity.ts';
import { goldenFile, goldenFlavors, goldenText } from './testdata/golden.ts';
import { schemaFaults } from './testdata/published.ts';
import {
  sampleClusterAgent,
  sampleNodeAgent,
  sampleObjects,
  samplePlace,
  samplePrometheusAgent,
} from './testdata/sample.ts';
import { configHash, writeObject, writeStream } from './write.ts';

const flavors = goldenFlavors.map((flavor) => [flavor] as const);

describe.each(flavors)('a whole stack with the gateway of flavor %s', (flavor) => {
  const objects = sampleObjects(flavor);

  it('is the reviewed golden file (npm run update)', () => {
    expect(goldenText(flavor)).toBe(readFileSync(goldenFile(flavor), 'utf8'));
  });

  it.each(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object] as const))(
    'has %s as the published schema wants it, without unknown fields',
    (_name, object) => {
      expect(schemaFaults(object)).toEqual([]);
    },
  );

  it('has no empty list or map that the API server would drop', () => {
    expect(objects.flatMap((object) => emptyPaths(object)).filter(isMute)).toEqual([]);
  });

  it('has no object twice', () => {
    const keys = objects.map(({ kind, metadata }) =>
      [kind, metadata.namespace, metadata.name].join(' '),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('holds no Secret', () => {
    expect(objects.map(({ kind }): string => kind)).not.toContain('Secret');
  });

  it('selects each workload by labels that its pods carry', () => {
    for (const object of objects.filter(isWorkload)) {
      if (object.kind === 'Job' || object.kind === 'CronJob') continue;
      expect(object.spec.template.metadata.labels).toMatchObject(object.spec.selector.matchLabels);
    }
  });

  it('names only volumes that exist, and mounts each once a place', () => {
    for (const object of objects.filter(isWorkload)) {
      const { spec } = templateOf(object);
      const claims = object.kind === 'StatefulSet' ? (object.spec.volumeClaimTemplates ?? []) : [];
      const names = [
        ...(spec.volumes ?? []).map(({ name }) => name),
        ...claims.map(({ metadata }) => metadata.name),
      ];
      expect(new Set(names).size).toBe(names.length);
      const mounts = spec.containers.flatMap((container) => container.volumeMounts ?? []);
      expect(names).toEqual(expect.arrayContaining(mounts.map(({ name }) => name)));
      expect(new Set(mounts.map(({ mountPath }) => mountPath)).size).toBe(mounts.length);
    }
  });
});

describe('apply order', () => {
  it('puts what others refer to first, whatever the order they came in', () => {
    const objects = sampleObjects('obsctl');
    fc.assert(
      fc.property(fc.shuffledSubarray([...objects], { minLength: objects.length }), (shuffled) => {
        expect(writeStream(inApplyOrder(shuffled))).toBe(writeStream(objects));
      }),
    );
    const kinds = objects.map(({ kind }) => kind);
    expect(kinds[0]).toBe('Namespace');
    const before = (first: KubernetesObject['kind'], second: KubernetesObject['kind']) =>
      expect(kinds.lastIndexOf(first)).toBeLessThan(kinds.indexOf(second));
    before('ServiceAccount', 'ClusterRoleBinding');
    before('ClusterRole', 'ClusterRoleBinding');
    before('Role', 'RoleBinding');
    before('ConfigMap', 'StatefulSet');
    before('Service', 'StatefulSet');
    before('NetworkPolicy', 'DaemonSet');
    before('Job', 'Deployment');
  });
});

describe('what is written', () => {
  it('quotes what YAML 1.1 takes for something else', () => {
    const text = writeObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', labels: {} },
      data: { on: 'yes', octal: '0o7', number: '1e3' },
    });
    expect(text).toContain('"on": "yes"');
    expect(text).toContain('octal: "0o7"');
    expect(text).toContain('number: "1e3"');
  });

  it('changes the hash when a file or its name does, and not with the order of files', () => {
    const hash = (files: Record<string, string>) => Object.values(configHash(files))[0];
    expect(hash({ a: '1', b: '2' })).toBe(hash({ b: '2', a: '1' }));
    expect(hash({ a: '1' })).not.toBe(hash({ a: '2' }));
    expect(hash({ a: '1' })).not.toBe(hash({ b: '1' }));
    expect(hash({ a: '1', b: '2' })).not.toBe(hash({ a: '1b2' }));
  });
});

describe('quantities', () => {
  it.each([
    ['0.5', '500m'],
    ['1000m', '1'],
    ['0.1', '100m'],
    ['2', '2'],
    ['1500m', '1500m'],
  ])('CPU %s is %s', (text, expected) => {
    expect(cpuQuantity(text)).toBe(expected);
  });

  it.each([
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['512Mi', '512Mi'],
    ['1000M', '1G'],
    ['1073741824', '1073741824'],
    ['1000', '1k'],
    ['10Gi', '10Gi'],
  ])('bytes %s are %s', (text, expected) => {
    expect(bytesQuantity(text)).toBe(expected);
  });

  it('keep their value and are stable', () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 4096 }), fc.constantFrom('Mi', 'Gi', 'M', ''));
    fc.assert(
      fc.property(sizes, ([amount, unit]) => {
        const once = bytesQuantity(`${amount}${unit}`);
        expect(bytesQuantity(once)).toBe(once);
        expect(quantityBytes(once)).toBe(quantityBytes(`${amount}${unit}`));
      }),
    );
  });

  it.each(['1 Gi', 'many', '1Pb', '-1'])('%s is refused', (text) => {
    expect(() => bytesQuantity(text)).toThrow(expect.objectContaining({ code: 'OBS-1301' }));
  });
});

describe('an agent', () => {
  const only = <Kind extends KubernetesObject['kind']>(
    objects: readonly KubernetesObject[],
    kind: Kind,
  ) =>
    objects.filter((object) => object.kind === kind) as Extract<KubernetesObject, { kind: Kind }>[];

  it('on every node tolerates every taint and never runs twice on one', () => {
    const [set] = only(agentObjects(sampleNodeAgent, samplePlace), 'DaemonSet');
    expect(set?.spec.template.spec.tolerations).toEqual([{ operator: 'Exists' }]);
    expect(set?.spec.updateStrategy.rollingUpdate.maxSurge).toBe(0);
  });

  it('on every node keeps what is sent to it on the node', () => {
    const [service] = only(agentObjects(sampleNodeAgent, samplePlace), 'Service');
    expect(service?.spec.internalTrafficPolicy).toBe('Local');
    expect(service?.spec.ports?.map(({ name }) => name)).toEqual(['otlp-grpc']);
  });

  it('that is alone is stopped before the next starts', () => {
    const shape = { kind: 'Deployment', replicas: 1 } as const;
    const objects = agentObjects({ ...sampleClusterAgent, shape }, samplePlace);
    expect(only(objects, 'Deployment')[0]?.spec.strategy.type).toBe('Recreate');
    expect(only(objects, 'PodDisruptionBudget')).toEqual([]);
  });

  it('gets no token when it has no rights', () => {
    const objects = agentObjects(
      { ...sampleNodeAgent, config: { ...sampleNodeAgent.config, receivers: {}, processors: {} } },
      samplePlace,
    );
    const [set] = only(objects, 'DaemonSet');
    expect(set?.spec.template.spec.automountServiceAccountToken).toBe(false);
    expect(only(objects, 'ClusterRole')).toEqual([]);
  });

  it('rolls when its configuration changes', () => {
    const annotations = (text: string) => {
      const place = { ...samplePlace, configText: () => text };
      const [set] = only(agentObjects(sampleNodeAgent, place), 'DaemonSet');
      return set?.spec.template.metadata.annotations;
    };
    expect(annotations('a: 1\n')).not.toEqual(annotations('a: 2\n'));
  });

  it.each([
    ['root', sampleNodeAgent, '0:0'],
    ['another user', samplePrometheusAgent, '10001:10001'],
  ])('of %s has what is in its directory on the node handed over', (_, agent, user) => {
    const [set] = only(agentObjects(agent, samplePlace), 'DaemonSet');
    const [first] = set?.spec.template.spec.initContainers ?? [];
    expect(first?.command).toEqual(['chown', '-R', user, '/var/lib/otelcol/queue']);
    expect(first?.securityContext?.capabilities).toEqual({ drop: ['ALL'], add: ['CHOWN'] });
  });

  it('on Autopilot writes to no node, and on OpenShift chooses no user', () => {
    const autopilot = { ...samplePlace, platform: 'gke-autopilot' } as const;
    const [set] = only(agentObjects(samplePrometheusAgent, autopilot), 'DaemonSet');
    expect(set?.spec.template.spec.volumes).toContainEqual({ name: 'queue', emptyDir: {} });
    const openshift = { ...samplePlace, platform: 'openshift' } as const;
    const [deployment] = only(agentObjects(sampleClusterAgent, openshift), 'Deployment');
    expect(deployment?.spec.template.spec.securityContext?.runAsUser).toBeUndefined();
    // One reads the node's logs, of the other only the queue is on the node.
    for (const agent of [sampleNodeAgent, samplePrometheusAgent]) {
      const [node] = only(agentObjects(agent, openshift), 'DaemonSet');
      expect(node?.spec.template.spec.securityContext?.seLinuxOptions).toEqual({ type: 'spc_t' });
    }
    expect(deployment?.spec.template.spec.securityContext?.seLinuxOptions).toBeUndefined();
  });

  it('may send where its configuration says, and nowhere else', () => {
    const [policy] = only(agentObjects(sampleClusterAgent, samplePlace), 'NetworkPolicy');
    expect(policy?.spec.egress?.flatMap(({ ports }) => ports?.map(({ port }) => port))).toEqual([
      53, 53, 4317, 443, 6443, 8443, 16_443,
    ]);
    const [open] = only(agentObjects(samplePrometheusAgent, samplePlace), 'NetworkPolicy');
    expect(open?.spec.policyTypes).toEqual(['Ingress']);
  });

  it('with a configuration beyond what a ConfigMap holds is refused', () => {
    const place = { ...samplePlace, configText: () => 'x'.repeat(1024 * 1024 + 1) };
    expect(() => agentObjects(sampleNodeAgent, place)).toThrow(
      expect.objectContaining({ code: 'OBS-1304' }),
    );
  });
});

/** Paths of empty lists and maps. */
function emptyPaths(value: unknown, path = ''): string[] {
  if (value === undefined) return [`${path} is undefined`];
  if (value === null || typeof value !== 'object') return [];
  const entries = Object.entries(value);
  if (entries.length === 0) return [path];
  return entries.flatMap(([key, child]) => emptyPaths(child, `${path}/${key}`));
}

/** `emptyDir: {}` is a volume; an empty map there says so. */
function isMute(path: string): boolean {
  return !path.endsWith('/emptyDir');
}
