/**
 * The small vocabulary that dashboards are written in. Each function makes one panel of the Grafana
 * SDK from a {@link PanelSpec}; `board.ts` places them. What Grafana has no field for (which source
 * a panel needs, what a threshold means) travels in `options.obsctl`, which Grafana keeps and
 * ignores and our page reads.
 */
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import * as gaugePanel from '@grafana/grafana-foundation-sdk/gauge';
import * as heatmapPanel from '@grafana/grafana-foundation-sdk/heatmap';
import * as logsPanel from '@grafana/grafana-foundation-sdk/logs';
import * as nodegraphPanel from '@grafana/grafana-foundation-sdk/nodegraph';
import * as statPanel from '@grafana/grafana-foundation-sdk/stat';
import * as tablePanel from '@grafana/grafana-foundation-sdk/table';
import * as timeseriesPanel from '@grafana/grafana-foundation-sdk/timeseries';
import { type Link, linkUrl } from './links.ts';
import { ClickHouseQueryBuilder, datasource, type QueryFormat } from './query.ts';
import type { SourceId } from './sources.ts';

/** Grafana unit ids that we use. */
type Unit =
  | 'short'
  | 'none'
  | 'string'
  | 's'
  | 'ms'
  | 'ns'
  | 'percentunit'
  | 'reqps'
  | 'cps'
  | 'ops'
  | 'bytes'
  | 'Bps'
  | 'dateTimeAsLocal';

export type Colour = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'purple' | 'text';

/** From `from` upwards the value has this colour; `text` says in words what that means. */
export type Threshold = {
  readonly from: number;
  readonly colour: Colour;
  readonly text: string;
};

/** How one column of a table, or one series, differs from the rest of its panel. */
export type Field = {
  readonly unit?: Unit;
  readonly decimals?: number;
  readonly title?: string;
  readonly widthPx?: number;
  readonly hidden?: boolean;
  readonly links?: readonly Link[];
  readonly thresholds?: readonly Threshold[];
  /**
   * `text`: colour the letters; `bar`: a bar in the cell, full at `max`; `sparkline`: a line
   * through the numbers of an array.
   */
  readonly cell?: 'text' | 'bar' | 'sparkline';
  readonly max?: number;
  /** Values shown by another text and colour. */
  readonly values?: Readonly<Record<string, { readonly text?: string; readonly colour: Colour }>>;
  readonly colour?: Colour;
};

/** Columns time, value in the panel's unit, traceId, service, what; `link` leads to one. */
export type Exemplars = { readonly query: string; readonly link: Link };

/** The letter of their query, which Grafana does not ask: it would draw a line. */
const exemplarsRefId = 'exemplars';

export type PanelSpec = {
  readonly title: string;
  /** What it shows and what to do about it, for somebody who sees it for the first time. */
  readonly description: string;
  /** What must exist for this panel to have data. */
  readonly source: SourceId;
  /** `fine`: no rows is good news (`noValue` says so); `missing`: no rows means no data. */
  readonly empty?: 'fine' | 'missing';
  readonly query: string | readonly string[];
  readonly width: number;
  readonly height: number;
  readonly unit?: Unit;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly noValue: string;
  readonly thresholds?: readonly Threshold[];
  readonly links?: readonly Link[];
  readonly fields?: Readonly<Record<string, Field>>;
  /** Where a region that was dragged over leads, on our page. */
  readonly regionLink?: Link;
  /** Single requests, drawn as dots on our page. */
  readonly exemplars?: Exemplars;
  /** Narrowest bucket, for example `10s`. */
  readonly interval?: string;
};

export type TimeseriesSpec = PanelSpec & {
  /** What a series is called: a label of it, or its column. */
  readonly seriesName?: string;
  readonly draw?: 'lines' | 'bars' | 'area';
  readonly stack?: boolean;
};

/** A panel before it has an id and a place. */
export type PanelDraft = {
  readonly kind: 'panel';
  readonly spec: PanelSpec;
  readonly built: sdk.Panel;
};

type Part = { build: () => sdk.Panel };

/** What every kind of SDK panel builder can do. */
type Common<Self> = Part & {
  title: (title: string) => Self;
  description: (text: string) => Self;
  datasource: (ref: typeof datasource) => Self;
  withTarget: (target: ClickHouseQueryBuilder) => Self;
  unit: (unit: string) => Self;
  decimals: (count: number) => Self;
  min: (value: number) => Self;
  max: (value: number) => Self;
  noValue: (text: string) => Self;
  interval: (text: string) => Self;
  thresholds: (config: sdk.ThresholdsConfigBuilder) => Self;
  dataLinks: (links: sdk.DashboardLinkBuilder[]) => Self;
  overrideByName: (name: string, properties: sdk.DynamicConfigValue[]) => Self;
};

