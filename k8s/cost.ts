/**
 * What counts what nodes and pods cost, of our own image: it asks ClickHouse and nobody else, so
 * its account has no token. One pod, as it reads what stands in the tables: one that was away
 * counts what it missed, and two at once end with the same rows.
 */
import { noNeeds, type Resources } from '../collector/workload.ts';
import { workloadObject } from './agent.ts';
import type { Part } from './labels.ts';
import { dnsEgress, policyOf } from './network.ts';
import type { KubernetesObject } from './objects.ts';
import type { Place, SecretRef } from './place.ts';
import { accountObjects } from './rbac-objects.ts';

export type CostInput = {
  /** Our own image. */
  readonly image: string;
  /** Names of labels; the first one that is there counts. Without any, those of the command. */
  readonly labels: Readonly<Record<'team' | 'owner' | 'costCenter', readonly string[]>>;
  /** HTTP interface with the database as its path. */
  readonly clickhouseUrl: string;
  /** Of a user who reads that database and replaces partitions of the hours of cost. */
  readonly secret: SecretRef;
  /** Of ClickHouse. */
  readonly port: number;
};

/** What a start counts: as long as a pod may have been away without a gap. */
const since = '24h';
/** Drops the table in which it gathers a day. */
const graceS = 30;
/** The engine does the work; this asks it. */
const resources: Resources = { cpuRequest: '20m', memoryRequest: '128Mi', memoryLimit: '256Mi' };

export function costObjects(input: CostInput, place: Place): readonly KubernetesObject[] {
  const part: Part = { stack: place.stack, name: 'cost' };
  const { namespace, platform, kubernetesMinor } = place;
  const { image, labels, clickhouseUrl, secret, port } = input;
  const named = (option: string, names: readonly string[]): readonly string[] =>
    names.flatMap((name) => [option, name]);
  const env = [
    { name: 'CLICKHOUSE_URL', value: clickhouseUrl },
    { name: 'CLICKHOUSE_USER', secret: { name: secret.name, key: secret.userKey } },
    { name: 'CLICKHOUSE_PASSWORD', secret: { name: secret.name, key: secret.passwordKey } },
  ];
  return [
    ...accountObjects(part, namespace, []),
    workloadObject(
      part,
      namespace,
      { kind: 'Deployment', replicas: 1 },
      {
        ...{ part, image, resources, platform, kubernetesMinor, graceS, replicas: 1 },
        args: [
          ...['cost', 'run', '--watch', '--since', since],
          ...named('--team-label', labels.team),
          ...named('--owner-label', labels.owner),
          ...named('--cost-center-label', labels.costCenter),
        ],
        needs: { ...noNeeds, env },
        annotations: {},
        probes: {},
        state: { kind: 'pod' },
        token: false,
        everyNode: false,
        served: false,
      },
    ),
    policyOf(part, namespace, {
      egress: [dnsEgress(platform), { ports: [{ protocol: 'TCP', port }] }],
    }),
  ];
}
