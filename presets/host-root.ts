/**
 * Where the machine's file system is seen inside the agent. Every `host_metrics` receiver of one
 * Collector must have the same root, so the presets that make one share this.
 */
import type { HostMount } from '../collector/workload.ts';

export const hostRoot = '/hostfs';

export const hostRootMount: HostMount = {
  name: 'host-root',
  hostPath: '/',
  mountPath: hostRoot,
  readOnly: true,
  propagation: 'HostToContainer',
  reason: 'files of the kernel and file systems of the machine',
};