/** Lines, bars or areas over time. The query gives `time`, then a label or numbers. */
export function timeseries(spec: TimeseriesSpec): PanelDraft {
  const draw = spec.draw ?? 'lines';
  const panel = new timeseriesPanel.PanelBuilder()
    .drawStyle(draw === 'bars' ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .lineWidth(draw === 'bars' ? 0 : 1)
    .fillOpacity(draw === 'lines' ? 0 : draw === 'bars' ? 80 : 25)
    .showPoints(common.VisibilityMode.Auto)
    .pointSize(4)
    .axisSoftMin(0)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );
  if (spec.stack) {
    panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  }
  if (spec.thresholds !== undefined) {
    panel.thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
  }
  if (spec.seriesName !== undefined) panel.displayName(spec.seriesName);
  return finish(panel, spec, 'timeseries');
}

const last = () => new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false);

/** One number, or a few, large. With a `time` column a sparkline stands behind it. */
export function stat(spec: PanelSpec & { readonly sparkline?: boolean }): PanelDraft {
  const panel = new statPanel.PanelBuilder()
    .graphMode(spec.sparkline ? common.BigValueGraphMode.Area : common.BigValueGraphMode.None)
    .colorMode(common.BigValueColorMode.Value)
    .textMode(common.BigValueTextMode.Auto)
    // Without a pattern Grafana shows numbers only.
    .reduceOptions(spec.unit === 'string' ? last().fields('/.*/') : last());
  return finish(panel, spec, spec.sparkline ? 'timeseries' : 'table');
}

/** One number against its limit. */
export function gauge(spec: PanelSpec): PanelDraft {
  const panel = new gaugePanel.PanelBuilder()
    .showThresholdMarkers(true)
    .showThresholdLabels(false)
    .reduceOptions(last());
  return finish(panel, spec, 'table');
}

/** A few named amounts as horizontal bars: each row of the result is a bar. */
export function bar(spec: PanelSpec): PanelDraft {
  const panel = new bargauge.PanelBuilder()
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .orientation(common.VizOrientation.Horizontal)
    .valueMode(common.BarGaugeValueMode.Text)
    .showUnfilled(true)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(true));
  return finish(panel, spec, 'table');
}

/** Rows and columns. */
export function table(spec: PanelSpec): PanelDraft {
  const panel = new tablePanel.PanelBuilder()
    .showHeader(true)
    .cellHeight(common.TableCellHeight.Sm)
    .filterable(false)
    // The panel's own text says why there are no rows; a single empty cell is only a dash.
    .overrideByRegexp('.*', [{ id: 'noValue', value: '–' }]);
  return finish(panel, spec, 'table');
}

/** Log lines: columns `timestamp`, `body`, `level`, then whatever helps. */
export function logs(spec: PanelSpec): PanelDraft {
  const panel = new logsPanel.PanelBuilder()
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .showLogContextToggle(false)
    .sortOrder(common.LogsSortOrder.Descending)
    .dedupStrategy(common.LogsDedupStrategy.None);
  return finish(panel, spec, 'logs');
}

/** Counts by time and bucket: `time`, then a column a bucket, named by its upper bound. */
export function heatmap(spec: PanelSpec): PanelDraft {
  const panel = new heatmapPanel.PanelBuilder()
    .calculate(false)
    .rowsFrame(
      new heatmapPanel.RowsHeatmapOptionsBuilder()
        .layout(common.HeatmapCellLayout.Le)
        .value('Requests'),
    )
    .yAxis(new heatmapPanel.YAxisConfigBuilder().unit(spec.unit ?? 's').decimals(1))
    .cellGap(1)
    .filterValues(new heatmapPanel.FilterValueRangeBuilder().le(1e-9))
    .showLegend();
  return finish(panel, spec, 'timeseries');
}

/** The waterfall of one trace; the SDK has no typed panel for it. */
export function traceView(spec: PanelSpec): PanelDraft {
  const panel = new sdk.PanelBuilder().type('traces').options({});
  return finish(panel, spec, 'traces');
}

export type NodeGraphSpec = Omit<PanelSpec, 'query'> & {
  /** Columns id, title, subtitle, mainstat, secondarystat, and fractions that sum to 1. */
  readonly nodes: string;
  /** Columns id, source, target, mainstat, secondarystat, color, strokeDasharray, thickness. */
  readonly edges: string;
  /** Colour of each `arc__` column of the nodes. */
  readonly arcs: Readonly<Record<`arc__${string}`, Colour>>;
};

