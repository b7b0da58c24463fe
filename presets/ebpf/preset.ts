/**
 * Traces and metrics of applications without changing them, by OBI: a DaemonSet of its own beside
 * the node-agent. Capabilities instead of privileged: the kernel asks for each of them, and none
 * more is given.
 */
import { type HostMount, noNeeds, type ProgramWorkload } from '../../collector/workload.ts';
import type { Preset, PresetContext } from '../preset.ts';
import type { EbpfOptions } from './config.ts';

const program = 'ebpf';

export const ebpf: Preset<EbpfOptions> = {
  name: 'ebpf',
  summary: 'Traces requests of unchanged applications, and counts bytes between workloads.',
  agents: ['node-agent'],
  needsKubernetes: true,
  build: (options, context) => ({
    piece: { preset: 'ebpf', components: [], attachments: [] },
    programs: options.application || options.network ? [instrumentation(options, context)] : [],
    warnings:
      options.application || options.network
        ? []
        : ['neither application nor network is on, so nothing is started'],
  }),
};

function instrumentation(options: EbpfOptions, context: PresetContext): ProgramWorkload {
  return {
    name: program,
    preset: 'ebpf',
    shape: { kind: 'DaemonSet' },
    image: options.image,
    args: [],
    needs: {
      ...noNeeds,
      hostPid: options.application,
      // From there the interfaces of the node are seen, and contexts are written into packets.
      hostNetwork: true,
      root: {
        reason: 'eBPF programs are loaded by root; all capabilities but the named are dropped',
      },
      capabilities: capabilities(options),
      hostMounts: mounts,
      env: environment(options, context),
    },
    resources: {
      cpuRequest: options.container.cpu_request,
      memoryRequest: options.container.memory_request,
      memoryLimit: options.container.memory_limit,
    },
    files: {},
    rules: [
      {
        apiGroups: [''],
        resources: ['pods', 'services', 'nodes'],
        verbs: ['list', 'watch'],
        reason: 'OBI names the workloads behind processes and addresses',
      },
      {
        apiGroups: ['apps'],
        resources: ['replicasets'],
        verbs: ['list', 'watch'],
        reason: 'OBI finds the Deployment of a pod through its ReplicaSet',
      },
    ],
    servicePorts: [],
  };
}

function capabilities(options: EbpfOptions): ProgramWorkload['needs']['capabilities'] {
  const always = [
    { name: 'BPF', reason: 'loads eBPF programs and maps' },
    { name: 'PERFMON', reason: 'reads kernel and process memory from eBPF programs' },
    { name: 'NET_RAW', reason: 'attaches socket filters to interfaces' },
  ];
  const application = [
    { name: 'SYS_PTRACE', reason: 'reads the executables and libraries of other processes' },
    { name: 'DAC_READ_SEARCH', reason: 'opens the files of other users under /proc' },
    { name: 'CHECKPOINT_RESTORE', reason: 'follows /proc/PID/map_files to the mapped libraries' },
    { name: 'NET_ADMIN', reason: 'writes the trace context into outgoing requests' },
    { name: 'SYS_ADMIN', reason: 'probes of Go and TLS libraries write into their memory' },
  ];
  return options.application ? [...always, ...application] : always;
}

const mounts: readonly HostMount[] = [
  {
    name: 'cgroup',
    hostPath: '/sys/fs/cgroup',
    mountPath: '/sys/fs/cgroup',
    readOnly: true,
    type: 'Directory',
    reason: 'OBI attaches sockets programs to the root cgroup',
  },
  {
    name: 'tracing',
    hostPath: '/sys/kernel/tracing',
    mountPath: '/sys/kernel/tracing',
    readOnly: true,
    type: 'Directory',
    reason: 'OBI reads the list of kernel probes',
  },
];

function environment(
  options: EbpfOptions,
  context: PresetContext,
): ProgramWorkload['needs']['env'] {
  const features = [
    ...(options.application ? ['application'] : []),
    ...(options.network ? ['network'] : []),
  ];
  const shared = [
    { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: urlOf(context.gatewayEndpoint) },
    ...(context.samplerEndpoint === undefined
      ? []
      : [{ name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', value: urlOf(context.samplerEndpoint) }]),
    { name: 'OTEL_EXPORTER_OTLP_PROTOCOL', value: 'grpc' },
    { name: 'OTEL_EBPF_METRICS_FEATURES', value: features.join(',') },
    { name: 'OTEL_EBPF_KUBE_METADATA_ENABLE', value: 'true' },
    { name: 'OTEL_EBPF_KUBE_CLUSTER_NAME', value: context.cluster },
    // A missing capability ends the start instead of silently losing half of the data.
    { name: 'OTEL_EBPF_ENFORCE_SYS_CAPS', value: 'true' },
  ];
  const application = [
    { name: 'OTEL_EBPF_OPEN_PORT', value: options.open_ports },
    { name: 'OTEL_EBPF_BPF_HTTP_REQUEST_TIMEOUT', value: options.request_timeout },
  ];
  const network = [
    { name: 'OTEL_EBPF_NETWORK_CACHE_MAX_FLOWS', value: `${options.flow_cache_size}` },
    { name: 'OTEL_EBPF_NETWORK_CACHE_ACTIVE_TIMEOUT', value: options.flow_cache_timeout },
  ];
  return [
    ...shared,
    ...(options.application ? application : []),
    ...(options.network ? network : []),
  ];
}

/** An address with TLS is a URL already. */
function urlOf(endpoint: string): string {
  return endpoint.includes('://') ? endpoint : `http://${endpoint}`;
}
