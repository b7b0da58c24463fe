import { describe, expect, it } from '@jest/globals';
import { namespaceObjects } from './namespaces.ts';
import type { Container, PodSpec, PodTemplate, Volume } from './objects.ts';
import { highestLevel, type Level, levelFindings, podSecurityReport } from './pod-security.ts';
import { sampleObjects, samplePlace } from './testdata/sample.ts';

/** A pod that the restricted level takes. */
const container: Container = {
  name: 'one',
  image: 'example/one:1',
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['ALL'] },
  },
};

function pod(spec: Partial<PodSpec>, annotations?: Record<string, string>): PodTemplate {
  return {
    metadata: { labels: {}, ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      serviceAccountName: 'one',
      automountServiceAccountToken: false,
      containers: [container],
      ...spec,
    },
  };
}

function withSecurity(security: Partial<NonNullable<Container['securityContext']>>): PodTemplate {
  const changed = { ...container, securityContext: { ...container.securityContext, ...security } };
  return pod({ containers: [changed] });
}

function withContainer(change: Partial<Container>): PodTemplate {
  return pod({ containers: [{ ...container, ...change }] });
}

function volume(source: object): PodTemplate {
  return pod({ volumes: [{ name: 'v', ...source } as Volume] });
}

const apparmor = 'container.apparmor.security.beta.kubernetes.io/one';
const at = 'spec.containers[one].securityContext';

// biome-ignore format: a table reads as a table: control, what the pod says, level, forcing field
const table: readonly (readonly [string, string, PodTemplate, Level, string | undefined])[] = [
  ['nothing', 'as it is', pod({}), 'restricted', undefined],
  ['HostProcess', 'on', withSecurity({ windowsOptions: { hostProcess: true } }), 'privileged', `${at}.windowsOptions.hostProcess`],
  ['Host Namespaces', 'hostNetwork', pod({ hostNetwork: true }), 'privileged', 'spec.hostNetwork'],
  ['Host Namespaces', 'hostPID', pod({ hostPID: true }), 'privileged', 'spec.hostPID'],
  ['Host Namespaces', 'hostIPC', pod({ hostIPC: true }), 'privileged', 'spec.hostIPC'],
  ['Host Namespaces', 'hostPID false', pod({ hostPID: false }), 'restricted', undefined],
  ['Privileged Containers', 'on', withSecurity({ privileged: true }), 'privileged', `${at}.privileged`],
  ['Capabilities', 'NET_RAW', withSecurity({ capabilities: { drop: ['ALL'], add: ['NET_RAW'] } }), 'privileged', `${at}.capabilities.add`],
  ['Capabilities', 'CHOWN', withSecurity({ capabilities: { drop: ['ALL'], add: ['CHOWN'] } }), 'baseline', `${at}.capabilities.add`],
  ['Capabilities', 'NET_BIND_SERVICE', withSecurity({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }), 'restricted', undefined],
  ['Capabilities', 'nothing dropped', withSecurity({ capabilities: {} }), 'baseline', `${at}.capabilities.drop`],
  ['Capabilities', 'only one dropped', withSecurity({ capabilities: { drop: ['NET_RAW'] } }), 'baseline', `${at}.capabilities.drop`],
  ['HostPath Volumes', 'any', volume({ hostPath: { path: '/var/log' } }), 'privileged', 'spec.volumes[v].hostPath'],
  ['Host Ports', '4317', withContainer({ ports: [{ name: 'otlp', containerPort: 4317, protocol: 'TCP', hostPort: 4317 }] }), 'privileged', 'spec.containers[one].ports[otlp].hostPort'],
  ['Host Ports', 'none', withContainer({ ports: [{ name: 'otlp', containerPort: 4317, protocol: 'TCP' }] }), 'restricted', undefined],
  ['Host Probes / Lifecycle Hooks', 'probe', withContainer({ livenessProbe: { httpGet: { path: '/', port: 1, host: '10.0.0.1' } } }), 'privileged', 'spec.containers[one].livenessProbe.httpGet.host'],
  ['Host Probes / Lifecycle Hooks', 'hook', withContainer({ lifecycle: { preStop: { tcpSocket: { port: 1, host: 'x' } } } }), 'privileged', 'spec.containers[one].lifecycle.preStop.tcpSocket.host'],
  ['AppArmor', 'field', withSecurity({ appArmorProfile: { type: 'Unconfined' } }), 'privileged', `${at}.appArmorProfile.type`],
  ['AppArmor', 'field of the pod', pod({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }), 'privileged', 'spec.securityContext.appArmorProfile.type'],
  ['AppArmor', 'annotation', pod({}, { [apparmor]: 'unconfined' }), 'privileged', `metadata.annotations[${apparmor}]`],
  ['AppArmor', 'localhost', pod({}, { [apparmor]: 'localhost/mine' }), 'restricted', undefined],
  ['SELinux', 'spc_t', withSecurity({ seLinuxOptions: { type: 'spc_t' } }), 'privileged', `${at}.seLinuxOptions.type`],
  ['SELinux', 'container_t', withSecurity({ seLinuxOptions: { type: 'container_t' } }), 'restricted', undefined],
  ['SELinux', 'user', withSecurity({ seLinuxOptions: { user: 'u' } }), 'privileged', `${at}.seLinuxOptions.user`],
  ['SELinux', 'role', pod({ securityContext: { seLinuxOptions: { role: 'r' } } }), 'privileged', 'spec.securityContext.seLinuxOptions.role'],
  ['/proc Mount Type', 'Unmasked', withSecurity({ procMount: 'Unmasked' }), 'privileged', `${at}.procMount`],
  ['Seccomp', 'Unconfined', withSecurity({ seccompProfile: { type: 'Unconfined' } }), 'privileged', `${at}.seccompProfile.type`],
  ['Seccomp', 'of the pod Unconfined', pod({ securityContext: { seccompProfile: { type: 'Unconfined' } } }), 'privileged', 'spec.securityContext.seccompProfile.type'],
  ['Seccomp', 'Localhost', withSecurity({ seccompProfile: { type: 'Localhost', localhostProfile: 'p' } }), 'restricted', undefined],
  ['Sysctls', 'unsafe', pod({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }), 'privileged', 'spec.securityContext.sysctls'],
  ['Sysctls', 'safe', pod({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] } }), 'restricted', undefined],
  ['Volume Types', 'nfs', volume({ nfs: { server: 's', path: '/' } }), 'baseline', 'spec.volumes[v]'],
  ['Volume Types', 'claim', volume({ persistentVolumeClaim: { claimName: 'c' } }), 'restricted', undefined],
  ['Volume Types', 'emptyDir', volume({ emptyDir: {} }), 'restricted', undefined],
  ['Privilege Escalation', 'on', withSecurity({ allowPrivilegeEscalation: true }), 'baseline', `${at}.allowPrivilegeEscalation`],
  ['Running as Non-root', 'false', withSecurity({ runAsNonRoot: false }), 'baseline', `${at}.runAsNonRoot`],
  ['Running as Non-root', 'of the pod false', pod({ securityContext: { runAsNonRoot: false } }), 'baseline', 'spec.securityContext.runAsNonRoot'],
  ['Running as Non-root user', 'uid 0', withSecurity({ runAsUser: 0 }), 'baseline', `${at}.runAsUser`],
  ['Running as Non-root user', 'uid 10001', withSecurity({ runAsUser: 10001 }), 'restricted', undefined],
];

