/** Every dashboard, in the order of the menu; the first is the landing page. */
import type { DashboardJson } from './board.ts';
import { exploreDashboard } from './explore.ts';
import { gatewayDashboard } from './gateway.ts';
import { logsDashboard } from './logs.ts';
import { machineDashboard } from './machine.ts';
import { servicesDashboard } from './services.ts';
import { tracesDashboard } from './traces.ts';

export function dashboards(): readonly DashboardJson[] {
  return [
    servicesDashboard(),
    tracesDashboard(),
    logsDashboard(),
    machineDashboard(),
    gatewayDashboard(),
    exploreDashboard(),
  ];
}
