/**
 * No right is superfluous: each single right of the cluster-agent, a verb on a resource, is taken
 * away once, and the real Collector, run without it, logs a refusal that names that verb and that
 * resource. That no account has more than its rules is shown in `apply.test.ts`.
 */
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
const workload = 'lab-cluster-agent';
const namespace = 'observability-agents';
const lease = 'lab-cluster-metrics';

/** One right, and the rules that are left without it. */
type Removal = {
  readonly verb: string;
  readonly resource: string;
  readonly role: 'ClusterRole' | 'Role';
};

const file = join(import.meta.dirname, 'testdata/cluster-agent.yaml');
const rendered = await renderFile(file, ['--only', 'agents']);
const removals = (['ClusterRole', 'Role'] as const).flatMap((role) =>
  rulesOf(rendered, role).flatMap((rule) =>
    (rule.resources ?? []).flatMap((resource) =>
      rule.verbs.map((verb): Removal => ({ verb, resource, role })),
    ),
  ),
);

describe('the rules of the cluster-agent', () => {
  it('name each right once, and none for everything', () => {
    const keys = removals.map((removal) => JSON.stringify(removal));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(20);
    expect(keys.join()).not.toContain('*');
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
      await cluster.mustKubectl(['create', '-f', '-'], accountWithout(removal, name));
      // Its own lease: nobody else may lead in its place.
      const own: Rendered = JSON.parse(JSON.stringify(rendered).replaceAll(lease, name));
      const common = { collector, cluster, rendered: own, workload, namespace };
      const pod = await startAgentPod({ ...common, podName: name, account: name });
      const { program } = pod;
      try {
        const wanted = `cannot ${removal.verb} resource \\"${removal.resource}\\"`;
        const deadlineMs = Date.now() + refusalMsMax;
        while (Date.now() < deadlineMs) {
          if (program.talk().includes(wanted)) return 'refused';
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        return `not refused:\n${program.talk().slice(-800)}`;
      } finally {
        await program.remove();
      }
    };

    it(
      'for each of them',
      async () => {
        const outcomes: Record<string, string> = {};
        const open = removals.map((removal, index) => ({ removal, index }));
        const worker = async (): Promise<void> => {
          for (let next = open.shift(); next !== undefined; next = open.shift()) {
            const { verb, resource } = next.removal;
            outcomes[`${verb} ${resource}`] = await refusedWithout(next.removal, next.index);
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

function rulesOf(from: Rendered, kind: 'ClusterRole' | 'Role'): readonly RbacRule[] {
  return from.objects.flatMap((object) =>
    object.kind === kind && owner(object) === workload && 'rules' in object ? object.rules : [],
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
  for (const kind of ['ClusterRole', 'Role'] as const) {
    const metadata = { name, ...(kind === 'Role' && { namespace }) };
    const rules = rulesOf(rendered, kind)
      .flatMap((rule) => (kind === removal.role ? without(rule, removal) : [rule]))
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
