/**
 * Preset `cni`: what the network plugin's agent on this node says of itself. The agents of all
 * plugins run in the node's network, so the node's address reaches them; an allow list of metric
 * names keeps their thousands of series to those that answer a question.
 */
import { escapeDollars } from '../../collector/escape.ts';
import type { Component } from '../../collector/types.ts';
import type { JsonObject } from '../../core/json.ts';
import { fromEnv } from '../from-env.ts';
import { hostRoot, hostRootMount } from '../host-root.ts';
import type { Preset } from '../preset.ts';
import type { CniOptions } from './config.ts';
import { type CniSource, cniSources } from './metrics.ts';

const scrapeId = 'prometheus/cni';
const interfacesId = 'host_metrics/cni';

/** Bridge and tunnel that Flannel makes on each node. */
const flannelInterfaces = ['^cni0$', '^flannel', '^kube-bridge$'];

export const cni: Preset<CniOptions> = {
  name: 'cni',
  summary: "Scrapes the network plugin's agent on the node.",
  agents: ['node-agent'],
  needsKubernetes: true,
  build: (options) => {
    const component = options.kind === 'flannel' ? interfaces(options) : scrape(options);
    const ignored = options.kind !== 'cilium' && (options.hubble || options.envoy);
    return {
      piece: {
        preset: 'cni',
        components: [component],
        attachments: [{ pipeline: 'metrics', as: 'receiver', id: component.id }],
      },
      needs:
        options.kind === 'flannel'
          ? { hostMounts: [hostRootMount], hostNetwork: true }
          : { env: [{ name: 'K8S_NODE_IP', fieldPath: 'status.hostIP' }] },
      warnings: ignored ? [`hubble and envoy are Cilium's; ${options.kind} has neither`] : [],
    };
  },
};

function scrape(options: CniOptions): Component {
  const sources = cniSources.filter(
    ({ kind, option }) =>
      kind === options.kind && (option === undefined || options[option] === true),
  );
  return {
    kind: 'receiver',
    id: scrapeId,
    config: { config: { scrape_configs: sources.map((source) => job(source, options)) } },
  };
}

function job(source: CniSource, options: CniOptions): JsonObject {
  const names = [...source.metrics.map(({ name }) => name), ...options.extra_metrics];
  return {
    job_name: source.job,
    scrape_interval: options.scrape_interval,
    static_configs: [{ targets: [`${fromEnv('K8S_NODE_IP')}:${source.port}`] }],
    metric_relabel_configs: [
      // Prometheus anchors the expression; histograms have three series a name.
      {
        source_labels: ['__name__'],
        regex: `(${names.join('|')})(_bucket|_sum|_count)?`,
        action: 'keep',
      },
    ],
  };
}

function interfaces(options: CniOptions): Component {
  return {
    kind: 'receiver',
    id: interfacesId,
    config: {
      root_path: hostRoot,
      collection_interval: options.scrape_interval,
      scrapers: {
        network: {
          include: { interfaces: flannelInterfaces.map(escapeDollars), match_type: 'regexp' },
        },
      },
    },
  };
}
