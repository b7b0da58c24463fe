import type { CodeText } from './codes.ts';

/** Codes of what a stack becomes in Kubernetes. */
export const renderCodes = {
  'OBS-1301': {
    title: 'not a Kubernetes quantity',
    cause: 'A size or a share of CPU is not written the way Kubernetes writes it.',
    next: 'Write CPU as 500m or 2, memory and disk as 512Mi or 10Gi.',
  },
  'OBS-1302': {
    title: 'the API group of a resource is not known',
    cause: 'Rights on a resource need its API group, and this one is not among the usual ones.',
    next: 'Name the group beside the resource: `group: example.com`.',
  },
  'OBS-1303': {
    title: 'a scrape job needs nodes/proxy',
    cause: 'Reaching a kubelet through the API server needs a right that also opens every pod.',
    next: 'Scrape the kubelet directly at port 10250; nodes/metrics is enough for that.',
  },
  'OBS-1304': {
    title: 'too large for a ConfigMap',
    cause: 'The API server takes 1 MiB at most, and client-side apply 256 KiB.',
    next: 'Take out what is not needed, or split it over several workloads or dashboards.',
  },
  'OBS-1305': {
    title: 'this ClickHouse topology is not rendered',
    cause: 'Several servers agree by Keeper, and an even number of Keepers bears no more losses.',
    next: 'Use `keepers: 3`, or one shard and one replica without Keepers.',
  },
  'OBS-1306': {
    title: 'the name of a workload is too long',
    cause: 'Pods of a StatefulSet carry its name and a hash in a label, which has 63 characters.',
    next: 'Use a shorter `name` in the stack file.',
  },
} as const satisfies Record<string, CodeText>;
