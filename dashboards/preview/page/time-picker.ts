/** Quick ranges, and a range typed by hand in Grafana's forms. */
import { useState } from 'preact/hooks';
import { html } from './html.ts';
import { change, range, span, zone } from './state.ts';
import { formatMoment, parseMoment, quickRanges, zoneName } from './time.ts';

export function TimePicker({ onDone }: { readonly onDone: () => void }) {
  const shown = (text: string, ms: number): string =>
    text.startsWith('now') ? text : formatMoment(ms, zone.value);
  const [from, setFrom] = useState(shown(range.value.from, span.value.fromMs));
  const [to, setTo] = useState(shown(range.value.to, span.value.toMs));
  const fault = faultOf(from, to);
  const apply = (event: Event) => {
    event.preventDefault();
    if (fault !== undefined) return;
    change({ range: { from: stored(from, false), to: stored(to, true) } });
    onDone();
  };
  return html`<div class="time-picker">
    <form onSubmit=${apply}>
      <label>From<input value=${from} spellcheck=${false}
        onInput=${(event: Event) => setFrom((event.target as HTMLInputElement).value)} /></label>
      <label>To<input value=${to} spellcheck=${false}
        onInput=${(event: Event) => setTo((event.target as HTMLInputElement).value)} /></label>
      <p class=${fault === undefined ? 'hint' : 'hint fault'} role="status">
        ${
          fault ??
          `Such as now-2h, or ${formatMoment(
            span.value.toMs,
            zone.value,
          )} (${zoneName(zone.value, span.value.toMs)}).`
        }</p>
      <button class="button primary" disabled=${fault !== undefined}>Apply</button>
    </form>
    <ul class="quick">${quickRanges.map(
      (each) => html`<li><button
        class=${each.from === range.value.from && each.to === range.value.to ? 'chosen' : ''}
        onClick=${() => {
          change({ range: { from: each.from, to: each.to } });
          onDone();
        }}>${each.title}</button></li>`,
    )}</ul>
  </div>`;
}

/** Relative ranges stay as typed; moments become milliseconds, the same in every zone. */
function stored(text: string, end: boolean): string {
  const trimmed = text.trim();
  if (trimmed.startsWith('now')) return trimmed;
  return String(parseMoment(trimmed, Date.now(), end, zone.value) ?? trimmed);
}

function faultOf(from: string, to: string): string | undefined {
  const start = parseMoment(from, Date.now(), false, zone.value);
  const end = parseMoment(to, Date.now(), true, zone.value);
  if (start === undefined) return '“From” is no moment: write now-2h or 2026-07-01 12:30.';
  if (end === undefined) return '“To” is no moment: write now or 2026-07-01 12:30.';
  return start < end ? undefined : '“From” must be before “To”.';
}
