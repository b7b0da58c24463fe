/**
 * Single requests as dots on a chart, each a way to its trace. They lie over the canvas as links,
 * so that they open in a new tab like any other; what is above the scale stands at its upper edge.
 */
import type uPlot from 'uplot';
import { formatText } from '../format.ts';
import type { Frame } from '../frames.ts';
import { html } from '../html.ts';
import type { DataLink, Panel } from '../model.ts';
import { serviceColour } from '../palette.ts';
import { targetsOf } from './link-menu.ts';

export type Dot = {
  readonly leftPx: number;
  readonly topPx: number;
  readonly url: string;
  readonly text: string;
  readonly colour: string;
  /** Slower than the scale reaches. */
  readonly above: boolean;
};

const dotsMax = 300;

/** Where the exemplars of `frame` lie on `chart` as it is drawn now. */
export function dotsOf(chart: uPlot, panel: Panel, frame: Frame | undefined): readonly Dot[] {
  const link = (panel.options?.['obsctl'] as { exemplarLink?: DataLink } | undefined)?.exemplarLink;
  if (frame === undefined || link === undefined) return [];
  const column = (name: string): readonly unknown[] =>
    frame.fields.find((field) => field.name === name)?.values ?? [];
  const [times, values] = [column('time'), column('value')];
  const [traceIds, services, whats] = [column('traceId'), column('service'), column('what')];
  const { left, top, width, height } = plotBox(chart);
  const dots: Dot[] = [];
  for (let index = 0; index < frame.length && dots.length < dotsMax; index += 1) {
    const [timeMs, value] = [Number(times[index]), Number(values[index])];
    const x = chart.valToPos(timeMs / 1000, 'x');
    const y = chart.valToPos(value, 'y');
    if (x < 0 || x > width || y > height) continue;
    const service = String(services[index]);
    const fields = { traceId: traceIds[index], service };
    const [target] = targetsOf([link], { fields });
    if (target === undefined) continue;
    const took = formatText(value, panel.fieldConfig?.defaults?.unit);
    dots.push({
      leftPx: left + x,
      topPx: top + Math.max(y, 0),
      url: target.url,
      text: `${target.title}: ${service}, ${took} (${whats[index]})`,
      colour: serviceColour(service),
      above: y < 0,
    });
  }
  return dots;
}

/** The part of the box that lines are drawn in, in CSS pixels. */
function plotBox(chart: uPlot) {
  const { over } = chart;
  const { offsetLeft, offsetTop, clientWidth, clientHeight } = over;
  return { left: offsetLeft, top: offsetTop, width: clientWidth, height: clientHeight };
}

export function Exemplars({ dots }: { readonly dots: readonly Dot[] }) {
  return html`<div class="exemplars">${dots.map(
    ({ leftPx, topPx, url, text, colour, above }) => html`<a
      class=${above ? 'exemplar above' : 'exemplar'} href=${url} title=${text} aria-label=${text}
      tabindex="-1" key=${url}
      style=${{ left: `${leftPx}px`, top: `${topPx}px`, color: colour }}></a>`,
  )}</div>`;
}
