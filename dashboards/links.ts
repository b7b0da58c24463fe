/**
 * Links between dashboards. Every link carries the time range; variables and clicked values follow
 * in the query string, so that an address shows exactly what was on screen.
 */

/** The dashboards, by the uid that addresses use. */
export const dashboardUids = {
  services: 'obsctl-services',
  traces: 'obsctl-traces',
  logs: 'obsctl-logs',
  machine: 'obsctl-machine',
  gateway: 'obsctl-gateway',
  explore: 'obsctl-explore',
} as const;

export type DashboardKey = keyof typeof dashboardUids;

/** What the address sets a variable to. */
type LinkValue =
  /** The value of another column of the clicked row. */
  | { readonly field: string }
  /** A label of the clicked series. */
  | { readonly label: string }
  /** A fixed text. */
  | { readonly text: string }
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
  if ('label' in value) return `var-${name}=\${__field.labels.${value.label}:percentencode}`;
  return `var-${name}=${encodeURIComponent(value.text)}`;
}
