/** One number against its limit: an arc, its thresholds as a thin rim, the number in words. */
import { displayText } from '../fields.ts';
import { html } from '../html.ts';
import { cssColour } from '../palette.ts';
import type { PanelProps } from '../panel-box.ts';
import { type Big, BigNumber, bigValues } from './stat.ts';

const startDegrees = 150;
const sweepDegrees = 240;

export function GaugePanel({ panel, data }: PanelProps) {
  const values = bigValues(panel, data.frames, data.intervalMs);
  return html`<div class="stats">${values.map(
    (big) => html`<div class="gauge" key=${big.name}><${Arc} big=${big} />
      ${values.length > 1 && html`<p class="stat-name">${big.name}</p>`}</div>`,
  )}</div>`;
}

function Arc({ big }: { readonly big: Big }) {
  const { settings } = big;
  const min = settings.min ?? 0;
  const max = settings.max ?? (settings.unit === 'percentunit' ? 1 : 100);
  const share = (value: number) => Math.min(Math.max((value - min) / (max - min || 1), 0), 1);
  const value = typeof big.value === 'number' ? big.value : null;
  const steps = settings.thresholds?.steps ?? [];
  const text = displayText(big.value, settings);
  return html`<div class="arc" role="meter" aria-valuemin=${min} aria-valuemax=${max}
    aria-valuenow=${value ?? min} aria-valuetext=${text} aria-label=${big.name}>
    <svg viewBox="0 0 100 78" aria-hidden="true">
      <path d=${arc(0, 1, 40)} class="arc-back" />
      ${
        value !== null &&
        html`<path d=${arc(0, Math.max(share(value), 0.004), 40)} class="arc-value"
        style=${{ stroke: cssColour(big.colour ?? 'blue') }} />`
      }
      ${
        steps.length > 1 &&
        steps.map((step, index) => {
          const from = share(step.value ?? min);
          const next = steps[index + 1]?.value;
          const to = next === undefined || next === null ? 1 : share(next);
          if (to <= from) return null;
          return html`<path d=${arc(from, to, 47)} class="arc-rim"
            style=${{ stroke: cssColour(step.color) }} />`;
        })
      }
    </svg>
    <div class="arc-text"><${BigNumber} big=${big} /></div>
  </div>`;
}

function arc(from: number, to: number, radius: number): string {
  const point = (share: number): string => {
    const angle = ((startDegrees + share * sweepDegrees) * Math.PI) / 180;
    const [x, y] = [50 + radius * Math.cos(angle), 52 + radius * Math.sin(angle)];
    return `${x.toFixed(2)} ${y.toFixed(2)}`;
  };
  const large = (to - from) * sweepDegrees > 180 ? 1 : 0;
  return `M${point(from)} A${radius} ${radius} 0 ${large} 1 ${point(to)}`;
}
