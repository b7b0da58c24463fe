import { html } from '../html.ts';
export function TracePanel() {
  return html`<div></div>`;
}
