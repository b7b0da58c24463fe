/** Options of the preset `host_metrics`. */
import { z } from 'zod';
import { goDuration } from '../words.ts';

export const hostMetricsOptions = z.strictObject({
  collection_interval: goDuration
    .default('30s')
    .describe('How often the machine is read, as a duration.')
    .meta({ examples: ['10s'] }),
  scrapers: z
    .array(
      z.enum([
        'cpu',
        'load',
        'memory',
        'disk',
        'filesystem',
        'network',
        'paging',
        'processes',
        'process',
        'system',
        'nfs',
      ]),
    )
    .min(1)
    .default(['cpu', 'load', 'memory', 'disk', 'filesystem', 'network', 'paging', 'processes'])
    .describe('What is read. `process` gives series for every process and needs the host PIDs.')
    .meta({ examples: [['cpu', 'memory', 'filesystem']] }),
  per_core: z
    .boolean()
    .default(false)
    .describe('Whether CPU time is kept for each core; Collectors before 0.157 always keep it so.')
    .meta({ examples: [true] }),
  utilization: z
    .boolean()
    .default(true)
    .describe('Whether used shares (0 to 1) of CPU, memory and filesystems are added.')
    .meta({ examples: [false] }),
  host_network: z
    .boolean()
    .default(true)
    .describe(
      "Whether the agent runs in the node's network namespace; from its own it could count " +
        'one interface of its own only, so `network` is left out then.',
    )
    .meta({ examples: [false] }),
  conntrack: z
    .boolean()
    .default(false)
    .describe('Whether the connection tracking table of the kernel is counted.')
    .meta({ examples: [true] }),
  exclude_devices: z
    .array(z.string().min(1))
    .default(['^(loop|ram|zram|fd|sr)\\d+$'])
    .describe('Disks that are left out, as regular expressions (RE2).')
    .meta({ examples: [['^dm-\\d+$']] }),
  exclude_filesystem_types: z
    .array(z.string().min(1))
    .default([
      'autofs',
      'binfmt_misc',
      'bpf',
      'cgroup',
      'cgroup2',
      'configfs',
      'debugfs',
      'devpts',
      'devtmpfs',
      'efivarfs',
      'fusectl',
      'hugetlbfs',
      'iso9660',
      'mqueue',
      'nsfs',
      'overlay',
      'proc',
      'procfs',
      'pstore',
      'rpc_pipefs',
      'securityfs',
      'selinuxfs',
      'squashfs',
      'sysfs',
      'tmpfs',
      'tracefs',
    ])
    .describe('File system types that are left out, by name.')
    .meta({ examples: [['tmpfs', 'overlay']] }),
  exclude_mount_points: z
    .array(z.string().min(1))
    .default([
      '^/dev($|/)',
      '^/proc($|/)',
      '^/sys($|/)',
      '^/run/(containerd|k3s/containerd|crio|credentials)($|/)',
      '^/var/lib/(docker|containers|containerd|kubelet)/.+',
    ])
    .describe('Mount points that are left out, as regular expressions (RE2).')
    .meta({ examples: [['^/mnt/backup($|/)']] }),
  exclude_interfaces: z
    .array(z.string().min(1))
    .default(['^lo$', '^veth', '^cali', '^lxc', '^eni[0-9a-f]{10,}', '^(docker|br-|cilium_)'])
    .describe('Network interfaces that are left out, as regular expressions (RE2).')
    .meta({ examples: [['^veth']] }),
});

export type HostMetricsOptions = z.output<typeof hostMetricsOptions>;
