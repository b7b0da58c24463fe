/** Rules and dashboards of one installation, as the stack file of a command says them. */
import type { RuleOptions } from '../dashboards/alerts/catalog.ts';
import type { GrafanaRuleOptions } from '../dashboards/alerts/grafana.ts';
import type { Routing, Silence } from '../dashboards/alerts/routing/config.ts';
import type { SourceId } from '../dashboards/vocabulary/sources.ts';
import type { CliContext } from './context.ts';
import { grafanaRuleOptionsOf, routingOf, ruleOptionsOf } from './render/alert-options.ts';
import { leftOut } from './render/standing.ts';
import { readStack } from './stack-file.ts';

export type StackRules = GrafanaRuleOptions & {
  /** As `obsctl watch` evaluates them: what others send to the same ClickHouse is watched, too. */
  readonly rules: RuleOptions;
  /** Sources that nothing feeds: neither their panels nor their rules are rendered or pushed. */
  readonly without: readonly SourceId[];
  readonly routing: Routing;
  readonly silences: readonly Silence[];
};

/** Objectives and thresholds, the folder, where runbooks can be read, and who is told. */
export async function readRuleOptions(file: string, context: CliContext): Promise<StackRules> {
  const stack = await readStack(file, context);
  return {
    rules: ruleOptionsOf(stack),
    without: leftOut(stack),
    ...grafanaRuleOptionsOf(stack),
    routing: routingOf(stack),
    silences: stack.alerts.silences,
  };
}
