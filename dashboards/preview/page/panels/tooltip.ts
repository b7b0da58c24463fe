/** The values under the pointer, largest first. */
import { displayText } from '../fields.ts';
import { html } from '../html.ts';
import { marks, marksNear } from '../marks.ts';
import { cssColour } from '../palette.ts';
import { zone } from '../state.ts';
import { formatMoment, zoneName } from '../time.ts';
import type { ChartSeries } from './chart.ts';

export type TooltipAt = { readonly index: number; readonly leftPx: number; readonly topPx: number };

const rowsShownMax = 12;

export function Tooltip(props: {
  readonly at: TooltipAt;
  readonly series: readonly ChartSeries[];
  readonly timesMs: readonly number[];
  readonly intervalMs: number;
  readonly width: number;
}) {
  const { index, leftPx, topPx } = props.at;
  const timeMs = props.timesMs[index];
  const rows = props.series
    .flatMap((series) => {
      const value = series.values[index];
      return value === null || value === undefined ? [] : [{ series, value }];
    })
    .sort((a, b) => b.value - a.value);
  if (timeMs === undefined || rows.length === 0) return null;
  const near = marksNear(marks.value, timeMs, props.intervalMs);
  const flip = leftPx > props.width / 2;
  const style = flip
    ? { right: `${props.width - leftPx + 14}px`, top: `${Math.max(topPx - 20, 0)}px` }
    : { left: `${leftPx + 14}px`, top: `${Math.max(topPx - 20, 0)}px` };
  return html`<div class="tooltip" style=${style}>
    <p class="tooltip-time">${formatMoment(timeMs, zone.value)} <span>
      ${zoneName(zone.value, timeMs)}</span></p>
    ${near.map(
      ({ title, text, colour }) => html`<p class="tooltip-mark">
        <span class="swatch" style=${{ background: cssColour(colour) }}></span><b>${title}</b>
        ${text}</p>`,
    )}
    <table>${rows.slice(0, rowsShownMax).map(
      ({
        series,
        value,
      }) => html`<tr><td><span class="swatch" style=${{ background: series.colour }}></span>
        ${series.name}</td>
        <td class="num">${displayText(value, series.settings)}</td></tr>`,
    )}</table>
    ${
      rows.length > rowsShownMax &&
      html`<p
      class="hint">and ${rows.length - rowsShownMax} more</p>`
    }
  </div>`;
}
