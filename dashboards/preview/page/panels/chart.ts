/** uPlot's options and data for one panel of the dashboard JSON. */
import uPlot from 'uplot';
import { axisFormatter } from '../format.ts';
import type { Mark } from '../marks.ts';
import type { FieldSettings, Panel, Thresholds } from '../model.ts';
import { cssColour, faded, resolved } from '../palette.ts';
import { formatTick, type Zone } from '../time.ts';
import type { Target } from './link-menu.ts';
import type { TooltipAt } from './tooltip.ts';

export type ChartSeries = {
  readonly name: string;
  readonly colour: string;
  readonly settings: FieldSettings;
  readonly values: readonly (number | null)[];
  readonly targets: readonly Target[];
};

export type ChartContext = {
  readonly width: number;
  readonly height: number;
  readonly zone: Zone;
  /** What happened when; asked at every drawing. */
  readonly marks: () => readonly Mark[];
  readonly onHover: (at: TooltipAt | undefined) => void;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onBack: () => void;
  /** After every drawing, when positions on the canvas are known. */
  readonly onDrawn: (chart: uPlot) => void;
};

/** Charts of one page move their cross-hairs together. */
const syncKey = 'dashboard';
const zoomPxMin = 5;
const font = '11px system-ui, sans-serif';

function custom(settings: FieldSettings | undefined, name: string): unknown {
  return settings?.custom?.[name];
}

function isStacked(panel: Panel): boolean {
  const stacking = custom(panel.fieldConfig?.defaults, 'stacking') as { mode?: string } | undefined;
  return stacking?.mode === 'normal' || stacking?.mode === 'percent';
}

function isBars(settings: FieldSettings): boolean {
  return custom(settings, 'drawStyle') === 'bars';
}

/** Columns for uPlot; stacked series are summed from the bottom, the last one on top. */
export function chartData(
  panel: Panel,
  timesMs: readonly number[],
  series: readonly ChartSeries[],
): uPlot.AlignedData {
  const times = timesMs.map((time) => time / 1000);
  if (!isStacked(panel)) return [times, ...series.map(({ values }) => [...values])];
  const sum = new Array<number>(times.length).fill(0);
  const columns = series.map(({ values }) =>
    values.map((value, index) => {
      if (value === null) return isGap(series, index) ? null : (sum[index] ?? 0);
      sum[index] = (sum[index] ?? 0) + value;
      return sum[index] ?? null;
    }),
  );
  // Drawn from the top sum down, so that lower areas cover higher ones.
  return [times, ...columns.reverse()];
}

function isGap(series: readonly ChartSeries[], index: number): boolean {
  return series.every(({ values }) => values[index] === null);
}

export function chartOptions(
  panel: Panel,
  shown: readonly ChartSeries[],
  context: ChartContext,
): uPlot.Options {
  const defaults = panel.fieldConfig?.defaults;
  const stacked = isStacked(panel);
  const drawn = stacked ? [...shown].reverse() : shown;
  return {
    width: context.width,
    height: context.height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    focus: { alpha: 1 },
    tzDate: (seconds) =>
      context.zone === 'utc'
        ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC')
        : new Date(seconds * 1000),
    cursor: {
      // Only the pointer is shared: a brush or double click must act once, not in every chart.
      sync: {
        key: syncKey,
        setSeries: false,
        filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
      },
      drag: { x: true, y: false, setScale: false, dist: zoomPxMin },
      points: { size: 6 },
      bind: {
        dblclick: () => () => {
          context.onBack();
          return null;
        },
      },
    },
    scales: { x: { time: true, auto: false }, y: { range: yRange(defaults) } },
    axes: axes(defaults, context.zone),
    series: [{}, ...drawn.map((series) => seriesOptions(series, stacked))],
    hooks: {
      drawClear: [(chart) => drawThresholds(chart, defaults)],
      draw: [(chart) => drawMarks(chart, context.marks()), (chart) => context.onDrawn(chart)],
      setCursor: [(chart) => hover(chart, context)],
      setSelect: [(chart) => select(chart, context)],
    },
  };
}

function yRange(defaults: FieldSettings | undefined): uPlot.Range.Function {
  return (_, dataMin, dataMax) => {
    const softMin = custom(defaults, 'axisSoftMin');
    let min =
      defaults?.min ?? (typeof softMin === 'number' ? Math.min(softMin, dataMin ?? 0) : dataMin);
    let max = defaults?.max ?? dataMax;
    if (min === null || min === undefined || !Number.isFinite(min)) min = 0;
    if (max === null || max === undefined || !Number.isFinite(max)) max = 1;
    if (max <= min) max = min === 0 ? 1 : min + Math.abs(min);
    const headroom = defaults?.max === undefined ? (max - min) * 0.06 : 0;
    return [min, max + headroom];
  };
}

function axes(defaults: FieldSettings | undefined, zone: Zone): uPlot.Axis[] {
  const text = resolved('var(--text-muted)');
  const line = resolved('var(--grid-line)');
  const grid = { stroke: line, width: 1 };
  const common = { stroke: text, font, grid, ticks: { show: false } };
  return [
    {
      ...common,
      space: 70,
      incrs: [...timeIncrements],
      size: 24,
      grid: { show: false },
      values: (_, splits, __, ___, stepSeconds) =>
        splits.map((split) => formatTick(split * 1000, stepSeconds * 1000, zone)),
    },
    {
      ...common,
      space: 28,
      gap: 6,
      ...incrementsOf(defaults?.unit),
      size: (_, values) =>
        Math.max(34, ...(values ?? []).map((each) => String(each).length * 6.3 + 15)),
      values: (_, splits) => {
        const format = axisFormatter(splits, defaults?.unit ?? 'short');
        return splits.map(format);
      },
    },
  ];
}

