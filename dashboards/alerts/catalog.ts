/** Every alert rule, in the order of its group. */
import type { SourceId } from '../vocabulary/sources.ts';
import { archiveRules } from './archive.ts';
import { clickhouseRules } from './clickhouse.ts';
import { cniRules } from './cni.ts';
import type { DeploymentWindow } from './config.ts';
import { controlPlaneRules } from './control-plane.ts';
import { deploymentRules } from './deployments.ts';
import { etcdRules } from './etcd.ts';
import { gatewayRules } from './gateway.ts';
import { type Override, withOverrides } from './globs.ts';
import { hostRules } from './hosts.ts';
import { kubernetesRules } from './kubernetes.ts';
import { productRules } from './product.ts';
import type { ProductAlert } from './product-config.ts';
import type { AlertRule } from './rule.ts';
import { serviceRules } from './services.ts';
import { type Objective, sloRules } from './slo.ts';
import { snapshotRules } from './snapshots.ts';

export type RuleOptions = {
  /** Before the default one, which is for all services. */
  readonly objectives?: readonly Objective[];
  readonly overrides?: readonly Override[];
  /** When deployments are expected; none declared: none is unexpected. */
  readonly deploymentWindows?: readonly DeploymentWindow[];
  /** Alerts over tables of snapshots. */
  readonly product?: readonly ProductAlert[];
  /** Sources that nothing of this installation feeds: rules that need them are left out. */
  readonly without?: readonly SourceId[];
};

/** The rules with the objectives and thresholds of one installation. */
export function alertRules(options: RuleOptions = {}): readonly AlertRule[] {
  const rules = [
    ...sloRules(options.objectives ?? []),
    ...gatewayRules(),
    ...archiveRules(),
    ...clickhouseRules(),
    ...serviceRules(),
    ...hostRules(),
    ...kubernetesRules(),
    ...deploymentRules(options.deploymentWindows ?? []),
    ...controlPlaneRules(),
    ...etcdRules(),
    ...cniRules(),
    ...snapshotRules(),
    ...productRules(options.product ?? []),
  ];
  const overrides = options.overrides ?? [];
  return rules
    .filter(({ source }) => !options.without?.includes(source))
    .flatMap((rule) => withOverrides(rule, overrides));
}
