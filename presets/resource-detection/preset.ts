/**
 * Preset `resource_detection`: the host and the cloud the agent runs in. It describes this machine,
 * so what a sender says about itself is never replaced.
 */

import type { Component } from '../../collector/types.ts';
import type { Platform } from '../../collector/workload.ts';
import type { JsonObject } from '../../core/json.ts';
import { fromEnv } from '../from-env.ts';
import type { Preset, PresetContext } from '../preset.ts';
import type { ResourceDetectionOptions } from './config.ts';

const processorId = 'resource_detection';
const nodeId = 'resource/node';

type Cloud = NonNullable<ResourceDetectionOptions['cloud']>;

const cloudOfPlatform: Partial<Record<Platform, Cloud>> = {
  'gke-autopilot': 'gcp',
  'eks-auto': 'eks',
  'aks-automatic': 'aks',
  openshift: 'openshift',
};

/** Order of the detectors; the first that knows an attribute wins. */
const detectorsOfCloud: Readonly<Record<Cloud, readonly string[]>> = {
  none: [],
  ec2: ['ec2'],
  // The detector `eks` ends the agent where neither metadata service nor EC2's API may be asked.
  eks: ['ec2'],
  gcp: ['gcp'],
  azure: ['azure'],
  aks: ['aks', 'azure'],
  openshift: ['openshift'],
  digitalocean: ['digitalocean'],
  hetzner: ['hetzner'],
  oraclecloud: ['oraclecloud'],
};

/** Metadata services that a pod outside the host network reaches only with hop limit 2. */
const behindHopLimit: readonly Cloud[] = ['ec2', 'eks'];

export const resourceDetection: Preset<ResourceDetectionOptions> = {
  name: 'resource_detection',
  summary: 'Adds the host and the cloud it runs in.',
  agents: ['node-agent'],
  build: (options, context) => {
    const inCluster = context.target === 'kubernetes';
    const cloud = options.cloud ?? (inCluster ? cloudOfPlatform[context.platform] : undefined);
    const node = options.node && inCluster;
    const detectors = [
      'env',
      ...(node ? ['k8s_api'] : []),
      ...detectorsOfCloud[cloud ?? 'none'],
      'system',
    ];
    const attach = (id: string) =>
      (['traces', 'metrics', 'logs'] as const).map((pipeline) => ({
        pipeline,
        as: 'processor' as const,
        id,
        stage: 'detect' as const,
      }));
    return {
      piece: {
        preset: 'resource_detection',
        components: [
          ...(inCluster ? [nodeAttributes(cloud ?? 'none')] : []),
          { kind: 'processor', id: processorId, config: detection(options, detectors, context) },
        ],
        attachments: [...(inCluster ? attach(nodeId) : []), ...attach(processorId)],
      },
      needs: {
        env: inCluster ? [{ name: 'K8S_NODE_NAME', fieldPath: 'spec.nodeName' }] : [],
      },
      warnings: warnings(cloud ?? 'none', inCluster),
    };
  },
};

/**
 * The kernel of a pod answers with the pod's name, so the node's is taken from the pod's fields,
 * and before the detectors, which leave alone what is there.
 */
function nodeAttributes(cloud: Cloud): Component {
  const insert = (key: string, value: string) => ({ key, value, action: 'insert' });
  const node = fromEnv('K8S_NODE_NAME');
  return {
    kind: 'processor',
    id: nodeId,
    config: {
      attributes: [
        insert('k8s.node.name', node),
        insert('host.name', node),
        ...(cloud === 'eks' ? [insert('cloud.platform', 'aws_eks')] : []),
      ],
    },
  };
}

function detection(
  options: ResourceDetectionOptions,
  detectors: readonly string[],
  context: PresetContext,
): JsonObject {
  return {
    detectors,
    timeout: options.timeout,
    override: false,
    system: {
      hostname_sources: ['os'],
      ...(context.target === 'host' && {
        resource_attributes: { 'host.id': { enabled: true }, 'host.ip': { enabled: true } },
      }),
    },
  };
}

function warnings(cloud: Cloud, inCluster: boolean): readonly string[] {
  if (!inCluster || !behindHopLimit.includes(cloud)) return [];
  return [
    'the metadata service answers pods only with a hop limit of 2, or where the agent has the ' +
      "node's network",
  ];
}
