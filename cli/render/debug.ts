/**
 * The kubectl command that puts a shell beside a container of ours. The images have no shell on
 * purpose; an ephemeral container brings one, as the same user and with the same volumes, so that
 * it may stand in a restricted namespace and what it writes can still be read.
 */
import { Problem } from '../../core/problem.ts';
import type { KubernetesObject, PodTemplate } from '../../k8s/objects.ts';

export type DebugOptions = {
  /** `gateway`, `node-agent`, `clickhouse`, …: the value of app.kubernetes.io/name. */
  readonly component: string;
  readonly image: string;
  /** Of a StatefulSet. */
  readonly replica: number;
  /** Of a DaemonSet: the pod on this node. */
  readonly node: string | undefined;
};

type Workload = Extract<
  KubernetesObject,
  { readonly kind: 'StatefulSet' | 'Deployment' | 'DaemonSet' }
>;

const nameLabel = 'app.kubernetes.io/name';

/** One line for bash or zsh. */
export function debugCommand(objects: readonly KubernetesObject[], options: DebugOptions): string {
  const workload = findWorkload(objects, options.component);
  const { name, namespace = 'default' } = workload.metadata;
  const { template } = workload.spec;
  const container = template.spec.containers[0]?.name ?? '';
  const words = [
    ...['kubectl debug', `-n ${namespace}`, '-it', podOf(workload, namespace, options)],
    ...[`--image=${options.image}`, `--target=${container}`],
    `--custom=<(printf '%s' ${quote(JSON.stringify(customContainer(template)))})`,
    '-- sh',
  ];
  return `${words.join(' ')}\n# ${name}: user and volumes as in container ${container}\n`;
}

function findWorkload(objects: readonly KubernetesObject[], component: string): Workload {
  const workloads = objects.filter(isWorkload);
  const found = workloads.find(({ metadata }) => metadata.labels[nameLabel] === component);
  if (found !== undefined) return found;
  const known = workloads.map(({ metadata }) => metadata.labels[nameLabel]).join(', ');
  throw new Problem('OBS-1003', `${component}: no such workload in this stack`, {
    next: `Name one of ${known}.`,
  });
}

function isWorkload(object: KubernetesObject): object is Workload {
  return ['StatefulSet', 'Deployment', 'DaemonSet'].includes(object.kind);
}

function podOf(workload: Workload, namespace: string, options: DebugOptions): string {
  if (workload.kind === 'StatefulSet') {
    return `pod/${workload.metadata.name}-${options.replica}`;
  }
  const labels = Object.entries(workload.spec.selector.matchLabels).map(
    ([key, value]) => `${key}=${value}`,
  );
  const node = options.node === undefined ? '' : ` --field-selector=spec.nodeName=${options.node}`;
  const list = `kubectl get pod -n ${namespace} -l ${labels.join(',')}${node} -o name`;
  return `"$(${list} | head -n 1)"`;
}

/** The part of a container that `--custom` lays over the one kubectl makes. */
function customContainer(template: PodTemplate): object {
  const [container] = template.spec.containers;
  const { runAsUser, runAsGroup } = template.spec.securityContext ?? {};
  return {
    securityContext: { runAsUser, runAsGroup, ...container?.securityContext },
    volumeMounts: container?.volumeMounts ?? [],
  };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
