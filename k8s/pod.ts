/**
 * Pod templates of everything that runs: needs said without Kubernetes words become volumes,
 * environment and the narrowest security context that still serves them.
 */
import type { EnvVar, HostMount, Needs, Platform, Resources } from '../collector/workload.ts';
import type { Part } from './labels.ts';
import { labels, partName, selector } from './labels.ts';
import type {
  Container,
  ContainerEnv,
  ContainerPort,
  ContainerSecurityContext,
  PodSecurityContext,
  PodTemplate,
  Probe,
  StringMap,
  Volume,
  VolumeClaim,
  VolumeMount,
} from './objects.ts';
import { enforcesSelinux, sleepHookMinor } from './place.ts';
import { bytesQuantity, cpuQuantity } from './quantity.ts';

/** Whose files the stock images expect; also of our own image. */
const userId = 10001;

/** Where directories that outlive a DaemonSet's pod are on the node. */
const nodeStateRoot = '/var/lib/obsctl';

/** Endpoints forget a pod in this time; it goes on answering until then. */
const sleepBeforeStopS = 5;

const startPeriodS = 5;

/** Hands a node's directory over to the agent's user. */
const chownImage = 'docker.io/library/busybox:1.37.0';

/** Rights over other processes or the kernel: AppArmor's default profile takes them away again. */
const kernelCapabilities = ['BPF', 'PERFMON', 'SYS_ADMIN', 'SYS_PTRACE'];

/** What stands behind the directories that outlive a process. */
export type StateKind =
  /** A directory of the node; the namespace keeps stacks of one name apart. */
  | { readonly kind: 'node'; readonly namespace: string }
  | { readonly kind: 'claim'; readonly size: string; readonly storageClass?: string }
  | { readonly kind: 'pod' };

export type PodInput = {
  readonly part: Part;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly needs: Needs;
  /** After those of the needs. */
  readonly env?: readonly EnvVar[];
  readonly resources: Resources;
  /** Directory of the ConfigMap with the part's name. */
  readonly configDir?: string;
  readonly annotations: StringMap;
  readonly probes: {
    readonly startup?: Probe;
    readonly liveness?: Probe;
    readonly readiness?: Probe;
  };
  readonly state: StateKind;
  /** Whether it talks to the API server or the kubelet. */
  readonly token: boolean;
  readonly everyNode: boolean;
  readonly replicas: number;
  readonly graceS: number;
  /** Whether clients reach it through a Service, so that it must not stop at once. */
  readonly served: boolean;
  readonly platform: Platform;
  readonly kubernetesMinor: number;
  /** Another user than {@link userId}, which an image insists on. */
  readonly userId?: number;
  /** Beside those of the needs: files of several ConfigMaps, directories for scratch. */
  readonly volumes?: readonly (Volume & { readonly mountPath: string })[];
  readonly restartPolicy?: 'OnFailure' | 'Never';
};

