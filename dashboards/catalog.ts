/** Every dashboard, in the order of the menu; the first is the landing page. */
import type { Objective } from './alerts/slo.ts';
import { deploymentsDashboard } from './deployments/deployments.ts';
import { exploreDashboard } from './explore.ts';
import { clickhouseDashboard } from './gateway/clickhouse.ts';
import { gatewayDashboard } from './gateway/gateway.ts';
import { agentsDashboard } from './infrastructure/agents.ts';
import { cniDashboard } from './infrastructure/cni.ts';
import { controlPlaneDashboard } from './infrastructure/control-plane.ts';
import { costDashboard } from './infrastructure/cost.ts';
import { entitiesDashboard } from './infrastructure/entities.ts';
import { kubernetesDashboard } from './infrastructure/kubernetes.ts';
import { machineDashboard } from './infrastructure/machine.ts';
import { networkDashboard } from './infrastructure/network.ts';
import { nodeDashboard } from './infrastructure/node.ts';
import { podDashboard } from './infrastructure/pod.ts';
import { workloadDashboard } from './infrastructure/workload.ts';
import { leaveOut } from './leave-out.ts';
import { logsDashboard } from './logs/logs.ts';
import { metricsDashboard } from './metrics/metrics.ts';
import { sourcesDashboard } from './metrics/sources.ts';
import { snapshotsDashboard } from './product/snapshots.ts';
import { differentDashboard } from './services/different.ts';
import { serviceMapDashboard } from './services/service-map.ts';
import { servicesDashboard } from './services/services.ts';
import { sloReportDashboard } from './services/slo-report.ts';
import { tracesDashboard } from './services/traces.ts';
import type { DashboardJson } from './vocabulary/board.ts';
import type { SourceId } from './vocabulary/sources.ts';

export type DashboardOptions = {
  readonly objectives?: readonly Objective[];
  /** Sources that nothing feeds: their panels are left out. */
  readonly without?: readonly SourceId[];
};

export function dashboards(options: DashboardOptions = {}): readonly DashboardJson[] {
  const all = [
    servicesDashboard(options.objectives),
    serviceMapDashboard(),
    tracesDashboard(),
    differentDashboard(),
    logsDashboard(),
    sloReportDashboard(options.objectives),
    deploymentsDashboard(),
    kubernetesDashboard(),
    workloadDashboard(),
    podDashboard(),
    nodeDashboard(),
    entitiesDashboard(),
    costDashboard(),
    controlPlaneDashboard(),
    cniDashboard(),
    networkDashboard(),
    machineDashboard(),
    snapshotsDashboard(),
    agentsDashboard(),
    gatewayDashboard(),
    sourcesDashboard(),
    clickhouseDashboard(),
    metricsDashboard(),
    exploreDashboard(),
  ];
  return leaveOut(all, options.without ?? []);
}
