/** Keys and values with buttons to copy a value, and to filter by it where the dashboard can. */
import { useState } from 'preact/hooks';
import { html, Icon } from '../html.ts';
import type { Dashboard } from '../model.ts';
import { change } from '../state.ts';
import type { KeyValue } from '../trace-model.ts';

export function Attributes(props: {
  readonly title: string;
  readonly list: readonly KeyValue[];
  readonly dashboard: Dashboard;
}) {
  const { list, dashboard } = props;
  if (list.length === 0) return null;
  const names = dashboard.templating.list.map((variable) => variable.name);
  const filters = names.includes('attributeKey') && names.includes('attributeValue');
  return html`<div class="attributes"><h4>${props.title}</h4><table><tbody>${list.map(
    ({
      key,
      value,
    }) => html`<tr key=${key}><th scope="row">${key}</th><td><${Value} text=${value} /></td>
      <td class="attribute-tools"><${Copy} text=${value} what=${key} />
      ${
        filters &&
        html`<button class="quiet" title="Only with this value"
          aria-label=${`Only with this ${key}`}
          onClick=${() => change({ variables: { attributeKey: key, attributeValue: value } })}>
            <${Icon} name="filter" /></button>`
      }</td></tr>`,
  )}</tbody></table></div>`;
}

/** JSON is laid out over lines; anything else as it is. */
export function Value({ text }: { readonly text: string }) {
  const parsed = /^[[{]/.test(text.trim()) ? parse(text) : undefined;
  if (parsed === undefined)
    return html`<span class="mono wrap">${text === '' ? '""' : text}</span>`;
  return html`<pre class="wrap">${JSON.stringify(parsed, null, 2)}</pre>`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  const [done, setDone] = useState(false);
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setDone(true),
      () => setDone(false),
    );
  };
  return html`<button class="quiet" title=${done ? 'Copied' : 'Copy'}
    aria-label=${done ? `${what} copied` : `Copy ${what}`}
    onClick=${copy}>${done ? '✓' : html`<${Icon} name="copy" />`}</button>`;
}
