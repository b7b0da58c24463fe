/** Pods that ask to be scraped by the annotations prometheus.io/scrape, port, path and scheme. */
import { escapeDollars } from '../../collector/escape.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Preset } from '../preset.ts';
import {
  keepMetrics,
  podDiscovery,
  runningContainers,
  scrapePiece,
  shareRules,
  sharingEnv,
} from '../scraping.ts';
import type { PrometheusAnnotationsOptions } from './config.ts';

export const prometheusAnnotations: Preset<PrometheusAnnotationsOptions> = {
  name: 'prometheus_annotations',
  summary: 'Scrapes pods that carry the annotation prometheus.io/scrape.',
  agents: ['prometheus-agent'],
  needsKubernetes: true,
  build: (options, context) => ({
    piece: scrapePiece('prometheus_annotations', [
      {
        job_name: 'pods',
        scrape_interval: options.scrape_interval,
        scrape_timeout: options.scrape_timeout,
        ...(options.sample_limit > 0 && { sample_limit: options.sample_limit }),
        kubernetes_sd_configs: [podDiscovery({ namespaces: options.namespaces }, context)],
        relabel_configs: [
          ...annotationRules(options.prefix),
          ...runningContainers,
          ...excludeRules(options.exclude_pod_labels),
          ...serviceRules,
          ...shareRules(context),
        ],
        ...keepMetrics(options.keep),
      },
    ]),
    needs: { env: sharingEnv(context) },
  }),
};

/** Prometheus writes every character that a label cannot have as an underscore. */
function metaLabel(kind: 'annotation' | 'label', name: string): string {
  return `__meta_kubernetes_pod_${kind}_${name.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`;
}

function annotationRules(prefix: string): readonly JsonObject[] {
  const of = (name: string) => metaLabel('annotation', `${prefix}/${name}`);
  const address = { source_labels: [of('port'), '__meta_kubernetes_pod_ip'] };
  return [
    { source_labels: [of('scrape')], regex: 'true', action: 'keep' },
    { source_labels: [of('scheme')], regex: '(https?)', target_label: '__scheme__' },
    { source_labels: [of('path')], regex: '(.+)', target_label: '__metrics_path__' },
    // With a port named, all ports of the pod become one target; IPv6 in brackets.
    { ...address, regex: '(\\d+);([^:]+)', replacement: '$$2:$$1', target_label: '__address__' },
    { ...address, regex: '(\\d+);(.*:.*)', replacement: '[$$2]:$$1', target_label: '__address__' },
  ];
}

function excludeRules(labels: Readonly<Record<string, string>>): readonly JsonObject[] {
  return Object.entries(labels).map(([label, regex]) => ({
    source_labels: [metaLabel('label', label)],
    regex: escapeDollars(regex),
    action: 'drop',
  }));
}

/**
 * The job becomes `service.name`; the last rule that matches wins, so this is the order of the
 * semantic conventions from its end: label app, recommended name, recommended instance, annotation.
 */
const serviceRules: readonly JsonObject[] = [
  metaLabel('label', 'app'),
  metaLabel('label', 'app.kubernetes.io/name'),
  metaLabel('label', 'app.kubernetes.io/instance'),
  metaLabel('annotation', 'resource.opentelemetry.io/service.name'),
].map((label) => ({ source_labels: [label], regex: '(.+)', target_label: 'job' }));
