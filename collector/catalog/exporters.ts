/** Exporters, as of v0.161 (September 2026); see `receivers.ts` for where the facts come from. */
import { allBinaries, type ComponentInfo, contrib, core, every } from './component.ts';

export const exporters: readonly ComponentInfo[] = [
  core('exporter', 'otlp_grpc', 'otlpexporter', every('stable'), {
    renamed: { from: 'otlp', version: '0.144.0' },
    binaries: allBinaries,
  }),
  core('exporter', 'otlp_http', 'otlphttpexporter', every('stable'), {
    renamed: { from: 'otlphttp', version: '0.144.0' },
    binaries: allBinaries,
  }),
  core('exporter', 'debug', 'debugexporter', every('alpha'), { binaries: allBinaries }),
  core('exporter', 'nop', 'nopexporter', every('beta'), { binaries: allBinaries }),
  contrib(
    'exporter',
    'clickhouse',
    'clickhouseexporter',
    { traces: 'beta', metrics: 'alpha', logs: 'beta' },
    { binaries: ['0.149', '0.161'] },
  ),
  contrib(
    'exporter',
    'load_balancing',
    'loadbalancingexporter',
    { traces: 'beta', metrics: 'alpha', logs: 'beta' },
    { renamed: { from: 'loadbalancing', version: '0.153.0' }, binaries: ['0.161'] },
  ),
  contrib(
    'exporter',
    'prometheus_remote_write',
    'prometheusremotewriteexporter',
    { metrics: 'beta' },
    { renamed: { from: 'prometheusremotewrite', version: '0.154.0' }, binaries: allBinaries },
  ),
  contrib('exporter', 'prometheus', 'prometheusexporter', { metrics: 'beta' }),
  contrib('exporter', 'file', 'fileexporter', every('alpha'), { binaries: ['0.155', '0.161'] }),
  contrib('exporter', 'kafka', 'kafkaexporter', every('beta')),
];
