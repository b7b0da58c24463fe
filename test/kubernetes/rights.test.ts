/**
 * No right is superfluous: each single right of each agent, a verb on a resource, is taken away
 * once, and the real Collector, run without it, logs a refusal that names that verb and that
 * resource. That no account has more than its rules is shown in `apply.test.ts`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KubernetesObject, RbacRule } from '../../k8s/objects.ts';
import { containedRefusal } from '../support/contained.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeers } from '../support/peer.ts';
import { type Rendered, renderFile } from '../support/rendered.ts';
import { startAgentPod } from './agent-pod.ts';

const startMsMax = 120_000;
const refusalMsMax = 30_000;
const tableMsMax = 400_000;
/** Collectors at once: a start is mostly CPU. */
const parallel = 4;
const namespace = 'observability-agents';
const lease = 'lab-cluster-metrics';

/** Everything of the agents that runs here and asks the API server for something. */
const stack = `
name: lab
cluster: test
node_agent:
  presets:
    pod_logs: {}
    kubernetes_attributes:
      workload_uids: true
      labels: [{key: team, from: namespace}, {key: zone, from: node}]
    resource_detection: {node: true}
cluster_agent: {replicas: 2, presets: {cluster_metrics: {collection_interval: 2s}}}
prometheus_agent:
  mode: deployment
  presets: {cadvisor: {}, control_plane: {}, kube_state_metrics: {}}
`;

type Workload = {
  readonly workload: string;
  /** What the Collector asks of kubelets and of targets, who are not there to refuse. */
  readonly ofOthers: readonly string[];
};

const workloads: readonly Workload[] = [
  { workload: 'lab-cluster-agent', ofOthers: [] },
  { workload: 'lab-node-agent', ofOthers: [] },
  { workload: 'lab-prometheus-agent', ofOthers: ['get nodes/metrics', 'get /metrics'] },
];

type Role = Extract<KubernetesObject, { readonly kind: 'ClusterRole' | 'Role' }>;

/** One right of one role. */
type Removal = {
  readonly workload: string;
  readonly role: Role;
  readonly verb: string;
  readonly resource: string;
};

const folder = mkdtempSync(join(tmpdir(), 'obsctl-rights-'));
writeFileSync(join(folder, 'obs.yaml'), stack);
const rendered = await renderFile(join(folder, 'obs.yaml'), ['--only', 'agents']);
const removals = workloads.flatMap(({ workload, ofOthers }) =>
  rolesOf(workload).flatMap((role) =>
    role.rules
      .flatMap((rule) =>
        (rule.resources ?? rule.nonResourceURLs ?? []).flatMap((resource) =>
          rule.verbs.map((verb): Removal => ({ workload, role, verb, resource })),
        ),
      )
      .filter(({ verb, resource }) => !ofOthers.includes(`${verb} ${resource}`)),
  ),
);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the rules of the agents', () => {
  it('name each right once, and none for everything', () => {
    const keys = removals.map(nameOf);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(40);
    expect(keys.join()).not.toContain('*');
  });

  it('are all taken away but those that others than the API server hold', () => {
    for (const { workload, ofOthers } of workloads) {
      const all = rolesOf(workload).flatMap(({ rules }) => rules);
      const rights = all.flatMap((rule) =>
        (rule.resources ?? rule.nonResourceURLs ?? []).flatMap((resource) =>
          rule.verbs.map((verb) => `${verb} ${resource}`),
        ),
      );
      expect(rights).toEqual(expect.arrayContaining([...ofOthers]));
    }
  });
});

