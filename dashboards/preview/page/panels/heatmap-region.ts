/** A region of a heat map that was dragged over: what it means, and where it leads. */
import { html } from '../html.ts';
import { resolveLink } from '../links.ts';
import type { Panel } from '../model.ts';
import { Popup } from '../popup.ts';
import { change, range, variables } from '../state.ts';

/** Where the cells lie in the box of the panel, in pixels. */
export type Plot = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Upper bounds of the rows, the lowest first, in seconds. */
  readonly bounds: readonly string[];
};

export type Point = { readonly x: number; readonly y: number };
export type Brush = { readonly start: Point; readonly end: Point };

export type Region = {
  readonly fromMs: number;
  readonly toMs: number;
  /** Absent at the edges: the lowest row begins at nothing, the highest has no end. */
  readonly minSeconds?: number;
  readonly maxSeconds?: number;
};

const brushPxMin = 5;

export function isDrag({ start, end }: Brush): boolean {
  return Math.abs(end.x - start.x) > brushPxMin;
}

/** Whole rows, as they are what is counted; a drag along a line means all rows. */
export function regionOf({ start, end }: Brush, plot: Plot): Region {
  const share = (x: number): number => Math.min(Math.max((x - plot.left) / plot.width, 0), 1);
  const timeAt = (x: number): number =>
    Math.round(plot.fromMs + share(x) * (plot.toMs - plot.fromMs));
  const [left, right] = [start.x, end.x].sort((a, b) => a - b);
  const times = { fromMs: timeAt(left!), toMs: timeAt(right!) };
  if (Math.abs(end.y - start.y) <= brushPxMin) return times;
  const last = plot.bounds.length - 1;
  const rowAt = (y: number): number =>
    Math.min(Math.max(Math.floor((1 - (y - plot.top) / plot.height) * (last + 1)), 0), last);
  const [upper, lower] = [start.y, end.y].sort((a, b) => a - b).map(rowAt);
  return {
    ...times,
    ...(lower! > 0 && { minSeconds: Number(plot.bounds[lower! - 1]) }),
    ...(upper! < last && { maxSeconds: Number(plot.bounds[upper!]) }),
  };
}

/** The address that the panel names for regions; absent where it names none. */
export function regionTarget(
  panel: Panel,
  region: Region,
): { readonly title: string; readonly url: string } | undefined {
  const { regionLink } = (panel.options?.['obsctl'] ?? {}) as {
    readonly regionLink?: { readonly title: string; readonly url: string };
  };
  if (regionLink === undefined) return undefined;
  const milliseconds = (seconds: number | undefined): string =>
    seconds === undefined ? '' : String(Number((seconds * 1000).toPrecision(6)));
  const url = resolveLink(regionLink.url, {
    region: {
      minMs: milliseconds(region.minSeconds),
      maxMs: milliseconds(region.maxSeconds),
      since: new Date(region.fromMs).toISOString(),
      until: new Date(region.toMs).toISOString(),
    },
    variables: variables.value,
    range: range.value,
  });
  return url === undefined ? undefined : { title: regionLink.title, url };
}

export function zoomTo({ fromMs, toMs }: Region): void {
  change({ range: { from: String(fromMs), to: String(toMs) } });
}

/** What to do with a region, where there is more than one thing. */
export function RegionMenu(props: {
  readonly region: Region;
  readonly target: { readonly title: string; readonly url: string };
  readonly at: Point;
  readonly onClose: () => void;
}) {
  const { region, target, at, onClose } = props;
  return html`<div class="region-menu anchor" style=${{ left: `${at.x}px`, top: `${at.y}px` }}>
    <${Popup} label="This region" side="left" onClose=${onClose}><ul class="menu">
      <li><a href=${target.url}>${target.title}</a></li>
      <li><button onClick=${() => {
        onClose();
        zoomTo(region);
      }}>Zoom in</button></li>
    </ul><//>
  </div>`;
}
