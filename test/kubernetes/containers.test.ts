/**
 * Every rendered container of the Collector is started with its rendered arguments, environment,
 * files, writable directories and user, on a root that is read-only, and becomes healthy by its own
 * readiness probe. (Containers of our image: `test/image`.)
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isWorkload, templateOf } from '../../k8s/objects.ts';
import { containedRefusal } from '../support/contained.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeers } from '../support/peer.ts';
import { renderFile } from '../support/rendered.ts';
import { podReady, startAgentPod } from './agent-pod.ts';

const startMsMax = 120_000;
const healthyMsMax = 60_000;
const healthyPolls = 5;
const healthyPollMs = 100;

/** Beside `testdata/containers.yaml`: forms that it does not have, by the name of their stack. */
const otherForms = {
  '0.149': 'name: acl\nnode_agent: {presets: {pod_logs: {access: acl}}}\n',
  // No older binary that can be built has its exporter.
  '0.161': 'name: tier\ncollector: {version: "0.161.0"}\nsampler: {replicas: 2}\n',
} as const;

const folder = mkdtempSync(join(tmpdir(), 'obsctl-containers-'));
const stacks = await Promise.all([
  collectorsOf(join(import.meta.dirname, 'testdata/containers.yaml'), '0.149'),
  collectorsOf(written('acl', otherForms['0.149']), '0.149', /^acl-node-agent$/),
  collectorsOf(written('tier', otherForms['0.161']), '0.161', /^tier-sampler$/),
]);
const collectors = stacks.flat();
type Collector = (typeof collectors)[number];

describe('the stacks of this test', () => {
  it('have each kind of Collector', () => {
    const names = collectors.map(({ name }) => name).sort();
    const agents = ['lab-cluster-agent', 'lab-gateway', 'lab-node-agent', 'lab-prometheus-agent'];
    expect(names).toEqual(['acl-node-agent', ...agents, 'tier-sampler']);
  });

  it('have node-agents as root and as another user', () => {
    const users = collectors
      .filter(({ name }) => name.endsWith('node-agent'))
      .map(({ workload }) => templateOf(workload).spec.securityContext?.runAsUser);
    expect(users.sort()).toEqual([0, 10001]);
  });
});

describeWithPeers(
  ['kubernetes', 'collector-0.149', 'collector'],
  'a rendered container of the Collector',
  ([programs = '', collector149 = '', collector161 = '']) => {
    let cluster: ControlPlane;
    beforeAll(async () => {
      cluster = await startControlPlane({ programs, nodes: 1 });
      for (const rendered of new Set(collectors.map((one) => one.rendered))) {
        await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
      }
    }, startMsMax);
    afterAll(async () => await cluster?.stop());

    /** Starts it with `state` for the directories of its node, until it is ready; then ends it. */
    const startAndEnd = async (one: Collector, state: string): Promise<void> => {
      const { name, workload, rendered, line } = one;
      const { spec } = templateOf(workload);
      const [container] = spec.containers;
      expect(container?.securityContext?.readOnlyRootFilesystem).toBe(true);
      // What only a node has: the machine itself, and no pods.
      const folders = Object.fromEntries(
        (spec.volumes ?? []).flatMap(({ name: volume, hostPath }) =>
          hostPath === undefined
            ? []
            : [[volume, hostPath.path === '/' ? '/' : join(state, volume)]],
        ),
      );
      for (const path of Object.values(folders)) mkdirSync(path, { recursive: true });
      const pod = await startAgentPod({
        ...{ cluster, rendered, folders, workload: name },
        collector: line === '0.149' ? collector149 : collector161,
        namespace: workload.metadata.namespace ?? '',
        podName: `${name}-0`,
        secrets: { clickhouse: { user: 'gateway', password: 'of-the-test' } },
      });
      try {
        // More than once: it says that it is healthy a moment before it listens to signals.
        for (let poll = 0; poll < healthyPolls; poll += 1) {
          await podReady(pod, Number(container?.readinessProbe?.httpGet?.port));
          await new Promise((resolve) => setTimeout(resolve, healthyPollMs));
        }
        const status = readFileSync(`/proc/${pod.program.pid}/status`, 'utf8');
        const user = spec.securityContext?.runAsUser;
        expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).toBe(String(user));
        pod.program.kill('SIGTERM');
        expect((await pod.program.ended).code).toBe(0);
      } finally {
        await pod.program.remove();
      }
    };

    it.each(collectors)(
      'becomes healthy: $name',
      async (one) => startAndEnd(one, join(folder, one.name)),
      healthyMsMax,
    );

    it(
      'takes over what the agent before it left, which was of another user',
      async () => {
        const agents = collectors.filter(({ name }) => name.endsWith('node-agent'));
        const [first, second] = agents;
        if (first === undefined || second === undefined) throw new Error('there are not two');
        for (const one of [first, second, first]) await startAndEnd(one, join(folder, 'node'));
      },
      healthyMsMax,
    );
  },
  containedRefusal(),
);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, text: string): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, text);
  return file;
}

async function collectorsOf(file: string, line: keyof typeof otherForms, names = /./) {
  const rendered = await renderFile(file);
  return rendered.objects
    .filter(isWorkload)
    .filter((workload) =>
      /collector-contrib:/.test(templateOf(workload).spec.containers[0]?.image ?? ''),
    )
    .map((workload) => ({ name: workload.metadata.name, workload, rendered, line }))
    .filter(({ name }) => names.test(name));
}
