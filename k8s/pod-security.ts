/**
 * The level of the Pod Security Standards that a pod needs, and the exact fields that force it:
 * every control of “baseline” and “restricted”, as the admission controller of Kubernetes 1.35
 * checks them (for Linux pods).
 */
import type {
  CommonSecurity,
  Container,
  KubernetesObject,
  LifecycleHook,
  PodSpec,
  PodTemplate,
  Probe,
  Volume,
} from './objects.ts';
import { isWorkload, templateOf } from './objects.ts';

export type Level = 'restricted' | 'baseline' | 'privileged';

export type LevelFinding = {
  /** The lowest level that still permits the field. */
  readonly level: Level;
  /** Name of the control in the standard. */
  readonly control: string;
  /** Path in the pod template. */
  readonly field: string;
  readonly value: string;
};

export type WorkloadLevel = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly level: Level;
  readonly findings: readonly LevelFinding[];
};

const levels: readonly Level[] = ['restricted', 'baseline', 'privileged'];

const baselineCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const baselineSelinuxTypes = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);

const baselineSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

const restrictedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/** The level that every workload among the objects needs, in their order. */
export function podSecurityReport(objects: readonly KubernetesObject[]): readonly WorkloadLevel[] {
  return objects.filter(isWorkload).map((workload) => {
    const findings = levelFindings(templateOf(workload));
    return {
      kind: workload.kind,
      namespace: workload.metadata.namespace ?? '',
      name: workload.metadata.name,
      level: highestLevel(findings.map((finding) => finding.level)),
      findings,
    };
  });
}

export function highestLevel(found: readonly Level[]): Level {
  return levels[Math.max(0, ...found.map((level) => levels.indexOf(level)))] ?? 'restricted';
}

export function levelFindings(template: PodTemplate): readonly LevelFinding[] {
  const { spec } = template;
  return [
    ...hostFindings(spec),
    ...annotationFindings(template),
    ...(spec.volumes ?? []).flatMap(volumeFindings),
    ...(spec.securityContext?.sysctls ?? [])
      .filter(({ name }) => !baselineSysctls.has(name))
      .map(({ name }) => privileged('Sysctls', 'spec.securityContext.sysctls', name)),
    ...profileFindings(spec.securityContext ?? {}, 'spec.securityContext'),
    // Refused even where every container says better.
    ...(spec.securityContext?.runAsNonRoot === false
      ? [baseline('Running as Non-root', 'spec.securityContext.runAsNonRoot', false)]
      : []),
    ...containersOf(spec).flatMap(([container, path]) => containerFindings(container, path, spec)),
  ];
}

function privileged(control: string, field: string, value: unknown): LevelFinding {
  return { level: 'privileged', control, field, value: shown(value) };
}

/** Not permitted in “restricted”. */
function baseline(control: string, field: string, value: unknown): LevelFinding {
  return { level: 'baseline', control, field, value: shown(value) };
}

function shown(value: unknown): string {
  return value === undefined ? 'not set' : String(value);
}

function containersOf(spec: PodSpec): readonly (readonly [Container, string])[] {
  const named = (containers: readonly Container[] | undefined, key: string) =>
    (containers ?? []).map((one) => [one, `spec.${key}[${one.name}]`] as const);
  return [...named(spec.initContainers, 'initContainers'), ...named(spec.containers, 'containers')];
}

function hostFindings(spec: PodSpec): readonly LevelFinding[] {
  const keys = ['hostNetwork', 'hostPID', 'hostIPC'] as const;
  return keys
    .filter((key) => spec[key] === true)
    .map((key) => privileged('Host Namespaces', `spec.${key}`, true));
}

/** AppArmor before its field. */
function annotationFindings(template: PodTemplate): readonly LevelFinding[] {
  return Object.entries(template.metadata.annotations ?? {})
    .filter(
      ([key, value]) =>
        key.startsWith('container.apparmor.security.beta.kubernetes.io/') &&
        value !== 'runtime/default' &&
        !value.startsWith('localhost/'),
    )
    .map(([key, value]) => privileged('AppArmor', `metadata.annotations[${key}]`, value));
}

function volumeFindings(volume: Volume): readonly LevelFinding[] {
  const field = `spec.volumes[${volume.name}]`;
  if (volume.hostPath !== undefined) {
    return [privileged('HostPath Volumes', `${field}.hostPath`, volume.hostPath.path)];
  }
  return Object.keys(volume)
    .filter((key) => key !== 'name' && !restrictedVolumes.has(key))
    .map((key) => baseline('Volume Types', field, key));
}

