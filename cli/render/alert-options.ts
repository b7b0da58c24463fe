/** What a stack file says about alert rules, in the words of the rules. */
import { parseDurationMs } from '../../core/units.ts';
import type { RuleOptions } from '../../dashboards/alerts/catalog.ts';
import type { GrafanaRuleOptions } from '../../dashboards/alerts/grafana.ts';
import type { Routing } from '../../dashboards/alerts/routing/config.ts';
import type { Stack } from '../../stack/types.ts';

/** Rules about our gateway have nothing to watch where the stock Collector stands in its place. */
export function ruleOptionsOf(stack: Stack): RuleOptions {
  return {
    objectives: stack.slos.map(({ service, objective, latency }) => ({
      service,
      objective,
      ...(latency !== undefined && {
        latency: {
          thresholdMs: parseDurationMs(latency.threshold) ?? 0,
          objective: latency.objective,
        },
      }),
    })),
    overrides: stack.alerts.thresholds,
    product: stack.alerts.product,
    deploymentWindows: stack.alerts.deployment_windows,
    without: stack.gateway.flavor === 'obsctl' ? [] : ['gateway_metrics'],
  };
}

export function grafanaRuleOptionsOf(stack: Stack): GrafanaRuleOptions {
  const { runbooks_url: runbooksUrl } = stack.alerts;
  return {
    ...(stack.grafana !== undefined && { folder: stack.grafana.folder }),
    ...(runbooksUrl !== undefined && { runbooksUrl }),
  };
}

/** Who is told of what. */
export function routingOf({ alerts }: Stack): Routing {
  const { channels, routes, mute_timings: muteTimings } = alerts;
  return { channels, routes, muteTimings };
}
