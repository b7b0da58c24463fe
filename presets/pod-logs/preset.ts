/**
 * Preset `pod_logs`: reads the files that the container runtime writes on the node. Positions are
 * kept on disk, and only once the lines before them are in the queue.
 */

import { escapeDollars } from '../../collector/escape.ts';
import type { Component } from '../../collector/types.ts';
import type { Contribution, HostMount, Needs } from '../../collector/workload.ts';
import { parseBytes } from '../../core/units.ts';
import type { Preset, PresetContext } from '../preset.ts';
import type { PodLogsOptions } from './config.ts';
import { podLogOperators } from './operators.ts';

const receiverId = 'file_log/pods';
/** Part of the key under which positions are kept: another name reads every file again. */
const storageId = 'file_storage/pod_logs';
const checkpointDirectory = '/var/lib/otelcol/pod_logs';

export const podLogs: Preset<PodLogsOptions> = {
  name: 'pod_logs',
  summary: 'Reads the logs of all pods of the node.',
  agents: ['node-agent'],
  needsKubernetes: true,
  build: (options, context) => {
    const keepsPositions = context.platform !== 'gke-autopilot';
    return {
      piece: {
        preset: 'pod_logs',
        components: [
          receiver(options, context, keepsPositions),
          ...(keepsPositions ? [storage(options)] : []),
        ],
        attachments: [{ pipeline: 'logs', as: 'receiver', id: receiverId }],
      },
      needs: needs(options, context, keepsPositions),
      warnings: warnings(options, keepsPositions),
    } satisfies Contribution;
  },
};

function receiver(
  options: PodLogsOptions,
  context: PresetContext,
  keepsPositions: boolean,
): Component {
  const sizeMax = parseBytes(options.max_log_size) ?? 0;
  return {
    kind: 'receiver',
    id: receiverId,
    config: {
      include: options.include.map(escapeDollars),
      exclude: excluded(options, context),
      // Without positions a start at the beginning would repeat every file at every start.
      start_at: keepsPositions ? options.start_at : 'end',
      include_file_path: true,
      include_file_name: false,
      // A space at the end of a part belongs between two words.
      preserve_trailing_whitespaces: true,
      poll_interval: options.poll_interval,
      max_log_size: sizeMax,
      // A full queue holds the reader back; nothing is dropped while the file is there.
      retry_on_failure: { enabled: true, max_elapsed_time: '0s' },
      ...(keepsPositions && { storage: storageId }),
      operators: podLogOperators(options, sizeMax),
    },
  };
}

/** Compressed files repeat what was read; our own log would feed on itself. */
function excluded(options: PodLogsOptions, context: PresetContext): readonly string[] {
  const own = `${context.agentsNamespace}_${context.stack}-${context.agent}-*_*`;
  return [
    '/var/log/pods/*/*/*.gz',
    '/var/log/pods/*/*/*.tmp',
    `/var/log/pods/${own}/*/*`,
    ...options.exclude_namespaces.map((namespace) => `/var/log/pods/${namespace}_*/*/*`),
    ...options.exclude,
  ].map(escapeDollars);
}

function storage(options: PodLogsOptions): Component {
  return {
    kind: 'extension',
    id: storageId,
    config: {
      directory: checkpointDirectory,
      create_directory: true,
      fsync: options.fsync,
      timeout: '1s',
      compaction: { on_start: true, directory: checkpointDirectory },
    },
  };
}

function needs(
  options: PodLogsOptions,
  context: PresetContext,
  keepsPositions: boolean,
): Partial<Needs> {
  const mount = (path: string, name: string, reason: string): HostMount => ({
    name,
    hostPath: path,
    mountPath: path,
    readOnly: true,
    reason,
  });
  const reason = 'log files of the pods';
  return {
    hostMounts: [
      context.platform === 'gke-autopilot'
        ? mount('/var/log', 'var-log', `${reason}; the platform allows nothing deeper`)
        : mount('/var/log/pods', 'pod-logs', reason),
      ...(options.format === 'docker'
        ? [mount('/var/lib/docker/containers', 'docker-containers', 'where the links point')]
        : []),
    ],
    ...(keepsPositions && {
      stateDirs: [{ name: 'pod-log-offsets', mountPath: checkpointDirectory }],
    }),
    ...(options.access === 'root' && {
      root: { reason: 'log files of pods belong to root with mode 0640' },
      capabilities: [
        { name: 'DAC_READ_SEARCH', reason: 'reads log files that belong to another user' },
      ],
    }),
    // Lines go on to the pipeline before the position behind them is kept.
    featureGates: ['stanza.synchronousLogEmitter'],
  };
}

function warnings(options: PodLogsOptions, keepsPositions: boolean): readonly string[] {
  const texts: string[] = [];
  if (options.access === 'acl') {
    texts.push(
      'access: acl needs on every node `setfacl -R -m u:10001:rX,d:u:10001:rX /var/log/pods`',
    );
  }
  if (!keepsPositions) {
    texts.push(
      'positions cannot be kept here, so a restarted agent begins at the end of each file',
    );
  }
  return texts;
}
