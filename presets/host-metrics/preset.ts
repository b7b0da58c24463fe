/**
 * Preset `host_metrics`: what the kernel of the machine says. In a cluster its file system is seen
 * under `/hostfs`, and its network only from the node's own network namespace.
 */

import { escapeDollars } from '../../collector/escape.ts';
import { minorOf } from '../../collector/versions.ts';
import type { Needs } from '../../collector/workload.ts';
import type { JsonObject } from '../../core/json.ts';
import { hostRoot, hostRootMount } from '../host-root.ts';
import type { Preset, PresetContext } from '../preset.ts';
import type { HostMetricsOptions } from './config.ts';

type Scraper = HostMetricsOptions['scrapers'][number];

const receiverId = 'host_metrics';
/** From this version on CPU time is one sum unless its attributes are named. */
const aggregatedCpuMinor = 157;

export const hostMetrics: Preset<HostMetricsOptions> = {
  name: 'host_metrics',
  summary: 'Counts CPU, memory, disks, file systems and network of the machine.',
  agents: ['node-agent'],
  build: (options, context) => {
    const inCluster = context.target === 'kubernetes';
    const seesNetwork = options.host_network || !inCluster;
    const scrapers = options.scrapers.filter((name) => seesNetwork || name !== 'network');
    return {
      piece: {
        preset: 'host_metrics',
        components: [
          {
            kind: 'receiver',
            id: receiverId,
            config: {
              ...(inCluster && { root_path: hostRoot }),
              collection_interval: options.collection_interval,
              scrapers: Object.fromEntries(
                scrapers.map((name) => [name, scraperConfig(name, options, context)]),
              ),
            },
          },
        ],
        attachments: [{ pipeline: 'metrics', as: 'receiver', id: receiverId }],
      },
      needs: inCluster ? needs(scrapers) : {},
      warnings:
        scrapers.length < options.scrapers.length
          ? ['network is left out: without host_network it would count the agent alone']
          : [],
    };
  },
};

function needs(scrapers: readonly Scraper[]): Partial<Needs> {
  return {
    hostMounts: [hostRootMount],
    hostNetwork: scrapers.includes('network'),
    hostPid: scrapers.includes('process'),
  };
}

function scraperConfig(
  name: Scraper,
  options: HostMetricsOptions,
  context: PresetContext,
): JsonObject {
  const enabled = (metric: string): JsonObject => ({ metrics: { [metric]: { enabled: true } } });
  const share = (metric: string): JsonObject => (options.utilization ? enabled(metric) : {});
  switch (name) {
    case 'cpu':
      return cpu(options, context);
    case 'memory':
      return share('system.memory.utilization');
    case 'disk':
      return without('devices', options.exclude_devices);
    case 'filesystem':
      return {
        ...(options.exclude_filesystem_types.length > 0 && {
          exclude_fs_types: { fs_types: options.exclude_filesystem_types, match_type: 'strict' },
        }),
        ...without('mount_points', options.exclude_mount_points),
        ...share('system.filesystem.utilization'),
      };
    case 'network':
      return {
        ...without('interfaces', options.exclude_interfaces),
        ...(options.conntrack && {
          metrics: {
            'system.network.conntrack.count': { enabled: true },
            'system.network.conntrack.max': { enabled: true },
          },
        }),
      };
    case 'process':
      // Processes end while they are read, and some are not ours to read.
      return { mute_process_all_errors: true };
    default:
      return {};
  }
}

function cpu(options: HostMetricsOptions, context: PresetContext): JsonObject {
  const names = ['system.cpu.time', ...(options.utilization ? ['system.cpu.utilization'] : [])];
  const byCore =
    minorOf(context.collectorVersion) < aggregatedCpuMinor ? undefined : options.per_core;
  const attributes = byCore === true ? ['cpu', 'state'] : ['state'];
  return {
    metrics: Object.fromEntries(
      names.map((name) => [name, { enabled: true, ...(byCore !== undefined && { attributes }) }]),
    ),
  };
}

function without(what: string, patterns: readonly string[]): JsonObject {
  if (patterns.length === 0) return {};
  const key = what === 'devices' || what === 'interfaces' ? 'exclude' : `exclude_${what}`;
  return { [key]: { [what]: patterns.map(escapeDollars), match_type: 'regexp' } };
}
