/** Counts by time and bucket, drawn on a canvas: one column a moment, one row a bucket. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatText } from '../format.ts';
import type { Frame } from '../frames.ts';
import { html } from '../html.ts';
import type { Panel } from '../model.ts';
import { faded, resolved } from '../palette.ts';
import type { PanelProps } from '../panel-box.ts';
import { themeTick, zone } from '../state.ts';
import { bucketWidthMs, formatMoment, formatTick } from '../time.ts';
import {
  type Brush,
  isDrag,
  type Plot,
  type Region,
  RegionMenu,
  regionOf,
  regionTarget,
  zoomTo,
} from './heatmap-region.ts';

const leftPx = 58;
const bottomPx = 22;
const topPx = 6;
const rightPx = 10;

type Grid = {
  readonly timesMs: readonly number[];
  readonly bounds: readonly string[];
  /** By bucket, then by moment. */
  readonly counts: readonly (readonly number[])[];
  readonly most: number;
};

type Hover = {
  readonly x: number;
  readonly y: number;
  readonly column: number;
  readonly row: number;
};

export function HeatmapPanel({ panel, data }: PanelProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [hover, setHover] = useState<Hover | undefined>(undefined);
  const [brush, setBrush] = useState<Brush | undefined>(undefined);
  const [region, setRegion] = useState<(Region & { readonly brush: Brush }) | undefined>(undefined);
  const grid = useMemo(() => gridOf(data.frames[0]!), [data.frames]);
  const unit = unitOf(panel);
  const theme = themeTick.value;
  const shownZone = zone.value;
  useEffect(() => {
    const box = canvas.current?.parentElement;
    if (!box) return;
    const watch = new ResizeObserver(() =>
      setSize({ width: box.clientWidth, height: box.clientHeight }),
    );
    watch.observe(box);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current !== null && size.width > 0)
      draw(canvas.current, grid, { ...size, unit, ...data });
  }, [grid, size, theme, shownZone]);
  const plot: Plot = {
    left: leftPx,
    top: topPx,
    width: size.width - leftPx - rightPx,
    height: size.height - topPx - bottomPx,
    fromMs: data.fromMs,
    toMs: data.toMs,
    bounds: grid.bounds,
  };
  const timeAt = (x: number) =>
    data.fromMs + ((x - leftPx) / plot.width) * (data.toMs - data.fromMs);
  const onMove = (event: PointerEvent) => {
    const at = place(event);
    if (brush !== undefined) setBrush({ ...brush, end: at });
    setHover(find(at, grid, timeAt(at.x), size.height, data.intervalMs));
  };
  const onUp = () => {
    setBrush(undefined);
    if (brush === undefined || !isDrag(brush)) return;
    const found = regionOf(brush, plot);
    if (regionTarget(panel, found) === undefined) zoomTo(found);
    else setRegion({ ...found, brush });
  };
  const shown = brush ?? region?.brush;
  const target = region && regionTarget(panel, region);
  return html`<div class="heatmap-box">
    <div class="heatmap" role="img" aria-label=${summary(panel, grid, unit)}
    onPointerMove=${onMove} onPointerDown=${(event: PointerEvent) => {
      const at = place(event);
      setBrush({ start: at, end: at });
    }} onPointerUp=${onUp} onPointerLeave=${() => setHover(undefined)}
      onDblClick=${() => history.back()}>
    <canvas ref=${canvas}></canvas>
    ${
      shown !== undefined && html`<div class="brush" style=${brushStyle(shown, panel, plot)}></div>`
    }
    ${
      hover !== undefined &&
      shown === undefined &&
      html`<${HeatTip} hover=${hover} grid=${grid}
      unit=${unit} width=${size.width} />`
    }
  </div>
  ${
    region !== undefined &&
    target !== undefined &&
    html`<${RegionMenu} region=${region} target=${target} at=${region.brush.end}
      onClose=${() => setRegion(undefined)} />`
  }
  </div>`;
}

/** As high as what is chosen: all rows where a region leads nowhere but to its time. */
function brushStyle(brush: Brush, panel: Panel, plot: Plot): Record<string, string> {
  const { start, end } = brush;
  const region = regionOf(brush, plot);
  const isFlat = region.minSeconds === undefined && region.maxSeconds === undefined;
  const across = {
    left: `${Math.min(start.x, end.x)}px`,
    width: `${Math.abs(end.x - start.x)}px`,
  };
  if (isFlat || regionTarget(panel, region) === undefined) return across;
  return {
    ...across,
    top: `${Math.min(start.y, end.y)}px`,
    bottom: 'auto',
    height: `${Math.abs(end.y - start.y)}px`,
  };
}

