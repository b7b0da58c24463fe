/** A few named amounts as horizontal bars: each row of the result is a bar. */
import { displayText, mapped, settingsOf, thresholdColour } from '../fields.ts';
import type { Frame } from '../frames.ts';
import { html } from '../html.ts';
import type { FieldSettings, Panel } from '../model.ts';
import { cssColour } from '../palette.ts';
import type { PanelProps } from '../panel-box.ts';
import { Linked, targetsOf } from './link-menu.ts';

const barsShownMax = 100;

type Bar = {
  readonly name: string;
  readonly value: number | null;
  readonly settings: FieldSettings;
  readonly fields: Readonly<Record<string, unknown>>;
};

export function BarsPanel({ panel, data }: PanelProps) {
  const bars = data.frames.flatMap((frame) => barsOf(panel, frame)).slice(0, barsShownMax);
  const most = Math.max(...bars.map((bar) => bar.value ?? 0), 0);
  return html`<div class="bars scroll-x" tabindex="0" role="list" aria-label=${panel.title}>
    ${bars.map(({ name, value, settings, fields }) => {
      const colour =
        mapped(name, settings)?.color ??
        (settings.color?.mode === 'fixed' ? settings.color.fixedColor : undefined) ??
        thresholdColour(value, settings.thresholds) ??
        'blue';
      const share = ((value ?? 0) / (settings.max ?? (most || 1))) * 100;
      const text = displayText(value, settings);
      const targets = targetsOf(settings.links, {
        fields,
        value: { raw: value, text },
        seriesName: name,
      });
      return html`<div class="bar" role="listitem" key=${name}>
        <${Linked} class="bar-name" targets=${targets}>${name}<//>
        <span class="bar-track"><span class="bar-fill" style=${{
          width: `${Math.min(Math.max(share, 0), 100)}%`,
          background: cssColour(colour),
        }}></span></span>
        <span class="bar-value num">${text}</span>
      </div>`;
    })}
  </div>`;
}

function barsOf(panel: Panel, frame: Frame): Bar[] {
  const texts = frame.fields.filter((field) => field.kind === 'text');
  const numbers = frame.fields.filter((field) => field.kind === 'number');
  const bars: Bar[] = [];
  for (let row = 0; row < frame.length; row += 1) {
    const label = texts.map((field) => String(field.values[row] ?? '')).join(' ');
    const fields = Object.fromEntries(frame.fields.map((field) => [field.name, field.values[row]]));
    for (const number of numbers) {
      const name =
        label === '' ? number.name : numbers.length > 1 ? `${label} ${number.name}` : label;
      const settings = settingsOf(panel, label === '' ? number.name : label, number.name);
      bars.push({ name, value: number.values[row] as number | null, settings, fields });
    }
  }
  return bars;
}
