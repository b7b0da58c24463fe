/** Containers as each kubelet's cAdvisor counts them: one reading a node. */

import type { JsonObject } from '../../core/json.ts';
import type { Preset, PresetContext } from '../preset.ts';
import {
  keepMetrics,
  nodeDiscovery,
  scrapePiece,
  serviceAccountAccess,
  shareRules,
  sharingEnv,
} from '../scraping.ts';
import type { CadvisorOptions } from './config.ts';

export const cadvisor: Preset<CadvisorOptions> = {
  name: 'cadvisor',
  summary: "Reads each kubelet's cAdvisor once: CPU, memory, disk and network of containers.",
  agents: ['node-agent', 'prometheus-agent'],
  needsKubernetes: true,
  build: (options, context) => ({
    piece: scrapePiece('cadvisor', [cadvisorJob('cadvisor', options, context)]),
    needs: { env: sharingEnv(context) },
    warnings: certificateWarning(options.verify_certificate),
  }),
};

type Scrape = Pick<CadvisorOptions, 'scrape_interval' | 'verify_certificate'> & {
  readonly keep: readonly string[];
};

/** The job that reads cAdvisor; `cost` has one of its own with another allow list. */
export function cadvisorJob(name: string, options: Scrape, context: PresetContext): JsonObject {
  return {
    job_name: name,
    scrape_interval: options.scrape_interval,
    metrics_path: '/metrics/cadvisor',
    ...serviceAccountAccess(options.verify_certificate),
    kubernetes_sd_configs: [nodeDiscovery(context)],
    relabel_configs: [
      { source_labels: ['__meta_kubernetes_node_name'], target_label: 'instance' },
      ...shareRules(context),
    ],
    ...keepMetrics(options.keep),
  };
}

export function certificateWarning(verified: boolean): readonly string[] {
  if (verified) return [];
  return [
    "the kubelets' certificates are not checked; set verify_certificate where the platform's " +
      'kubelets have one that the cluster signed',
  ];
}
