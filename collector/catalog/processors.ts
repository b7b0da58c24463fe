/** Processors, as of v0.161 (September 2026); see `receivers.ts` for where the facts come from. */
import { allBinaries, type ComponentInfo, contrib, core, every } from './component.ts';

export const processors: readonly ComponentInfo[] = [
  core('processor', 'memory_limiter', 'memorylimiterprocessor', every('beta'), {
    binaries: allBinaries,
  }),
  core('processor', 'batch', 'batchprocessor', every('beta'), { binaries: allBinaries }),
  contrib('processor', 'k8s_attributes', 'k8sattributesprocessor', every('beta'), {
    renamed: { from: 'k8sattributes', version: '0.146.0' },
    binaries: ['0.149'],
  }),
  contrib('processor', 'resource_detection', 'resourcedetectionprocessor', every('beta'), {
    renamed: { from: 'resourcedetection', version: '0.153.0' },
    binaries: ['0.149'],
  }),
  contrib('processor', 'resource', 'resourceprocessor', every('beta'), { binaries: allBinaries }),
  contrib('processor', 'attributes', 'attributesprocessor', every('beta'), {
    binaries: allBinaries,
  }),
  contrib('processor', 'transform', 'transformprocessor', every('beta'), {
    binaries: allBinaries,
  }),
  contrib('processor', 'filter', 'filterprocessor', every('alpha'), { binaries: allBinaries }),
  contrib(
    'processor',
    'tail_sampling',
    'tailsamplingprocessor',
    { traces: 'beta' },
    { binaries: allBinaries },
  ),
  contrib('processor', 'probabilistic_sampler', 'probabilisticsamplerprocessor', {
    traces: 'beta',
    logs: 'alpha',
  }),
  contrib(
    'processor',
    'cumulative_to_delta',
    'cumulativetodeltaprocessor',
    { metrics: 'beta' },
    { renamed: { from: 'cumulativetodelta', version: '0.157.0' }, binaries: allBinaries },
  ),
  contrib(
    'processor',
    'delta_to_cumulative',
    'deltatocumulativeprocessor',
    { metrics: 'alpha' },
    { renamed: { from: 'deltatocumulative', version: '0.158.0' } },
  ),
  contrib(
    'processor',
    'metric_start_time',
    'metricstarttimeprocessor',
    { metrics: 'beta' },
    { renamed: { from: 'metricstarttime', version: '0.148.0' } },
  ),
  contrib(
    'processor',
    'metrics_transform',
    'metricstransformprocessor',
    { metrics: 'beta' },
    { renamed: { from: 'metricstransform', version: '0.152.0' } },
  ),
  contrib(
    'processor',
    'log_dedup',
    'logdedupprocessor',
    { logs: 'alpha' },
    // Merged in the days of 0.151's release: the old name is right in either case.
    { renamed: { from: 'logdedup', version: '0.152.0' }, binaries: ['0.149'] },
  ),
  contrib('processor', 'groupbyattrs', 'groupbyattrsprocessor', every('beta')),
  contrib('processor', 'groupbytrace', 'groupbytraceprocessor', { traces: 'beta' }),
  contrib('processor', 'interval', 'intervalprocessor', { metrics: 'alpha' }),
  contrib('processor', 'redaction', 'redactionprocessor', {
    traces: 'beta',
    metrics: 'alpha',
    logs: 'alpha',
  }),
  contrib('processor', 'span', 'spanprocessor', { traces: 'alpha' }),
];
