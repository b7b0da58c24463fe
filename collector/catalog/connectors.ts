/** Connectors, as of v0.161 (September 2026); see `receivers.ts` for where the facts come from. */
import type { Signal } from '../types.ts';
import { type ComponentInfo, contrib, core, every, type Route } from './component.ts';

const signals: readonly Signal[] = ['traces', 'metrics', 'logs'];
const same: readonly Route[] = signals.map((signal) => ({ from: signal, to: signal }));
const toMetrics: readonly Route[] = signals.map((signal) => ({ from: signal, to: 'metrics' }));
const tracesToMetrics: readonly Route[] = [{ from: 'traces', to: 'metrics' }];

export const connectors: readonly ComponentInfo[] = [
  core('connector', 'forward', 'forwardconnector', every('beta'), {
    routes: same,
    binaries: ['0.149', '0.155'],
  }),
  contrib(
    'connector',
    'span_metrics',
    'spanmetricsconnector',
    { traces: 'alpha' },
    {
      routes: tracesToMetrics,
      renamed: { from: 'spanmetrics', version: '0.151.0' },
      binaries: ['0.155'],
    },
  ),
  contrib(
    'connector',
    'service_graph',
    'servicegraphconnector',
    { traces: 'alpha' },
    // Merged in the days of 0.151's release: the old name is right in either case.
    { routes: tracesToMetrics, renamed: { from: 'servicegraph', version: '0.152.0' } },
  ),
  contrib('connector', 'count', 'countconnector', every('alpha'), {
    routes: toMetrics,
    binaries: ['0.155'],
  }),
  contrib('connector', 'routing', 'routingconnector', every('alpha'), { routes: same }),
  contrib('connector', 'failover', 'failoverconnector', every('alpha'), { routes: same }),
  contrib('connector', 'roundrobin', 'roundrobinconnector', every('beta'), { routes: same }),
  contrib(
    'connector',
    'exceptions',
    'exceptionsconnector',
    { traces: 'alpha' },
    {
      routes: [
        { from: 'traces', to: 'metrics' },
        { from: 'traces', to: 'logs' },
      ],
    },
  ),
];
