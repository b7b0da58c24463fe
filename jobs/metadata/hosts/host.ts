/** A machine, or another thing outside Kubernetes, as an entity. */
import { type Entity, sorted } from '../entity.ts';

export type Host = {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly addresses: readonly string[];
  readonly region: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly provider: string;
  readonly account: string;
  readonly os: string;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Who says so: `telemetry`, or the name of a list. */
  readonly origin: string;
  readonly createdMs: number;
  /** Rises with what is newer; milliseconds. */
  readonly version: bigint;
};

/** Of every cluster and none. */
export const noCluster = '';

/** An id is its origin's own: two that know the same machine do not take it from each other. */
export function hostEntity(host: Host): Entity {
  return {
    table: 'hosts',
    kind: host.kind,
    id: `${host.origin}/${host.id}`,
    namespace: '',
    name: host.name,
    resourceVersion: host.version,
    createdMs: host.createdMs,
    labels: sorted(host.labels),
    annotations: {},
    own: {
      Kind: host.kind,
      Addresses: [...new Set(host.addresses)].sort(),
      Region: host.region,
      Zone: host.zone,
      InstanceType: host.instanceType,
      Provider: host.provider,
      Account: host.account,
      Os: host.os,
      Architecture: host.architecture,
      Origin: host.origin,
    },
  };
}
