/**
 * One Collector as Kubernetes objects: its configuration, the account with the rights computed from
 * that configuration, the workload, and what lets others reach it and nobody else.
 */

import type { CollectorWorkload, Port } from '../collector/workload.ts';
import type { JsonObject } from '../core/json.ts';
import { Problem } from '../core/problem.ts';
import { collectorImageFor } from './images.ts';
import { metadata, type Part, partName, selector } from './labels.ts';
import { networkPolicy } from './network.ts';
import type { KubernetesObject, Probe, Workload } from './objects.ts';
import { namespaceOf, type Place } from './place.ts';
import { type PodInput, podTemplate, type StateKind, volumeClaims } from './pod.ts';
import { quantityBytes } from './quantity.ts';
import { type RuleWithReason, rulesFor } from './rbac.ts';
import { text } from './rbac-ask.ts';
import { accountObjects } from './rbac-objects.ts';
import { headlessSuffix, services } from './services.ts';
import { configHash } from './write.ts';

/** The API server takes no larger ConfigMap. */
const configBytesMax = 1024 * 1024;

/** The label `controller-revision-hash` of its pods is this name, a dash and ten characters. */
const statefulSetNameMax = 52;

/** Ports of the process about itself: for the kubelet and scrapers, in no Service. */
const ownPorts = ['health', 'metrics'];

/** How long a Collector may take to send what is in its queue. */
const graceS = 60;

/** Go's collector keeps below this share of the limit, so that the kernel need not kill it. */
const memoryShare = 0.8;

const configDir = '/etc/otelcol';

export type AgentOptions = {
  /** Of the volumes of a StatefulSet; the cluster's default when absent. */
  readonly storageClass?: string | undefined;
};

export function agentObjects(
  workload: CollectorWorkload,
  place: Place,
  options: AgentOptions = {},
): readonly KubernetesObject[] {
  const part = { stack: place.stack, name: workload.name };
  const namespace = namespaceOf(workload, place);
  const config = place.configText(workload);
  checkSize(config, partName(part));
  const rules = agentRules(workload, place);
  const input: PodInput = {
    ...podInput(workload, place, config, rules),
    state: stateOf(workload.shape, place, options.storageClass),
  };
  const ports = servedPorts(workload.needs.ports);
  return [
    ...accountObjects(part, namespace, rules),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(part, namespace),
      data: { 'config.yaml': config },
    },
    workloadObject(part, namespace, workload.shape, input),
    ...services(part, namespace, workload.shape.kind, ports),
    ...disruptionBudget(part, namespace, input.replicas),
    ...(workload.needs.hostNetwork ? [] : [networkPolicy(part, workload, place)]),
  ];
}

export function agentRules(workload: CollectorWorkload, place: Place): readonly RuleWithReason[] {
  return rulesFor(workload.config, {
    kubernetesMinor: place.kubernetesMinor,
    collectorVersion: workload.collectorVersion,
    namespace: namespaceOf(workload, place),
  });
}

function podInput(
  workload: CollectorWorkload,
  place: Place,
  config: string,
  rules: readonly RuleWithReason[],
): PodInput {
  const { needs, shape } = workload;
  const gates = needs.featureGates;
  const health = healthProbe(workload);
  return {
    part: { stack: place.stack, name: workload.name },
    image: place.collectorImage ?? collectorImageFor(workload.collectorVersion),
    args: [
      `--config=${configDir}/config.yaml`,
      ...(gates.length === 0 ? [] : [`--feature-gates=${gates.join(',')}`]),
    ],
    needs,
    env: needs.env.some(({ name }) => name === 'GOMEMLIMIT') ? [] : [memoryLimit(workload)],
    resources: workload.resources,
    configDir,
    annotations: configHash({ 'config.yaml': config }),
    probes: health === undefined ? {} : { liveness: health, readiness: health },
    state: stateOf(shape, place, undefined),
    token: rules.length > 0,
    everyNode: shape.kind === 'DaemonSet',
    replicas: shape.kind === 'DaemonSet' ? 1 : shape.replicas,
    graceS,
    served: servedPorts(needs.ports).length > 0,
    platform: place.platform,
    kubernetesMinor: place.kubernetesMinor,
  };
}

