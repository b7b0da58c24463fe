import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject, NetworkPolicy } from './objects.ts';
import { sampleObjects, samplePlace } from './testdata/sample.ts';

function policies(objects: readonly KubernetesObject[]): readonly NetworkPolicy[] {
  return objects.filter((object) => object.kind === 'NetworkPolicy');
}

/** Ports that a policy opens to everybody outside. */
function exits({ spec }: NetworkPolicy): readonly string[] {
  return (spec.egress ?? [])
    .filter(({ to }) => to === undefined)
    .flatMap(({ ports }) => (ports ?? []).map(({ protocol, port }) => `${protocol} ${port}`));
}

const closed = (objects: readonly KubernetesObject[]) =>
  policies(objects).filter((policy) => exits(policy).length > 0);

describe('a policy that closes the way out', () => {
  it('leaves names resolvable, also where the pods of DNS listen on a port of their own', () => {
    const openshift = closed(sampleObjects('obsctl', { ...samplePlace, platform: 'openshift' }));
    expect(openshift.length).toBeGreaterThan(3);
    for (const policy of openshift) {
      expect(exits(policy)).toEqual(
        expect.arrayContaining(['UDP 53', 'TCP 53', 'UDP 5353', 'TCP 5353']),
      );
    }
    for (const policy of closed(sampleObjects('obsctl'))) {
      expect(exits(policy)).toEqual(expect.arrayContaining(['UDP 53', 'TCP 53']));
      expect(exits(policy)).not.toContain('UDP 5353');
    }
  });

  it('lets who makes Secrets reach the API server of kubeadm, minikube and MicroK8s too', () => {
    const job = policies(sampleObjects('obsctl')).find(
      ({ metadata }) => metadata.name === 'shop-credentials',
    );
    const ports = ['TCP 443', 'TCP 6443', 'TCP 8443', 'TCP 16443'];
    expect(job === undefined ? [] : exits(job)).toEqual(expect.arrayContaining(ports));
  });
});
