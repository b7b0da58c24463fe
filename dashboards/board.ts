/**
 * A dashboard from rows of panels: places them on Grafana's grid of 24 columns and sets what the
 * SDK leaves open: panel ids, the fields in `options.obsctl`, and plain JSON without methods.
 */
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import { type DashboardKey, dashboardUids } from './links.ts';
import type { PanelDraft } from './panel.ts';
import type { SourceId } from './sources.ts';

type Row = { readonly title: string; readonly panels: readonly PanelDraft[] };

export type BoardSpec = {
  readonly key: DashboardKey;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly { build: () => sdk.VariableModel }[];
  /** Panels before the first row with a title stand under no heading. */
  readonly rows: readonly Row[];
  readonly from?: string;
  readonly refresh?: string;
};

/** What our page reads of a panel beyond Grafana's own fields. */
type ObsctlOptions = {
  readonly source: SourceId;
  readonly empty: 'fine' | 'missing';
};

/** A dashboard as JSON, as Grafana reads it. */
export type DashboardJson = { readonly [key: string]: unknown } & {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list: readonly VariableJson[] };
};

export type PanelJson = { readonly [key: string]: unknown } & {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly interval?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly {
    readonly refId: string;
    readonly rawSql: string;
    readonly format: number;
  }[];
  readonly options?: { readonly [key: string]: unknown; readonly obsctl?: ObsctlOptions };
};

type VariableJson = { readonly [key: string]: unknown } & {
  readonly name: string;
  readonly type: string;
  readonly query?: string | { readonly rawSql?: string };
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly current?: { readonly text: string | string[]; readonly value: string | string[] };
  readonly options?: readonly { readonly text: string; readonly value: string }[];
};

const gridColumns = 24;

/** The dashboard of `spec`, always the same bytes for the same input. */
export function board(spec: BoardSpec): DashboardJson {
  const builder = new sdk.DashboardBuilder(spec.title)
    .uid(dashboardUids[spec.key])
    .description(spec.description)
    .tags(['obsctl'])
    .timezone('browser')
    .tooltip(sdk.DashboardCursorSync.Crosshair)
    .time({ from: spec.from ?? 'now-15m', to: 'now' })
    .refresh(spec.refresh ?? '10s')
    .link(
      new sdk.DashboardLinkBuilder('obsctl')
        .type(sdk.DashboardLinkType.Dashboards)
        .tags(['obsctl'])
        .keepTime(true),
    );
  builder.withVariable(
    new sdk.DatasourceVariableBuilder('datasource')
      .label('Data source')
      .type('grafana-clickhouse-datasource'),
  );
  for (const variable of spec.variables) builder.withVariable(variable);
  const dashboard = JSON.parse(JSON.stringify(builder.build()));
  return { ...dashboard, id: null, panels: place(spec.rows) };
}

function place(rows: readonly Row[]): PanelJson[] {
  const panels: PanelJson[] = [];
  let y = 0;
  for (const row of rows) {
    if (row.title !== '') {
      const heading = new sdk.RowBuilder(row.title).build();
      const gridPos = { x: 0, y, w: gridColumns, h: 1 };
      panels.push({ ...plain(heading), id: panels.length + 1, gridPos });
      y += 1;
    }
    y = placeRow(row.panels, y, panels);
  }
  return panels;
}

function placeRow(drafts: readonly PanelDraft[], top: number, panels: PanelJson[]): number {
  let x = 0;
  let y = top;
  let height = 0;
  for (const { spec, built } of drafts) {
    if (x + spec.width > gridColumns) {
      x = 0;
      y += height;
      height = 0;
    }
    const json = plain(built);
    const obsctl: ObsctlOptions = { source: spec.source, empty: spec.empty ?? 'missing' };
    panels.push({
      ...json,
      id: panels.length + 1,
      gridPos: { x, y, w: spec.width, h: spec.height },
      options: { ...json.options, obsctl },
    });
    x += spec.width;
    height = Math.max(height, spec.height);
  }
  return y + height;
}

/** Drops methods and undefined fields, as the rendered file does. */
function plain(built: sdk.Panel | sdk.RowPanel): PanelJson {
  return JSON.parse(JSON.stringify(built));
}