export function podTemplate(input: PodInput): PodTemplate {
  const { needs, part } = input;
  const volumes = volumesOf(input);
  const inits = initContainers(input);
  const annotations = { ...input.annotations, ...appArmorAnnotation(input) };
  return {
    metadata: {
      labels: labels(part),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      serviceAccountName: partName(part),
      automountServiceAccountToken: input.token,
      ...(needs.hostPid ? { hostPID: true } : {}),
      ...(needs.hostNetwork ? { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' } : {}),
      enableServiceLinks: false,
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      ...(input.everyNode ? { tolerations: [{ operator: 'Exists' }] } : {}),
      ...(input.replicas > 1 ? { topologySpreadConstraints: [spread(part)] } : {}),
      terminationGracePeriodSeconds: input.graceS,
      ...(input.restartPolicy === undefined ? {} : { restartPolicy: input.restartPolicy }),
      securityContext: podSecurity(input),
      ...(inits.length === 0 ? {} : { initContainers: inits }),
      containers: [container(input)],
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** Asks until it is up; a start may take `seconds`, and only then is it killed. */
export function startup(probe: Probe, seconds: number): Probe {
  return {
    ...probe,
    periodSeconds: startPeriodS,
    failureThreshold: seconds / startPeriodS,
  };
}

/** Claims of a StatefulSet: one volume for all directories. */
export function volumeClaims(input: PodInput): readonly VolumeClaim[] {
  const { state } = input;
  if (state.kind !== 'claim' || input.needs.stateDirs.length === 0) return [];
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'state', labels: labels(input.part) },
      spec: {
        accessModes: ['ReadWriteOnce'],
        ...(state.storageClass === undefined ? {} : { storageClassName: state.storageClass }),
        resources: { requests: { storage: bytesQuantity(state.size) } },
      },
    },
  ];
}

function isRoot(needs: Needs): boolean {
  // A capability has no effect under another uid: the images' binaries carry none.
  return needs.root !== undefined || needs.capabilities.length > 0;
}

function container(input: PodInput): Container {
  const { needs, probes } = input;
  const env = [...needs.env, ...(input.env ?? [])].map(containerEnv);
  const ports = needs.ports.map((port): ContainerPort => {
    const onHost = port.host === true || needs.hostNetwork;
    return {
      name: port.name,
      containerPort: port.port,
      protocol: port.protocol,
      ...(onHost ? { hostPort: port.port } : {}),
    };
  });
  const mounts = volumeMounts(input);
  const sleeps = input.served && input.kubernetesMinor >= sleepHookMinor;
  return {
    name: input.part.name,
    image: input.image,
    ...(input.command === undefined ? {} : { command: input.command }),
    ...(input.args.length === 0 ? {} : { args: input.args }),
    ...(env.length === 0 ? {} : { env }),
    ...(ports.length === 0 ? {} : { ports }),
    resources: containerResources(input.resources),
    ...(probes.startup === undefined ? {} : { startupProbe: probes.startup }),
    ...(probes.liveness === undefined ? {} : { livenessProbe: probes.liveness }),
    ...(probes.readiness === undefined ? {} : { readinessProbe: probes.readiness }),
    ...(sleeps ? { lifecycle: { preStop: { sleep: { seconds: sleepBeforeStopS } } } } : {}),
    securityContext: containerSecurity(input),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
  };
}

function containerResources(resources: Resources): NonNullable<Container['resources']> {
  return {
    requests: {
      cpu: cpuQuantity(resources.cpuRequest),
      memory: bytesQuantity(resources.memoryRequest),
    },
    limits: { memory: bytesQuantity(resources.memoryLimit) },
  };
}

function podSecurity(input: PodInput): PodSecurityContext {
  const root = isRoot(input.needs);
  const id = input.userId ?? userId;
  // OpenShift gives every namespace a range of users and refuses others.
  const chosen = root || input.platform !== 'openshift';
  return {
    ...(root ? { runAsUser: 0, runAsGroup: 0 } : {}),
    ...(!root && chosen ? { runAsUser: id, runAsGroup: id } : {}),
    ...(root ? {} : { runAsNonRoot: true }),
    ...(!root && chosen && input.needs.stateDirs.length > 0
      ? { fsGroup: id, fsGroupChangePolicy: 'OnRootMismatch' }
      : {}),
    seccompProfile: { type: 'RuntimeDefault' },
    ...(hasHostPath(input) && enforcesSelinux(input.platform)
      ? { seLinuxOptions: { type: 'spc_t' } }
      : {}),
  };
}

/** Its own directory on the node is a file of the host, too. */
function hasHostPath({ needs, state }: PodInput): boolean {
  return needs.hostMounts.length > 0 || (state.kind === 'node' && needs.stateDirs.length > 0);
}

function containerSecurity(input: PodInput): ContainerSecurityContext {
  const added = input.needs.capabilities.map((capability) => capability.name);
  return {
    ...(unconfined(input) && input.kubernetesMinor >= sleepHookMinor
      ? { appArmorProfile: { type: 'Unconfined' } }
      : {}),
    // Kubernetes says that SYS_ADMIN always may, and refuses the contradiction in one spelling.
    ...(added.includes('SYS_ADMIN') ? {} : { allowPrivilegeEscalation: false }),
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'], ...(added.length === 0 ? {} : { add: added }) },
  };
}

function unconfined(input: PodInput): boolean {
  return input.needs.capabilities.some(({ name }) => kernelCapabilities.includes(name));
}

/** The form before the field of 1.30. */
function appArmorAnnotation(input: PodInput): StringMap {
  if (!unconfined(input) || input.kubernetesMinor >= sleepHookMinor) return {};
  return { [`container.apparmor.security.beta.kubernetes.io/${input.part.name}`]: 'unconfined' };
}

function containerEnv(variable: EnvVar): ContainerEnv {
  if ('value' in variable) return { name: variable.name, value: variable.value };
  if ('fieldPath' in variable) {
    return {
      name: variable.name,
      valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: variable.fieldPath } },
    };
  }
  return { name: variable.name, valueFrom: { secretKeyRef: variable.secret } };
}

