/**
 * Every rendered container of the Collector is started with its rendered arguments, environment,
 * files, writable directories and user, on a root that is read-only, and becomes healthy by its own
 * readiness probe. (Containers of our image: `test/image`.)
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isWorkload } from '../../k8s/objects.ts';
import { containedRefusal } from '../support/contained.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeers } from '../support/peer.ts';
import { renderFile } from '../support/rendered.ts';
import { podReady, startAgentPod } from './agent-pod.ts';

const startMsMax = 120_000;
const healthyMsMax = 60_000;
const file = join(import.meta.dirname, 'testdata/containers.yaml');
const rendered = await renderFile(file);
const collectors = rendered.objects
  .filter(isWorkload)
  .filter(({ spec }) => /collector-contrib:/.test(spec.template.spec.containers[0]?.image ?? ''))
  .map((workload) => ({ name: workload.metadata.name, workload }));

describe('the stack of this test', () => {
  it('has each kind of Collector that can be run here', () => {
    const names = collectors.map(({ name }) => name).sort();
    const agents = ['lab-cluster-agent', 'lab-gateway', 'lab-node-agent', 'lab-prometheus-agent'];
    expect(names).toEqual(agents);
  });
});

describeWithPeers(
  ['kubernetes', 'collector-0.149'],
  'a rendered container of the Collector',
  ([programs = '', collector = '']) => {
    let cluster: ControlPlane;
    let emptyDir: string;
    beforeAll(async () => {
      emptyDir = mkdtempSync(join(tmpdir(), 'obsctl-empty-'));
      cluster = await startControlPlane({ programs, nodes: 1 });
      await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
    }, startMsMax);
    afterAll(async () => {
      await cluster?.stop();
      rmSync(emptyDir, { recursive: true, force: true });
    });

    it.each(collectors)(
      'becomes healthy: $name',
      async ({ name, workload }) => {
        const { spec } = workload.spec.template;
        const [container] = spec.containers;
        expect(container?.securityContext?.readOnlyRootFilesystem).toBe(true);
        // What only a node has: the machine itself, and no pods.
        const folders = Object.fromEntries(
          (spec.volumes ?? []).flatMap(({ name: volume, hostPath }) =>
            hostPath === undefined ? [] : [[volume, hostPath.path === '/' ? '/' : emptyDir]],
          ),
        );
        const pod = await startAgentPod({
          ...{ collector, cluster, rendered, folders },
          workload: name,
          namespace: workload.metadata.namespace ?? '',
          podName: `${name}-0`,
          secrets: { clickhouse: { user: 'gateway', password: 'of-the-test' } },
        });
        try {
          const port = container?.readinessProbe?.httpGet?.port;
          await podReady(pod, Number(port));
          const status = readFileSync(`/proc/${pod.program.pid}/status`, 'utf8');
          const user = spec.securityContext?.runAsUser;
          expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).toBe(String(user));
          pod.program.kill('SIGTERM');
          expect((await pod.program.ended).code).toBe(0);
        } finally {
          await pod.program.remove();
        }
      },
      healthyMsMax,
    );
  },
  containedRefusal(),
);
