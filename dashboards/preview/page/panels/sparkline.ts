/** A line without axes, behind a large number or in a cell: the shape, not the values. */
import { html } from '../html.ts';

type Point = readonly [x: number, y: number];

const widthUnits = 100;
const heightUnits = 30;

/** The numbers are beside it or in its title, so a screen reader skips the drawing. */
export function Sparkline(props: {
  /** At even distances; null where there is none. */
  readonly values: readonly (number | null)[];
  readonly colour: string;
}) {
  return html`<svg class="spark" viewBox="0 0 ${widthUnits} ${heightUnits}"
    preserveAspectRatio="none" aria-hidden="true" style=${{ color: props.colour }}>
    ${sparklineRuns(props.values).map((run, index) => {
      const points = run.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(' ');
      const [left, right] = [run[0]![0].toFixed(2), run.at(-1)![0].toFixed(2)];
      return html`<g key=${index}>
        <polygon points="${left},${heightUnits} ${points} ${right},${heightUnits}"
          fill="currentColor" opacity="0.13" />
        <polyline points=${points} fill="none" stroke="currentColor" stroke-width="1.3"
          stroke-linecap="round" vector-effect="non-scaling-stroke" /></g>`;
    })}</svg>`;
}

/**
 * Points in a box of 100 × 30, y downwards, from zero or what lies below it; a null ends a run, so
 * that a gap is drawn as a gap. A point alone becomes a line as wide as its slot.
 */
export function sparklineRuns(values: readonly (number | null)[]): readonly (readonly Point[])[] {
  const present = values.filter((value) => value !== null);
  const max = Math.max(...present, 1e-12);
  const min = Math.min(0, ...present);
  const step = widthUnits / Math.max(values.length - 1, 1);
  const runs: Point[][] = [];
  let isInside = false;
  values.forEach((value, index) => {
    if (value !== null) {
      const y = heightUnits - 1 - ((value - min) / (max - min)) * (heightUnits - 2);
      if (!isInside) runs.push([]);
      runs.at(-1)!.push([index * step, y]);
    }
    isInside = value !== null;
  });
  return runs.map((run) => {
    if (run.length > 1) return run;
    const [[x, y]] = run as [Point];
    const half = step / 2;
    return [
      [Math.max(0, x - half), y],
      [Math.min(widthUnits, x + half), y],
    ];
  });
}
