/** Pods in every state of what Pod Security looks at, most of them near the restricted level. */
import fc from 'fast-check';
import type {
  CommonSecurity,
  Container,
  ContainerSecurityContext,
  PodSpec,
  PodTemplate,
  Probe,
  Volume,
} from '../../k8s/objects.ts';

/** Usual in most pods, so that one deviation is seen by itself. */
function mostly<Value>(usual: Value, others: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ arbitrary: fc.constant(usual), weight: 12 }, { arbitrary: others, weight: 1 });
}

const seccomp = fc.constantFrom<CommonSecurity['seccompProfile']>(
  undefined,
  { type: 'RuntimeDefault' },
  { type: 'Localhost', localhostProfile: 'mine' },
  { type: 'Unconfined' },
);
const apparmor = fc.constantFrom<CommonSecurity['appArmorProfile']>(
  { type: 'RuntimeDefault' },
  { type: 'Unconfined' },
);
const selinux = fc.constantFrom<CommonSecurity['seLinuxOptions']>(
  { type: 'spc_t' },
  { type: 'container_t', level: 's0:c1' },
  { type: 'container_kvm_t' },
  { type: 'container_engine_t' },
  { user: 'u' },
  { role: 'r', type: 'container_t' },
);
const flag = fc.constantFrom(true, false, undefined);
const nonRoot = mostly<boolean | undefined>(true, fc.constantFrom(false, undefined));
const user = mostly<number | undefined>(undefined, fc.constantFrom(0, 1, 10001));