const [minute, hour, day] = [60, 3600, 86_400];
/** Seconds between labels of time. The chart's own list jumps from one minute to five. */
const timeIncrements: readonly number[] = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((each) => each * minute),
  ...[1, 2, 3, 4, 6, 8, 12].map((each) => each * hour),
  ...[1, 2, 3, 4, 5, 7, 10, 15, 30, 60, 90, 180, 365].map((each) => each * day),
];

const secondsIn: Readonly<Record<string, number>> = { s: 1, ms: 1e-3, µs: 1e-6, ns: 1e-9 };

/** Round steps in the unit's own system: powers of two for bytes, sixties for long durations. */
function incrementsOf(unit: string | undefined): { readonly incrs?: number[] } {
  if (unit === 'bytes' || unit === 'binBps') {
    return { incrs: Array.from({ length: 60 }, (_, power) => 2 ** power) };
  }
  const second = unit === undefined ? undefined : secondsIn[unit];
  if (second === undefined) return {};
  const small = Array.from({ length: 10 }, (_, at) => 10 ** (at - 9)).flatMap((ten) => [
    ten,
    2 * ten,
    5 * ten,
  ]);
  const large = [10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
  const days = [172_800, 432_000, 864_000, 8_640_000];
  return { incrs: [...small, ...large, ...days].map((each) => each / second) };
}

function seriesOptions(series: ChartSeries, stacked: boolean): uPlot.Series {
  const colour = resolved(series.colour);
  const opacity = custom(series.settings, 'fillOpacity');
  const fill = typeof opacity === 'number' ? opacity / 100 : 0;
  const points = { show: false };
  if (isBars(series.settings)) {
    const bars = uPlot.paths.bars?.({ size: [0.85, 24], align: 1 });
    return {
      label: series.name,
      stroke: colour,
      fill: stacked ? colour : faded(colour, 0.8),
      width: 0,
      points,
      ...(bars === undefined ? {} : { paths: bars }),
    };
  }
  return {
    label: series.name,
    stroke: colour,
    width: 1.5,
    // A stacked area must hide the taller area behind it.
    ...(fill === 0 ? {} : { fill: stacked ? mixed(colour, fill) : faded(colour, fill) }),
    points: { ...points, show: (chart: uPlot, index: number) => isSparse(chart, index), size: 4 },
    spanGaps: false,
  };
}

/** `colour` over the panel's background, without transparency. */
function mixed(colour: string, alpha: number): string {
  const parse = (hex: string): number[] =>
    [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const back = parse(resolved('var(--panel)'));
  const front = parse(colour);
  const mix = front.map((each, at) => Math.round(each * alpha + (back[at] ?? 0) * (1 - alpha)));
  return `rgb(${mix.join(', ')})`;
}

/** Dots only where a line would not show: single points between gaps, or very few points. */
function isSparse(chart: uPlot, index: number): boolean {
  const values = chart.data[index] ?? [];
  let present = 0;
  for (const value of values) {
    if (value !== null && value !== undefined) present += 1;
    if (present > 3) return false;
  }
  return present > 0;
}

function drawThresholds(chart: uPlot, defaults: FieldSettings | undefined): void {
  const style = custom(defaults, 'thresholdsStyle') as { mode?: string } | undefined;
  const thresholds = defaults?.thresholds as Thresholds | undefined;
  if (thresholds === undefined || style?.mode === undefined || style.mode === 'off') return;
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  for (const step of thresholds.steps) {
    if (step.value === null) continue;
    const y = chart.valToPos(step.value, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = faded(resolved(cssColour(step.color)), 0.7);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** A line from top to bottom and a small foot, so that it is no series. */
function drawMarks(chart: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = chart;
  const footPx = 4 * devicePixelRatio;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const mark of marks) {
    const x = Math.round(chart.valToPos(mark.timeMs / 1000, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const bottom = bbox.top + bbox.height;
    ctx.strokeStyle = resolved(cssColour(mark.colour));
    ctx.fillStyle = ctx.strokeStyle;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bottom);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - footPx, bottom);
    ctx.lineTo(x + footPx, bottom);
    ctx.lineTo(x, bottom - 1.5 * footPx);
    ctx.fill();
  }
  ctx.restore();
}

/** Only the chart under the pointer shows its tooltip; the others show the cross-hair. */
function hover(chart: uPlot, context: ChartContext): void {
  const { left = -1, top = -1, idx } = chart.cursor;
  const own = chart.over.matches(':hover');
  if (!own || left < 0 || idx === null || idx === undefined) {
    context.onHover(undefined);
    return;
  }
  context.onHover({ index: idx, leftPx: left + chart.over.offsetLeft, topPx: top });
}

function select(chart: uPlot, context: ChartContext): void {
  const { left, width } = chart.select;
  if (width < zoomPxMin) return;
  const fromMs = Math.round(chart.posToVal(left, 'x') * 1000);
  const toMs = Math.round(chart.posToVal(left + width, 'x') * 1000);
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (toMs - fromMs >= 1000) context.onZoom(fromMs, toMs);
}
