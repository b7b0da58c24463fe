import { html } from '../html.ts';
export function LogsPanel() {
  return html`<div></div>`;
}