/** Nodes with a ring of fractions, and lines between them. */
export function nodeGraph(spec: NodeGraphSpec): PanelDraft {
  const arcs = Object.entries(spec.arcs).map(([field, colour]) =>
    new nodegraphPanel.ArcOptionBuilder().field(field).color(colour),
  );
  const panel = new nodegraphPanel.PanelBuilder()
    .nodes(new nodegraphPanel.NodeOptionsBuilder().arcs(arcs))
    .zoomMode(nodegraphPanel.ZoomMode.Cooperative);
  const query = [spec.nodes, spec.edges];
  return finish(panel, { ...spec, query }, 'table', ['nodes', 'edges']);
}

const letters = [...'ABCDEFGH'];

function finish<Self extends Common<Self>>(
  panel: Self,
  spec: PanelSpec,
  format: QueryFormat,
  refIds: readonly string[] = letters,
): PanelDraft {
  panel.title(spec.title).description(describe(spec)).datasource(datasource).noValue(spec.noValue);
  const queries = typeof spec.query === 'string' ? [spec.query] : spec.query;
  queries.forEach((text, index) => {
    panel.withTarget(new ClickHouseQueryBuilder(refIds[index] ?? 'A', format, text));
  });
  if (spec.exemplars !== undefined) {
    const { query } = spec.exemplars;
    const hidden = { hidden: true };
    panel.withTarget(new ClickHouseQueryBuilder(exemplarsRefId, 'table', query, hidden));
  }
  if (spec.unit !== undefined) panel.unit(spec.unit);
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  if (spec.min !== undefined) panel.min(spec.min);
  if (spec.max !== undefined) panel.max(spec.max);
  if (spec.interval !== undefined) panel.interval(spec.interval);
  if (spec.thresholds !== undefined) panel.thresholds(thresholdsConfig(spec.thresholds));
  if (spec.links !== undefined) {
    panel.dataLinks(
      spec.links.map((link) => new sdk.DashboardLinkBuilder(link.title).url(linkUrl(link))),
    );
  }
  for (const [name, field] of Object.entries(spec.fields ?? {})) {
    panel.overrideByName(name, fieldProperties(field));
  }
  return { kind: 'panel', spec, built: panel.build() };
}

/** The description, with what the colours mean: status is never told by colour alone. */
function describe(spec: PanelSpec): string {
  const meanings = (spec.thresholds ?? []).map((step) => `${step.colour}: ${step.text}`);
  const fields = Object.entries(spec.fields ?? {}).flatMap(([name, field]) =>
    (field.thresholds ?? []).map((step) => `${field.title ?? name} ${step.colour}: ${step.text}`),
  );
  const all = [...meanings, ...fields];
  return all.length === 0 ? spec.description : `${spec.description}\n\n${all.join('; ')}.`;
}

function thresholdsConfig(steps: readonly Threshold[]): sdk.ThresholdsConfigBuilder {
  return new sdk.ThresholdsConfigBuilder()
    .mode(sdk.ThresholdsMode.Absolute)
    .steps(thresholdSteps(steps));
}

function thresholdSteps(steps: readonly Threshold[]): sdk.Threshold[] {
  return steps.map((step, index) => ({
    value: index === 0 ? null : step.from,
    color: step.colour,
  }));
}

function fieldProperties(field: Field): sdk.DynamicConfigValue[] {
  const properties: sdk.DynamicConfigValue[] = [];
  const add = (id: string, value: unknown): void => void properties.push({ id, value });
  if (field.unit !== undefined) add('unit', field.unit);
  if (field.decimals !== undefined) add('decimals', field.decimals);
  if (field.max !== undefined) add('max', field.max);
  if (field.title !== undefined) add('displayName', field.title);
  if (field.widthPx !== undefined) add('custom.width', field.widthPx);
  if (field.hidden === true) add('custom.hidden', true);
  if (field.colour !== undefined) add('color', { mode: 'fixed', fixedColor: field.colour });
  if (field.thresholds !== undefined) {
    add('thresholds', { mode: 'absolute', steps: thresholdSteps(field.thresholds) });
  }
  if (field.cell === 'text') add('custom.cellOptions', { type: 'color-text' });
  if (field.cell === 'bar') {
    add('custom.cellOptions', { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' });
  }
  // An array has no value that could stand beside its line.
  if (field.cell === 'sparkline') add('custom.cellOptions', { type: 'sparkline', hideValue: true });
  if (field.values !== undefined) {
    const options = Object.fromEntries(
      Object.entries(field.values).map(([value, result], index) => [
        value,
        {
          ...(result.text === undefined ? {} : { text: result.text }),
          color: result.colour,
          index,
        },
      ]),
    );
    add('mappings', [{ type: 'value', options }]);
  }
  if (field.links !== undefined) {
    add(
      'links',
      field.links.map((link) => ({ title: link.title, url: linkUrl(link), targetBlank: false })),
    );
  }
  return properties;
}
