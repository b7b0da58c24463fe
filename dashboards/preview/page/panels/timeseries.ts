/** Lines, areas or bars over time on a uPlot canvas, with our own legend and tooltip. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { settingsOf } from '../fields.ts';
import { formatText } from '../format.ts';
import { type Series, seriesCountMax, toSeries } from '../frames.ts';
import { html } from '../html.ts';
import { marks } from '../marks.ts';
import type { FieldSettings, Panel } from '../model.ts';
import { cssColour, seriesColours, serviceColour } from '../palette.ts';
import type { PanelProps } from '../panel-box.ts';
import { change, span, themeTick, zone } from '../state.ts';
import { type ChartSeries, chartData, chartOptions } from './chart.ts';
import { type Dot, dotsOf, Exemplars } from './exemplars.ts';
import { Legend } from './legend.ts';
import { targetsOf } from './link-menu.ts';
import { Tooltip, type TooltipAt } from './tooltip.ts';

export function TimeseriesPanel({ panel, data }: PanelProps) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [tooltip, setTooltip] = useState<TooltipAt | undefined>(undefined);
  const [dots, setDots] = useState<readonly Dot[]>([]);
  const box = useRef<HTMLDivElement>(null);
  const exemplars = useRef(data.exemplars);
  exemplars.current = data.exemplars;
  const plot = useRef<uPlot | undefined>(undefined);
  const set = useMemo(() => {
    const all = toSeries(data.frames, data.intervalMs);
    return { timesMs: all.timesMs, series: describe(panel, all.series) };
  }, [data.frames]);
  const shown = set.series.filter((series) => !hidden.has(series.name));
  const names = shown.map((series) => series.name).join('\u0000');
  const shownMarks = marks.value;
  const theme = themeTick.value;
  const shownZone = zone.value;

  useEffect(() => {
    const node = box.current;
    if (node === null) return;
    const size = { width: node.clientWidth, height: node.clientHeight };
    const options = chartOptions(panel, shown, {
      ...size,
      zone: shownZone,
      marks: () => marks.peek(),
      onHover: (at) => setTooltip(at),
      onZoom: (fromMs, toMs) => change({ range: { from: String(fromMs), to: String(toMs) } }),
      onBack: () => history.back(),
      onDrawn: (drawn) => setDots(dotsOf(drawn, panel, exemplars.current)),
    });
    const chart = new uPlot(options, chartData(panel, set.timesMs, shown), node);
    setScale(chart, data.fromMs, data.toMs);
    plot.current = chart;
    const watch = new ResizeObserver(() => {
      chart.setSize({ width: node.clientWidth, height: node.clientHeight });
    });
    watch.observe(node);
    return () => {
      watch.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [names, theme, shownZone, panel]);

  useEffect(() => {
    const chart = plot.current;
    if (chart === undefined) return;
    chart.batch(() => {
      chart.setData(chartData(panel, set.timesMs, shown), false);
      setScale(chart, data.fromMs, data.toMs);
    });
  }, [set]);

  useEffect(() => plot.current?.redraw(false), [shownMarks]);

  const left = tooSmall(set.series.length);
  return html`<div class="chart">
    <div class="chart-box" ref=${box} role="img" aria-label=${summary(panel, set.series)}>
      ${
        tooltip !== undefined &&
        html`<${Tooltip} at=${tooltip} series=${shown}
        timesMs=${set.timesMs} intervalMs=${data.intervalMs}
        width=${box.current?.clientWidth ?? 0} />`
      }
    </div>
    <${Exemplars} dots=${dots} />
    <${Legend} series=${set.series} hidden=${hidden} onChange=${setHidden} />
    ${left !== '' && html`<p class="hint">${left}</p>`}
  </div>`;
}

function setScale(chart: uPlot, fromMs: number, toMs: number): void {
  chart.setScale('x', { min: fromMs / 1000, max: toMs / 1000 });
}

function tooSmall(count: number): string {
  return count >= seriesCountMax ? `The ${seriesCountMax} largest series are shown.` : '';
}

/** Names, colours and settings of the series, the largest first where there are too many. */
function describe(panel: Panel, all: readonly Series[]): readonly ChartSeries[] {
  const total = (series: Series) =>
    series.values.reduce<number>((sum, each) => sum + (each ?? 0), 0);
  const kept =
    all.length <= seriesCountMax
      ? all
      : [...all].sort((a, b) => total(b) - total(a)).slice(0, seriesCountMax);
  return kept.map((series, index) => {
    const settings = settingsOf(panel, series.name, series.column);
    const name = seriesName(series, settings);
    const fixed = settings.color?.mode === 'fixed' ? settings.color.fixedColor : undefined;
    const service = series.labels['service'] ?? series.labels['ServiceName'];
    const palette = seriesColours[index % seriesColours.length] ?? 'var(--blue)';
    const others = Object.entries(series.labels).filter(
      ([, text]) => text !== '' && text !== service,
    );
    const only = service !== undefined && others.length === 0;
    const colour = fixed !== undefined ? cssColour(fixed) : only ? serviceColour(service) : palette;
    const targets = targetsOf(settings.links, { labels: series.labels, seriesName: name });
    return { name, colour, settings, values: series.values, targets };
  });
}

/** Grafana's `displayName` with `${__field.labels.x}`; else the name from the labels. */
function seriesName(series: Series, settings: FieldSettings): string {
  const pattern = settings.displayName;
  if (pattern === undefined) return series.name;
  const text = pattern
    .replace(
      /\$\{__field\.labels(?:\.(\w+)|\[["']([^"']+)["']\])\}/g,
      (_, a, b) => series.labels[a ?? b] ?? '',
    )
    .replace(/\$\{__field\.name\}/g, series.column)
    .trim();
  return text === '' ? series.name : text;
}

/** What a screen reader says instead of the picture. */
function summary(panel: Panel, series: readonly ChartSeries[]): string {
  const parts = series.slice(0, 5).map(({ name, values, settings }) => {
    const last = values.findLast((value) => value !== null);
    return `${name} ${last === undefined ? 'no value' : formatText(last ?? 0, settings.unit)}`;
  });
  const minutes = Math.round((span.value.toMs - span.value.fromMs) / 60_000);
  return `${panel.title ?? 'Chart'} over ${minutes} minutes; latest: ${parts.join(', ')}`;
}
