/**
 * Links between dashboards. Every link carries the time range; variables and clicked values follow
 * in the query string, so that an address shows exactly what was on screen.
 */

/** The dashboards, by the uid that addresses use. */
export const dashboardUids = {
  services: 'obsctl-services',
  map: 'obsctl-service-map',
  traces: 'obsctl-traces',
  different: 'obsctl-different',
  logs: 'obsctl-logs',
  sloReport: 'obsctl-objectives',
  deployments: 'obsctl-deployments',
  kubernetes: 'obsctl-kubernetes',
  workload: 'obsctl-workload',
  pod: 'obsctl-pod',
  node: 'obsctl-node',
  entities: 'obsctl-entities',
  cost: 'obsctl-cost',
  controlPlane: 'obsctl-control-plane',
  cni: 'obsctl-cni',
  network: 'obsctl-network',
  machine: 'obsctl-machine',
  snapshots: 'obsctl-snapshots',
  agents: 'obsctl-agents',
  gateway: 'obsctl-gateway',
  sources: 'obsctl-sources',
  clickhouse: 'obsctl-clickhouse',
  metrics: 'obsctl-metrics',
  explore: 'obsctl-explore',
} as const;

export type DashboardKey = keyof typeof dashboardUids;

/** Milliseconds of a duration, and moments as ISO 8601. */
type RegionSide = 'minMs' | 'maxMs' | 'since' | 'until';

/** What the address sets a variable to. */
type LinkValue =
  /** The value of another column of the clicked row. */
  | { readonly field: string }
  /** A label of the clicked series. */
  | { readonly label: string }
  /** A fixed text. */
  | { readonly text: string }
  /** A side of the region that was dragged over; on our page only. */
  | { readonly region: RegionSide }
  /** The variable of the same name as it stands on this dashboard. */
  | 'same';

export type Link = {
  readonly title: string;
  readonly to: DashboardKey;
  readonly set?: Readonly<Record<string, LinkValue>>;
};

/** The address of `link` in Grafana's data link syntax. */
export function linkUrl(link: Link): string {
  const parts = Object.entries(link.set ?? {}).map(([name, value]) => parameter(name, value));
  return `/d/${dashboardUids[link.to]}?${[`\${__url_time_range}`, ...parts].join('&')}`;
}

function parameter(name: string, value: LinkValue): string {
  if (value === 'same') return `\${${name}:queryparam}`;
  if ('field' in value) return `var-${name}=\${__data.fields["${value.field}"]:percentencode}`;
  if ('region' in value) return `var-${name}=\${__region.${value.region}}`;
  if ('label' in value) return `var-${name}=\${__field.labels.${value.label}:percentencode}`;
  return `var-${name}=${encodeURIComponent(value.text)}`;
}