const added = fc.subarray(
  ['NET_BIND_SERVICE', 'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'SYS_ADMIN', 'BPF', 'NET_RAW'],
  { maxLength: 2 },
);
const capabilities = mostly<ContainerSecurityContext['capabilities']>(
  { drop: ['ALL'] },
  fc.oneof(
    fc.constant(undefined),
    fc.record({ drop: fc.constantFrom(['ALL'], ['NET_RAW'], []), add: added }),
  ),
);

const host = fc.constantFrom('', '10.0.0.1', 'localhost', '127.0.0.1');
const probe: fc.Arbitrary<Probe | undefined> = mostly<Probe | undefined>(
  undefined,
  fc.oneof(
    host.map((name) => ({ httpGet: { path: '/', port: 80, host: name } })),
    host.map((name) => ({ tcpSocket: { port: 80, host: name } })),
  ),
);

const hostPort = mostly<number | undefined>(undefined, fc.constantFrom(0, 4317));

const container = fc
  .record({
    runAsNonRoot: nonRoot,
    runAsUser: user,
    seccompProfile: mostly<CommonSecurity['seccompProfile']>(undefined, seccomp),
    appArmorProfile: mostly<CommonSecurity['appArmorProfile']>(undefined, apparmor),
    seLinuxOptions: mostly<CommonSecurity['seLinuxOptions']>(undefined, selinux),
    privileged: mostly<boolean | undefined>(undefined, flag),
    allowPrivilegeEscalation: mostly<boolean | undefined>(false, flag),
    capabilities,
    livenessProbe: probe,
    readinessProbe: probe,
    port: hostPort,
  })
  .map(({ livenessProbe, readinessProbe, port, ...security }) =>
    plain<Omit<Container, 'name' | 'image'>>({
      livenessProbe,
      readinessProbe,
      ports: [{ name: 'one', containerPort: 4317, protocol: 'TCP', hostPort: port }],
      securityContext: possible(security as ContainerSecurityContext),
    }),
  );

const sources: readonly Omit<Volume, 'name'>[] = [
  { emptyDir: {} },
  { configMap: { name: 'c' } },
  { secret: { secretName: 's' } },
  { persistentVolumeClaim: { claimName: 'c' } },
  { hostPath: { path: '/var/log' } },
  { nfs: { server: 's', path: '/' } } as Omit<Volume, 'name'>,
];
const volume = mostly(sources[0] ?? {}, fc.constantFrom(...sources));

const sysctl = fc.constantFrom(
  { name: 'net.ipv4.tcp_syncookies', value: '1' },
  { name: 'net.ipv4.tcp_rmem', value: '1 2 3' },
  { name: 'kernel.msgmax', value: '1' },
  { name: 'net.core.somaxconn', value: '9' },
);

export const randomPod: fc.Arbitrary<PodTemplate> = fc
  .record({
    hostNetwork: mostly<boolean | undefined>(undefined, flag),
    hostPID: mostly<boolean | undefined>(undefined, flag),
    hostIPC: mostly<boolean | undefined>(undefined, flag),
    runAsNonRoot: mostly<boolean | undefined>(undefined, flag),
    runAsUser: user,
    seccompProfile: mostly<CommonSecurity['seccompProfile']>({ type: 'RuntimeDefault' }, seccomp),
    appArmorProfile: mostly<CommonSecurity['appArmorProfile']>(undefined, apparmor),
    seLinuxOptions: mostly<CommonSecurity['seLinuxOptions']>(undefined, selinux),
    sysctls: mostly<readonly { name: string; value: string }[]>(
      [],
      fc.array(sysctl, { maxLength: 2 }),
    ),
    volumes: fc.array(volume, { maxLength: 2 }),
    containers: fc.array(container, { minLength: 1, maxLength: 2 }),
    initContainers: fc.array(container, { maxLength: 1 }),
  })
  .map(({ hostNetwork, hostPID, hostIPC, volumes, containers, initContainers, ...security }) => {
    // The API server knows no sysctls of a namespace that is the node's.
    const ofNode = hostNetwork === true || hostIPC === true;
    const sysctls = ofNode ? [] : uniqueNames(security.sysctls);
    const spec: PodSpec = {
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      hostNetwork,
      hostPID,
      hostIPC,
      securityContext: { ...security, sysctls },
      volumes: volumes.map((source, index) => ({ name: `v${index}`, ...source })),
      containers: containers.map((one, index) => named(one, `c${index}`, index)),
      // An init container has no probes of this kind.
      initContainers: initContainers.map(({ livenessProbe: _l, readinessProbe: _r, ...one }) =>
        named(one, 'first', 8),
      ),
    } as PodSpec;
    return plain<PodTemplate>({ metadata: { labels: {} }, spec: onHost(spec) });
  });

function named(one: Omit<Container, 'name' | 'image'>, name: string, index: number): Container {
  const ports = (one.ports ?? []).map((port) => ({
    ...port,
    containerPort: port.containerPort + index,
    ...(port.hostPort ? { hostPort: port.hostPort + index } : {}),
  }));
  return { name, image: 'example/one:1', ...one, ports };
}

/** In the host's network every port is the host's, and the API server says so for us. */
function onHost(spec: PodSpec): PodSpec {
  if (spec.hostNetwork !== true) return spec;
  const open = (one: Container): Container => ({
    ...one,
    ports: (one.ports ?? []).map((port) => ({ ...port, hostPort: port.containerPort })),
  });
  return {
    ...spec,
    containers: spec.containers.map(open),
    initContainers: (spec.initContainers ?? []).map(open),
  };
}

/** The API server refuses contradictions before Pod Security sees them. */
function possible(security: ContainerSecurityContext): ContainerSecurityContext {
  const added = security.capabilities?.add ?? [];
  const mighty = security.privileged === true || added.includes('SYS_ADMIN');
  return mighty && security.allowPrivilegeEscalation === false
    ? { ...security, allowPrivilegeEscalation: true }
    : security;
}

function uniqueNames(sysctls: readonly { name: string; value: string }[]) {
  return [...new Map(sysctls.map((one) => [one.name, one])).values()];
}

/** Without keys of no value, as a rendered template is. */
function plain<Shape>(value: unknown): Shape {
  return JSON.parse(JSON.stringify(value));
}
