/** The control plane that the other tests here stand on, and that it refuses what it should. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeer } from '../support/peer.ts';

const startMsMax = 120_000;

describeWithPeer('kubernetes', 'a real control plane', (programs) => {
  let cluster: ControlPlane;
  beforeAll(async () => {
    cluster = await startControlPlane({ programs, nodes: 2, volumes: 1 });
  }, startMsMax);
  afterAll(async () => await cluster?.stop());

  it('has ready nodes', async () => {
    const nodes = await cluster.mustKubectl(['get', 'nodes', '-o', 'name']);
    expect(nodes.trim().split('\n')).toEqual(['node/node-1', 'node/node-2']);
  });

  it('refuses a service account without a role', async () => {
    const token = await cluster.tokenOf('default', 'default');
    const answer = await cluster.ask('GET', '/api/v1/pods', undefined, token);
    expect(answer.status).toBe(403);
  });

  it('refuses a privileged pod in a restricted namespace', async () => {
    const namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'tight', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    };
    await cluster.mustKubectl(['create', '-f', '-'], JSON.stringify(namespace));
    const container = { name: 'a', image: 'a', securityContext: { privileged: true } };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'loose', namespace: 'tight' },
      spec: { containers: [container] },
    };
    const answer = await cluster.kubectl(['create', '-f', '-'], JSON.stringify(pod));
    expect(answer.stderr).toMatch(/violates PodSecurity "restricted/);
  });
});