/** What a pod and a container may both say. */
function profileFindings(security: CommonSecurity, path: string): readonly LevelFinding[] {
  const findings: LevelFinding[] = [];
  const selinux = security.seLinuxOptions;
  if (selinux !== undefined) {
    const field = `${path}.seLinuxOptions`;
    if (!baselineSelinuxTypes.has(selinux.type ?? '')) {
      findings.push(privileged('SELinux', `${field}.type`, selinux.type));
    }
    for (const key of ['user', 'role'] as const) {
      const value = selinux[key] ?? '';
      if (value !== '') findings.push(privileged('SELinux', `${field}.${key}`, value));
    }
  }
  if (security.appArmorProfile?.type === 'Unconfined') {
    findings.push(privileged('AppArmor', `${path}.appArmorProfile.type`, 'Unconfined'));
  }
  if (security.seccompProfile?.type === 'Unconfined') {
    findings.push(privileged('Seccomp', `${path}.seccompProfile.type`, 'Unconfined'));
  }
  if (security.windowsOptions?.hostProcess === true) {
    findings.push(privileged('HostProcess', `${path}.windowsOptions.hostProcess`, true));
  }
  if (security.runAsUser === 0) {
    findings.push(baseline('Running as Non-root user', `${path}.runAsUser`, 0));
  }
  return findings;
}

function containerFindings(
  container: Container,
  path: string,
  spec: PodSpec,
): readonly LevelFinding[] {
  const security = container.securityContext ?? {};
  const at = `${path}.securityContext`;
  const findings: LevelFinding[] = [];
  if (security.privileged === true) {
    findings.push(privileged('Privileged Containers', `${at}.privileged`, true));
  }
  findings.push(...profileFindings(security, at), ...capabilityFindings(container, at));
  for (const port of container.ports ?? []) {
    if (port.hostPort !== undefined && port.hostPort !== 0) {
      findings.push(
        privileged('Host Ports', `${path}.ports[${port.name}].hostPort`, port.hostPort),
      );
    }
  }
  findings.push(...probeFindings(container, path));
  if (security.procMount !== undefined && security.procMount !== 'Default') {
    findings.push(privileged('/proc Mount Type', `${at}.procMount`, security.procMount));
  }
  if (security.allowPrivilegeEscalation !== false) {
    const field = `${at}.allowPrivilegeEscalation`;
    findings.push(baseline('Privilege Escalation', field, security.allowPrivilegeEscalation));
  }
  const nonRoot = security.runAsNonRoot ?? spec.securityContext?.runAsNonRoot;
  if (nonRoot !== true) {
    findings.push(baseline('Running as Non-root', `${at}.runAsNonRoot`, nonRoot));
  }
  if ((security.seccompProfile ?? spec.securityContext?.seccompProfile) === undefined) {
    findings.push(baseline('Seccomp', `${at}.seccompProfile`, undefined));
  }
  return findings;
}

function capabilityFindings(container: Container, at: string): readonly LevelFinding[] {
  const capabilities = container.securityContext?.capabilities;
  const findings: LevelFinding[] = [];
  for (const name of capabilities?.add ?? []) {
    const field = `${at}.capabilities.add`;
    if (!baselineCapabilities.has(name)) findings.push(privileged('Capabilities', field, name));
    else if (name !== 'NET_BIND_SERVICE') findings.push(baseline('Capabilities', field, name));
  }
  if (!capabilities?.drop?.includes('ALL')) {
    const dropped = capabilities?.drop?.join(', ');
    findings.push(baseline('Capabilities', `${at}.capabilities.drop`, dropped));
  }
  return findings;
}

/** A probe or hook at another host lets the kubelet knock on any door (since 1.34). */
function probeFindings(container: Container, path: string): readonly LevelFinding[] {
  const probes: readonly (readonly [string, Probe | LifecycleHook | undefined])[] = [
    ['startupProbe', container.startupProbe],
    ['livenessProbe', container.livenessProbe],
    ['readinessProbe', container.readinessProbe],
    ['lifecycle.preStop', container.lifecycle?.preStop],
    ['lifecycle.postStart', container.lifecycle?.postStart],
  ];
  return probes.flatMap(([key, probe]) =>
    (['httpGet', 'tcpSocket'] as const).flatMap((action) => {
      const host = probe?.[action]?.host ?? '';
      const field = `${path}.${key}.${action}.host`;
      return host === '' ? [] : [privileged('Host Probes / Lifecycle Hooks', field, host)];
    }),
  );
}
