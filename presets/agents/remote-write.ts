/**
 * The way of metrics to the gateway by Prometheus remote write 1.0, set so that the gateway gets
 * the series that a Prometheus would send of the same targets: names as they were scraped, job and
 * instance as labels, the cluster as an external label, everything else that is known of a target
 * in `target_info`.
 *
 * Queue and repetition are the exporter's own, and differ from those of all other exporters:
 *
 * - It repeats inside of `timeout`, whose five seconds would drop what waits at each restart of the
 *   gateway. Zero is no limit, also for a single request, which has no key of its own before 0.158.
 * - Its pause between two tries is `initial_interval` for ever; it reads no other.
 * - The queue counts scrapes of one target, not bytes; above it, the memory limiter refuses.
 * - It has a log on disk (`wal`), which we leave off: it has no bound, and a request that is
 *   answered with 400 is sent again at once and for ever, in front of all others (seen with 0.149;
 *   the code of 0.161 is the same).
 *
 * The keys are those that all versions know; 0.158 puts some into `http` and takes both.
 */
import { escapeDollars } from '../../collector/escape.ts';
import type { Component } from '../../collector/types.ts';
import { Problem } from '../../core/problem.ts';
import { remoteWriteExporterId } from '../gateway-exporter.ts';
import type { PresetContext } from '../preset.ts';
import { guardConfig } from './gateway-guard.ts';

const path = '/api/v1/write';

/** Scrapes that wait: four minutes of a node with 120 targets, at 30 seconds each. */
const queueScrapesMax = 1000;

export function remoteWriteExporter(context: PresetContext): Component {
  const { gatewayHttpEndpoint: address, gatewayGuard: guard, cluster } = context;
  if (address === undefined) {
    throw new Problem('OBS-1121', 'remote write needs the HTTP address of the gateway', {
      where: 'prometheus_agent.export',
      next: 'Use `export: otlp`.',
    });
  }
  const scheme = guard?.isTls === true ? 'https' : 'http';
  return {
    kind: 'exporter',
    id: remoteWriteExporterId,
    config: {
      endpoint: escapeDollars(`${scheme}://${address}${path}`),
      timeout: '0s',
      add_metric_suffixes: false,
      disable_scope_info: true,
      target_info: { enabled: true },
      external_labels: { k8s_cluster_name: escapeDollars(cluster) },
      remote_write_queue: { enabled: true, queue_size: queueScrapesMax },
      retry_on_failure: { enabled: true, initial_interval: '5s', max_elapsed_time: '0s' },
      ...guardConfig(guard),
    },
  };
}
