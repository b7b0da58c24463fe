/** A stack in TypeScript: an editor completes every key, and what repeats is a function. */
import { defineStack } from 'obsctl';

const environment = 'staging';

/** Days that a signal is kept, by environment. */
const keep = { staging: '3d', production: '14d' } as const;

/** The presets of every cluster of ours. */
const usual = { pod_logs: {}, host_metrics: {}, kubelet_metrics: {} };

// biome-ignore lint/style/noDefaultExport: obsctl reads the default export
export default defineStack({
  name: 'shop',
  cluster: `${environment}-eu`,
  clickhouse: {
    retention: { traces: keep[environment], logs: keep[environment], metrics: '30d' },
  },
  gateway: { replicas: 1, volume: '5Gi' },
  node_agent: {
    presets: {
      ...usual,
      pod_logs: {
        multiline: ['checkout', 'payment'].map((pod) => ({
          namespace: 'shop',
          pod: `${pod}-.*`,
          first_line: '^\\d{4}-\\d{2}-\\d{2}',
        })),
      },
    },
  },
  cluster_agent: { presets: { cluster_metrics: {}, kubernetes_events: {} } },
});