function volumesOf(input: PodInput): readonly Volume[] {
  const { needs, part, state } = input;
  const stateVolumes = needs.stateDirs.map((dir): Volume => {
    if (state.kind !== 'node') return { name: dir.name, emptyDir: {} };
    const path = `${nodeStateRoot}/${state.namespace}/${partName(part)}/${dir.name}`;
    return { name: dir.name, hostPath: { path, type: 'DirectoryOrCreate' } };
  });
  return [
    ...(input.configDir === undefined
      ? []
      : [{ name: 'config', configMap: { name: partName(part) } }]),
    ...(state.kind === 'claim' ? [] : stateVolumes),
    ...needs.secretMounts.map((mount) => ({
      name: mount.name,
      secret: { secretName: mount.secret },
    })),
    ...needs.hostMounts.map(hostVolume),
    ...(input.volumes ?? []).map(({ mountPath: _mountPath, ...volume }) => volume),
  ];
}

function hostVolume(mount: HostMount): Volume {
  return {
    name: mount.name,
    hostPath: { path: mount.hostPath, ...(mount.type === undefined ? {} : { type: mount.type }) },
  };
}

function volumeMounts(input: PodInput): readonly VolumeMount[] {
  const { needs } = input;
  return [
    ...(input.configDir === undefined
      ? []
      : [{ name: 'config', mountPath: input.configDir, readOnly: true as const }]),
    ...needs.stateDirs.map((dir) => stateMount(input, dir)),
    ...needs.secretMounts.map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      readOnly: true as const,
    })),
    ...needs.hostMounts.map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly ? { readOnly: true as const } : {}),
      ...(mount.propagation === undefined ? {} : { mountPropagation: mount.propagation }),
    })),
    ...(input.volumes ?? []).map((volume) => ({
      name: volume.name,
      mountPath: volume.mountPath,
      ...(volume.emptyDir === undefined ? { readOnly: true as const } : {}),
    })),
  ];
}

function stateMount(input: PodInput, dir: Needs['stateDirs'][number]): VolumeMount {
  if (input.state.kind !== 'claim') return { name: dir.name, mountPath: dir.mountPath };
  const several = input.needs.stateDirs.length > 1;
  return {
    name: 'state',
    mountPath: dir.mountPath,
    ...(several ? { subPath: dir.name } : {}),
  };
}

/**
 * The kubelet makes a node's directory as root's. Whoever the agent is, what stands in it is handed
 * over before each start: a preset that is added or taken away changes the user, and root without
 * DAC_OVERRIDE may not write the files of another either.
 */
function initContainers(input: PodInput): readonly Container[] {
  if (input.state.kind !== 'node') return [];
  const dirs = input.needs.stateDirs;
  if (dirs.length === 0) return [];
  const id = isRoot(input.needs) ? 0 : (input.userId ?? userId);
  return [
    {
      name: 'own-state',
      image: chownImage,
      command: ['chown', '-R', `${id}:${id}`, ...dirs.map((dir) => dir.mountPath)],
      resources: containerResources({
        cpuRequest: '10m',
        memoryRequest: '16Mi',
        memoryLimit: '32Mi',
      }),
      securityContext: {
        runAsUser: 0,
        runAsGroup: 0,
        runAsNonRoot: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], add: ['CHOWN'] },
      },
      volumeMounts: dirs.map((dir) => ({ name: dir.name, mountPath: dir.mountPath })),
    },
  ];
}

function spread(part: Part) {
  return {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway' as const,
    labelSelector: selector(part),
  };
}
