/**
 * A dashboard from rows of panels: places them on Grafana's grid of 24 columns and sets what the
 * SDK leaves open: panel ids, the fields in `options.obsctl`, and plain JSON without methods.
 */
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import { plugin } from '../data-source.ts';
import { type DashboardKey, dashboardUids, type Link, linkUrl } from './links.ts';
import type { Colour, PanelDraft } from './panel.ts';
import { ClickHouseQueryBuilder, datasource } from './query.ts';
import type { SourceId } from './sources.ts';

type Row = { readonly title: string; readonly panels: readonly PanelDraft[] };

/** Marks on every chart of a dashboard: a query for `time`, `title`, `text` and `tags`. */
export type Annotation = {
  readonly name: string;
  readonly colour: Colour;
  readonly rawSql: string;
};

/** One of the catalogue, or one that links do not know. */
type BoardId =
  | { readonly key: DashboardKey; readonly uid?: never }
  | { readonly uid: string; readonly key?: never };

export type BoardSpec = BoardId & {
  readonly title: string;
  readonly description: string;
  readonly variables: readonly { build: () => sdk.VariableModel }[];
  /** Panels before the first row with a title stand under no heading. */
  readonly rows: readonly Row[];
  readonly annotations?: readonly Annotation[];
  readonly from?: string;
  readonly refresh?: string;
};

/** What our page reads of a panel beyond Grafana's own fields. */
type ObsctlOptions = {
  readonly source: SourceId;
  readonly empty: 'fine' | 'missing';
  readonly regionLink?: { readonly title: string; readonly url: string };
  readonly exemplarLink?: { readonly title: string; readonly url: string };
};

/** A dashboard as JSON, as Grafana reads it. */
export type DashboardJson = { readonly [key: string]: unknown } & {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list: readonly VariableJson[] };
  readonly annotations?: { readonly list?: readonly AnnotationJson[] };
};

type AnnotationJson = { readonly [key: string]: unknown } & {
  readonly name: string;
  readonly target: { readonly rawSql: string };
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

/** Marks what is ours in a Grafana, and gathers the menu of links. */
export const ownTag = 'obsctl';

const gridColumns = 24;

/** The dashboard of `spec`, always the same bytes for the same input. */
export function board(spec: BoardSpec): DashboardJson {
  const builder = new sdk.DashboardBuilder(spec.title)
    .uid(spec.key === undefined ? spec.uid : dashboardUids[spec.key])
    .description(spec.description)
    .tags([ownTag])
    .timezone('browser')
    .tooltip(sdk.DashboardCursorSync.Crosshair)
    .time({ from: spec.from ?? 'now-15m', to: 'now' })
    .refresh(spec.refresh ?? '10s')
    .link(
      new sdk.DashboardLinkBuilder('obsctl')
        .type(sdk.DashboardLinkType.Dashboards)
        .tags([ownTag])
        .keepTime(true),
    );
  builder.withVariable(
    new sdk.DatasourceVariableBuilder('datasource').label('Data source').type(plugin.id),
  );
  for (const variable of spec.variables) builder.withVariable(variable);
  const dashboard = JSON.parse(JSON.stringify(builder.build()));
  const list = dashboard.templating.list.map(withoutInterval);
  const annotations = { list: (spec.annotations ?? []).map(annotationJson) };
  return {
    ...dashboard,
    id: null,
    ...(spec.annotations !== undefined && { annotations }),
    templating: { list },
    panels: place(spec.rows),
  };
}

/** The SDK types the target of an annotation as that of Grafana's own store. */
function annotationJson({ name, colour, rawSql }: Annotation): AnnotationJson {
  const target = new ClickHouseQueryBuilder('Annotations', 'table', rawSql).build();
  const plainTarget = JSON.parse(JSON.stringify(target));
  return { name, enable: true, iconColor: colour, datasource, target: plainTarget };
}

/** The SDK gives every variable what only those of intervals have. */
function withoutInterval(variable: Readonly<Record<string, unknown>>): object {
  const { auto: _auto, auto_min: _least, auto_count: _count, ...rest } = variable;
  return rest;
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
    const obsctl: ObsctlOptions = {
      source: spec.source,
      empty: spec.empty ?? 'missing',
      ...(spec.regionLink && { regionLink: linkJson(spec.regionLink) }),
      ...(spec.exemplars && { exemplarLink: linkJson(spec.exemplars.link) }),
    };
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

const linkJson = (link: Link) => ({ title: link.title, url: linkUrl(link) });

/** Drops methods and undefined fields, as the rendered file does. */
function plain(built: sdk.Panel | sdk.RowPanel): PanelJson {
  return JSON.parse(JSON.stringify(built));
}
