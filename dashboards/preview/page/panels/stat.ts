/** One number, or a few, large, with a sparkline when the query gives a time. */
import { displayText, mapped, settingsOf, thresholdColour } from '../fields.ts';
import { type Frame, reduce, toSeries } from '../frames.ts';
import { html } from '../html.ts';
import type { FieldSettings, Panel } from '../model.ts';
import { cssColour } from '../palette.ts';
import type { PanelProps } from '../panel-box.ts';
import { Linked, targetsOf } from './link-menu.ts';
import { Sparkline } from './sparkline.ts';

export type Big = {
  readonly name: string;
  readonly value: unknown;
  readonly settings: FieldSettings;
  readonly colour: string | undefined;
  readonly trend: readonly (number | null)[];
};

const valuesShownMax = 12;

/** Every number the panel shows: a series reduced, or the last row's fields. */
export function bigValues(panel: Panel, frames: readonly Frame[], intervalMs: number): Big[] {
  const options = panel.options?.['reduceOptions'] as { calcs?: string[] } | undefined;
  const calc = options?.calcs?.[0] ?? 'lastNotNull';
  const found: Big[] = [];
  for (const frame of frames) {
    if (frame.fields.some((field) => field.kind === 'time')) {
      for (const { name, column, values } of toSeries([frame], intervalMs).series) {
        found.push(bigOf(panel, name, column, reduce(values, calc), values));
      }
      continue;
    }
    const numbers = frame.fields.filter((field) => field.kind === 'number');
    const fields = numbers.length > 0 ? numbers : frame.fields;
    for (const field of fields) {
      found.push(bigOf(panel, field.name, field.name, field.values.at(-1) ?? null, []));
    }
  }
  return found.slice(0, valuesShownMax);
}

function bigOf(
  panel: Panel,
  name: string,
  column: string,
  value: unknown,
  trend: readonly (number | null)[],
): Big {
  const settings = settingsOf(panel, name, column);
  const number = typeof value === 'number' ? value : null;
  const fixed = settings.color?.mode === 'fixed' ? settings.color.fixedColor : undefined;
  const colour =
    mapped(value, settings)?.color ??
    fixed ??
    thresholdColour(number, settings.thresholds, settings.min, settings.max);
  const shown = settings.displayName?.startsWith('${') ? name : settings.displayName;
  return { name: shown ?? name, value, settings, colour, trend };
}

export function StatPanel({ panel, data }: PanelProps) {
  const values = bigValues(panel, data.frames, data.intervalMs);
  const area = panel.options?.['graphMode'] === 'area';
  return html`<div class="stats">${values.map(
    (big) => html`<div class="stat" key=${big.name}>
      ${values.length > 1 && html`<p class="stat-name">${big.name}</p>`}
      <${Linked} class="stat-value" targets=${targetsOf(big.settings.links, {
        value: { raw: big.value, text: displayText(big.value, big.settings) },
        seriesName: big.name,
      })}><${BigNumber} big=${big} /><//>
      ${
        area &&
        big.trend.length > 2 &&
        html`<${Sparkline} values=${big.trend}
        colour=${tint(big.colour)} />`
      }
    </div>`,
  )}</div>`;
}

function tint(name: string | undefined): string {
  return name === undefined || name === 'text' ? 'var(--blue)' : cssColour(name);
}

/** Digits large, unit small. */
export function BigNumber({ big }: { readonly big: Big }) {
  const text = displayText(big.value, big.settings);
  const match = /^([−\d.,∞$]+)(\s?[^\d].*)?$/.exec(text);
  const style = { color: big.colour === undefined ? undefined : cssColour(big.colour) };
  const size = text.length > 9 ? 'big small' : 'big';
  if (match === null) return html`<span class=${size} style=${style}>${text}</span>`;
  return html`<span class=${size} style=${style}>${match[1]}<span class="unit">${match[2] ?? ''}
    </span></span>`;
}
