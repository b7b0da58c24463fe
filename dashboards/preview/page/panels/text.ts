/** Text as it is written; paragraphs are kept, markup is not interpreted. */
import { html } from '../html.ts';
import type { Panel } from '../model.ts';

export function TextPanel({ panel }: { readonly panel: Panel }) {
  return html`<p class="text">${String(panel.options?.['content'] ?? '')}</p>`;
}