describe('a pod with', () => {
  it.each(table)('%s: %s is named by its field', (control, _value, template, level, field) => {
    const findings = levelFindings(template);
    expect(highestLevel(findings.map((finding) => finding.level))).toBe(level);
    expect(findings.map((finding) => [finding.control, finding.field])).toEqual(
      field === undefined ? [] : [[control, field]],
    );
  });

  it.each([
    ['Privilege Escalation', 'allowPrivilegeEscalation'],
    ['Running as Non-root', 'runAsNonRoot'],
    ['Seccomp', 'seccompProfile'],
    ['Capabilities', 'capabilities.drop'],
  ])('%s not said at all is no restricted pod', (control, key) => {
    const findings = levelFindings(withContainer({ securityContext: {} }));
    expect(findings).toContainEqual({
      level: 'baseline',
      control,
      field: `${at}.${key}`,
      value: 'not set',
    });
  });

  it('what its pod says for all containers', () => {
    const spec = {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' as const } },
      containers: [
        {
          ...container,
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    };
    expect(levelFindings(pod(spec))).toEqual([]);
  });

  it('an init container is held to the same', () => {
    const { securityContext: _left, ...bare } = container;
    const findings = levelFindings(pod({ initContainers: [{ ...bare, name: 'first' }] }));
    expect(new Set(findings.map(({ field }) => field.split('.')[1]))).toEqual(
      new Set(['initContainers[first]']),
    );
  });
});

describe('a rendered stack', () => {
  const objects = sampleObjects('obsctl');

  it('has everything but the agents in pods of the restricted level', () => {
    const outside = podSecurityReport(objects).filter(
      ({ namespace }) => namespace === samplePlace.namespace,
    );
    expect(outside.length).toBeGreaterThan(3);
    expect(outside.filter(({ level }) => level !== 'restricted')).toEqual([]);
  });

  it('says of the node agent exactly what forces its level', () => {
    const agent = podSecurityReport(objects).find(({ name }) => name === 'shop-node-agent');
    expect(agent?.level).toBe('privileged');
    expect(agent?.findings.map(({ field, value }) => `${field}=${value}`)).toEqual([
      'spec.volumes[queue].hostPath=/var/lib/obsctl/observability-agents/shop-node-agent/queue',
      'spec.volumes[pod-logs].hostPath=/var/log/pods',
      'spec.securityContext.runAsUser=0',
      'spec.initContainers[own-state].securityContext.runAsUser=0',
      'spec.initContainers[own-state].securityContext.capabilities.add=CHOWN',
      'spec.initContainers[own-state].securityContext.runAsNonRoot=false',
      'spec.containers[node-agent].ports[otlp-grpc].hostPort=4317',
      'spec.containers[node-agent].securityContext.runAsNonRoot=not set',
    ]);
  });

  it('labels each namespace for what its pods need', () => {
    const enforced = namespaceObjects(objects, samplePlace).map(({ metadata }) => [
      metadata.name,
      metadata.labels['pod-security.kubernetes.io/enforce'],
    ]);
    expect(enforced).toEqual([
      ['observability', 'restricted'],
      ['observability-agents', 'privileged'],
    ]);
  });

  it('labels one namespace for both by the higher level', () => {
    const place = { ...samplePlace, agentsNamespace: samplePlace.namespace };
    const [namespace, ...others] = namespaceObjects(sampleObjects('obsctl', place), place);
    expect(others).toEqual([]);
    expect(namespace?.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('privileged');
  });
});
