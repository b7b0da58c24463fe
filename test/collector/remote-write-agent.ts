/**
 * The prometheus-agent that sends by remote write, for tests without an API server: of the rendered
 * configuration only the place where targets come from is another one.
 */
import type { CollectorConfig } from '../../collector/types.ts';
import type { BuiltAgent } from '../../presets/agents/agent.ts';
import type { GatewayGuard } from '../../presets/preset.ts';
import { buildAgentOf } from '../support/build-agents.ts';
import type { Exporter } from './exporters.ts';

/** One of each kind of family, and what could go wrong on the way: names, labels, values. */
export const scraped = `# TYPE shop_queue_length gauge
# HELP shop_queue_length Orders that wait.
shop_queue_length{queue="a b",note="\\"quoted\\\\ and \\n next"} -1.5
shop_queue_length{queue="ünicode",note="/"} 9.007199254740993e+15
# TYPE shop_orders_total counter
shop_orders_total{pay="card"} 3
# TYPE shop_failures counter
shop_failures 7
# TYPE shop_seconds histogram
shop_seconds_bucket{le="0.5"} 1
shop_seconds_bucket{le="10"} 3
shop_seconds_bucket{le="+Inf"} 4
shop_seconds_sum 11.25
shop_seconds_count 4
# TYPE shop_size_bytes summary
shop_size_bytes{quantile="0.5"} 100
shop_size_bytes_sum 300
shop_size_bytes_count 3
# TYPE shop_ratio gauge
# UNIT shop_ratio ratio
shop_ratio 0.25
shop_untyped 1
shop_infinite +Inf
`;

export function agentOf(
  version: string,
  gatewayHttpEndpoint: string,
  gatewayGuard?: GatewayGuard,
): BuiltAgent {
  return buildAgentOf({
    agent: 'prometheus-agent',
    version,
    presets: { prometheus_annotations: { scrape_interval: '1s', scrape_timeout: '1s' } },
    options: { mode: 'deployment', export: 'remote_write' },
    context: { gatewayHttpEndpoint, ...(gatewayGuard && { gatewayGuard }) },
  });
}

/** The same with targets that are named, because no API server is here. */
export function withTargets(
  config: CollectorConfig,
  targets: readonly Exporter[],
): CollectorConfig {
  const scrapeConfig = {
    job_name: 'pods',
    scrape_interval: '1s',
    scrape_timeout: '1s',
    static_configs: targets.map(({ name, ip, port }) => ({
      targets: [`${ip}:${port}`],
      labels: { job: name },
    })),
  };
  const receiver = { config: { scrape_configs: [scrapeConfig] } };
  return { ...config, receivers: { 'prometheus/prometheus_annotations': receiver } };
}