describeWithPeers(
  ['kubernetes', 'collector-0.149'],
  'without one of its rights the Collector logs a refusal',
  ([programs = '', collector = '']) => {
    let cluster: ControlPlane;
    beforeAll(async () => {
      // New servers can begin a watch with all that a list would give, and then nobody lists;
      // most of those that are run cannot.
      cluster = await startControlPlane({ programs, nodes: 0, featureGates: 'WatchList=false' });
      await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
    }, startMsMax);
    afterAll(async () => await cluster?.stop());

    const refusedWithout = async (removal: Removal, index: number): Promise<string> => {
      const name = `without-${index}`;
      const { workload, verb, resource } = removal;
      await cluster.mustKubectl(['create', '-f', '-'], accountWithout(removal, name));
      // Its own lease: nobody else may lead in its place.
      const own: Rendered = JSON.parse(JSON.stringify(rendered).replaceAll(lease, name));
      const common = { collector, cluster, rendered: own, workload, namespace };
      const pod = await startAgentPod({
        ...{ ...common, podName: name, account: name },
        folders: { 'pod-logs': folder },
      });
      const { program } = pod;
      try {
        const wanted = `cannot ${verb} resource "${resource}"`;
        const deadlineMs = Date.now() + refusalMsMax;
        while (Date.now() < deadlineMs) {
          // Some write the message as it is, some inside a text in quotes.
          if (program.talk().replaceAll('\\', '').includes(wanted)) return 'refused';
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        return `not refused:\n${program.talk().slice(-800)}`;
      } finally {
        await program.remove();
      }
    };

    it('and the API server shows its own metrics to nobody who has not the right', async () => {
      const status = async (account: string) => {
        const token = await cluster.tokenOf(namespace, account);
        return (await cluster.ask('GET', '/metrics', undefined, token)).status;
      };
      expect(await status('lab-prometheus-agent')).toBe(200);
      expect(await status('lab-node-agent')).toBe(403);
    });

    it(
      'for each of them',
      async () => {
        const outcomes: Record<string, string> = {};
        const open = removals.map((removal, index) => ({ removal, index }));
        const worker = async (): Promise<void> => {
          for (let next = open.shift(); next !== undefined; next = open.shift()) {
            outcomes[nameOf(next.removal)] = await refusedWithout(next.removal, next.index);
          }
        };
        await Promise.all(Array.from({ length: parallel }, worker));
        const kept = Object.entries(outcomes).filter(([, outcome]) => outcome !== 'refused');
        expect(kept).toEqual([]);
        expect(Object.keys(outcomes)).toHaveLength(removals.length);
      },
      tableMsMax,
    );
  },
  containedRefusal(),
);

function nameOf({ workload, role, verb, resource }: Removal): string {
  return `${workload}: ${verb} ${resource} of ${role.kind} in ${role.metadata.namespace ?? 'all'}`;
}

function rolesOf(workload: string): readonly Role[] {
  return rendered.objects.filter(
    (object): object is Role =>
      (object.kind === 'ClusterRole' || object.kind === 'Role') && owner(object) === workload,
  );
}

/** The part of a name before the namespace that names of whole clusters end with. */
function owner({ metadata }: KubernetesObject): string | undefined {
  return metadata.name.split('.')[0];
}

/** An account with all rights of the workload but one, as a stream of objects. */
function accountWithout(removal: Removal, name: string): string {
  const group = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  const objects: unknown[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
  ];
  for (const role of rolesOf(removal.workload)) {
    const { kind } = role;
    const place = role.metadata.namespace;
    const metadata = { name, ...(place !== undefined && { namespace: place }) };
    const rules = role.rules
      .flatMap((rule) => (role === removal.role ? without(rule, removal) : [rule]))
      .map((rule) => JSON.parse(JSON.stringify(rule).replaceAll(lease, name)));
    const roleRef = { apiGroup: group, kind, name };
    objects.push(
      { apiVersion: `${group}/v1`, kind, metadata, rules },
      { apiVersion: `${group}/v1`, kind: `${kind}Binding`, metadata, roleRef, subjects },
    );
  }
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}

function without(rule: RbacRule, { verb, resource }: Removal): readonly RbacRule[] {
  const resources = rule.resources ?? [];
  if (!resources.includes(resource) || !rule.verbs.includes(verb)) return [rule];
  const others = resources.filter((other) => other !== resource);
  const verbs = rule.verbs.filter((other) => other !== verb);
  return [
    ...(others.length === 0 ? [] : [{ ...rule, resources: others }]),
    ...(verbs.length === 0 ? [] : [{ ...rule, resources: [resource], verbs }]),
  ];
}