function place(event: PointerEvent): { readonly x: number; readonly y: number } {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function find(
  at: { readonly x: number; readonly y: number },
  grid: Grid,
  timeMs: number,
  height: number,
  intervalMs: number,
): Hover | undefined {
  const column = grid.timesMs.findLastIndex((time) => time <= timeMs);
  const share = 1 - (at.y - topPx) / (height - topPx - bottomPx);
  const row = Math.floor(share * grid.bounds.length);
  const time = grid.timesMs[column];
  if (time === undefined || timeMs - time > stepOf(grid, intervalMs)) return undefined;
  if (row < 0 || row >= grid.bounds.length) return undefined;
  return { ...at, column, row };
}

function HeatTip(props: {
  readonly hover: Hover;
  readonly grid: Grid;
  readonly unit: string;
  readonly width: number;
}) {
  const { hover, grid, unit } = props;
  const flip = hover.x > props.width / 2;
  const side = flip ? { right: `${props.width - hover.x + 12}px` } : { left: `${hover.x + 12}px` };
  const count = grid.counts[hover.row]?.[hover.column] ?? 0;
  return html`<div class="tooltip" style=${{ ...side, top: `${Math.max(hover.y - 20, 0)}px` }}>
    <p class="tooltip-time">${formatMoment(grid.timesMs[hover.column] ?? 0, zone.value)}</p>
    <table><tr><td>${bucketText(grid.bounds, hover.row, unit)}</td><td class="num">
      ${formatText(count, 'short')}</td></tr></table>
  </div>`;
}

function bucketText(bounds: readonly string[], row: number, unit: string): string {
  const upper = boundText(bounds[row] ?? '', unit);
  return row === 0 ? `up to ${upper}` : `${boundText(bounds[row - 1] ?? '', unit)} to ${upper}`;
}

function boundText(bound: string, unit: string): string {
  const value = Number(bound);
  return bound === '' || Number.isNaN(value) ? bound : formatText(value, unit);
}

function unitOf(panel: Panel): string {
  const axis = panel.options?.['yAxis'] as { readonly unit?: string } | undefined;
  return axis?.unit ?? panel.fieldConfig?.defaults?.unit ?? 's';
}

/** Columns named by their upper bound, smallest at the bottom. */
function gridOf(frame: Frame): Grid {
  const time = frame.fields.find((field) => field.kind === 'time');
  const buckets = frame.fields.filter((field) => field.kind === 'number');
  const counts = buckets.map((field) => field.values.map((value) => Number(value ?? 0)));
  return {
    timesMs: (time?.values ?? []).map(Number),
    bounds: buckets.map((field) => field.name),
    counts,
    most: counts.reduce((most, row) => row.reduce((a, b) => Math.max(a, b), most), 0),
  };
}

function stepOf(grid: Grid, intervalMs: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let at = 1; at < grid.timesMs.length; at += 1) {
    least = Math.min(least, grid.timesMs[at]! - grid.timesMs[at - 1]!);
  }
  return Number.isFinite(least) ? Math.max(least, intervalMs) : intervalMs;
}

type Frame2d = {
  readonly width: number;
  readonly height: number;
  readonly unit: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
};

function draw(canvas: HTMLCanvasElement, grid: Grid, at: Frame2d): void {
  const ratio = devicePixelRatio;
  canvas.width = at.width * ratio;
  canvas.height = at.height * ratio;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(ratio, ratio);
  context.clearRect(0, 0, at.width, at.height);
  const plotWidth = at.width - leftPx - rightPx;
  const plotHeight = at.height - topPx - bottomPx;
  const x = (ms: number) => leftPx + ((ms - at.fromMs) / (at.toMs - at.fromMs)) * plotWidth;
  const rowHeight = plotHeight / Math.max(grid.bounds.length, 1);
  const step = stepOf(grid, at.intervalMs);
  const colour = resolved('var(--heat)');
  grid.counts.forEach((row, rowIndex) => {
    const y = topPx + plotHeight - (rowIndex + 1) * rowHeight;
    row.forEach((count, column) => {
      if (count <= 0) return;
      const left = Math.max(x(grid.timesMs[column] ?? 0), leftPx);
      const right = Math.min(x((grid.timesMs[column] ?? 0) + step), leftPx + plotWidth);
      if (right <= left) return;
      // Square root: rare slow requests must not vanish beside the many fast ones.
      context.fillStyle = faded(colour, 0.12 + 0.88 * Math.sqrt(count / grid.most));
      context.fillRect(left, y + 0.5, Math.max(right - left - 1, 1), Math.max(rowHeight - 1, 1));
    });
  });
  drawAxes(context, grid, at, { x, rowHeight, plotHeight, plotWidth });
}

type Axes = {
  readonly x: (ms: number) => number;
  readonly rowHeight: number;
  readonly plotHeight: number;
  readonly plotWidth: number;
};

function drawAxes(context: CanvasRenderingContext2D, grid: Grid, at: Frame2d, axes: Axes): void {
  context.fillStyle = resolved('var(--text-muted)');
  context.font = '11px system-ui, sans-serif';
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const every = Math.max(1, Math.ceil(18 / axes.rowHeight));
  grid.bounds.forEach((bound, row) => {
    const y = topPx + axes.plotHeight - (row + 1) * axes.rowHeight;
    if ((row + 1) % every !== 0 || y < topPx + 4) return;
    context.fillText(boundText(bound, at.unit), leftPx - 6, y);
  });
  const step = bucketWidthMs(at.toMs - at.fromMs, Math.max(2, axes.plotWidth / 80));
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (let ms = Math.ceil(at.fromMs / step) * step; ms <= at.toMs; ms += step) {
    context.fillText(formatTick(ms, step, zone.value), axes.x(ms), topPx + axes.plotHeight + 7);
  }
}

function summary(panel: Panel, grid: Grid, unit: string): string {
  const totals = grid.counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const all = totals.reduce((sum, count) => sum + count, 0);
  const main = totals.indexOf(Math.max(...totals));
  return `${panel.title ?? 'Heat map'}: ${formatText(all, 'short')} in all,
    most in the bucket ${bucketText(grid.bounds, main, unit)}`;
}