export function stateOf(
  shape: CollectorWorkload['shape'],
  place: Place,
  storageClass: string | undefined,
): StateKind {
  if (shape.kind === 'StatefulSet' && shape.volume !== undefined) {
    const size = shape.volume;
    return storageClass === undefined
      ? { kind: 'claim', size }
      : { kind: 'claim', size, storageClass };
  }
  // Autopilot lets nobody write to a node: the directory lives as long as the pod does.
  const node = shape.kind === 'DaemonSet' && place.platform !== 'gke-autopilot';
  return node ? { kind: 'node', namespace: place.agentsNamespace } : { kind: 'pod' };
}

function memoryLimit(workload: CollectorWorkload) {
  const bytes = quantityBytes(workload.resources.memoryLimit) * memoryShare;
  return { name: 'GOMEMLIMIT', value: `${Math.floor(bytes / 1024 ** 2)}MiB` };
}

/** The health check extension answers once pipelines run. */
function healthProbe(workload: CollectorWorkload): Probe | undefined {
  const id = workload.config.service.extensions.find((name) => /^health_check(\/|$)/.test(name));
  const config: JsonObject = id === undefined ? {} : (workload.config.extensions[id] ?? {});
  const port = /:(\d+)$/.exec(text(config, 'endpoint'))?.[1];
  if (port === undefined) return undefined;
  return { httpGet: { path: text(config, 'path') || '/', port: Number(port), scheme: 'HTTP' } };
}

export function workloadObject(
  part: Part,
  namespace: string,
  shape: CollectorWorkload['shape'],
  input: PodInput,
): Workload {
  const apiVersion = 'apps/v1';
  const own = metadata(part, namespace);
  const template = podTemplate(input);
  if (shape.kind === 'DaemonSet') {
    return {
      apiVersion,
      kind: 'DaemonSet',
      metadata: own,
      spec: {
        selector: selector(part),
        // Two pods at once on a node would fight for the queue's files.
        updateStrategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxUnavailable: '10%', maxSurge: 0 },
        },
        template,
      },
    };
  }
  if (shape.kind === 'Deployment') {
    return {
      apiVersion,
      kind: 'Deployment',
      metadata: own,
      spec: {
        replicas: shape.replicas,
        selector: selector(part),
        // One alone is stopped before the next starts, so that nothing is collected twice.
        strategy: { type: shape.replicas === 1 ? 'Recreate' : 'RollingUpdate' },
        template,
      },
    };
  }
  const claims = volumeClaims(input);
  checkName(own.name);
  return {
    apiVersion,
    kind: 'StatefulSet',
    metadata: own,
    spec: {
      replicas: shape.replicas,
      serviceName: `${partName(part)}${headlessSuffix}`,
      podManagementPolicy: 'Parallel',
      ...(claims.length === 0
        ? {}
        : {
            persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          }),
      selector: selector(part),
      template,
      ...(claims.length === 0 ? {} : { volumeClaimTemplates: claims }),
    },
  };
}

function servedPorts(ports: readonly Port[]): readonly Port[] {
  return ports.filter((port) => !ownPorts.includes(port.name));
}

/** Longer ones are taken by the API server, and then no pod of theirs can be made. */
function checkName(name: string): void {
  if (name.length <= statefulSetNameMax) return;
  const words = `${name} has ${name.length} characters, ${statefulSetNameMax} at most can be`;
  throw new Problem('OBS-1306', words, { where: 'name' });
}

export function disruptionBudget(
  part: Part,
  namespace: string,
  replicas: number,
): readonly KubernetesObject[] {
  if (replicas < 2) return [];
  return [
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata(part, namespace),
      spec: { maxUnavailable: 1, selector: selector(part) },
    },
  ];
}

export function checkSize(content: string, where: string): void {
  const bytes = Buffer.byteLength(content);
  if (bytes <= configBytesMax) return;
  throw new Problem('OBS-1304', `the configuration has ${bytes} bytes`, { where });
}
