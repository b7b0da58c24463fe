/** Data links of a value: the first is the value itself, the others open from a small menu. */
import { useState } from 'preact/hooks';
import { type Children, html, Icon } from '../html.ts';
import { type LinkScope, resolveLink } from '../links.ts';
import type { DataLink } from '../model.ts';
import { Popup } from '../popup.ts';
import { range, variables } from '../state.ts';

export type Target = { readonly title: string; readonly url: string; readonly outside: boolean };

export function targetsOf(
  links: readonly DataLink[] | undefined,
  scope: Omit<LinkScope, 'variables' | 'range'>,
): readonly Target[] {
  return (links ?? []).flatMap((link) => {
    const url = resolveLink(link.url, { ...scope, variables: variables.value, range: range.value });
    if (url === undefined) return [];
    return [{ title: link.title || 'Open', url, outside: !url.startsWith('/') }];
  });
}

export function Linked(props: {
  readonly targets: readonly Target[];
  readonly children?: Children;
  readonly class?: string;
}) {
  const [open, setOpen] = useState(false);
  const first = props.targets[0];
  if (first === undefined) return html`<span class=${props.class}>${props.children}</span>`;
  const rest = props.targets.slice(1);
  return html`<span class=${`linked anchor ${props.class ?? ''}`}>
    <${Anchor} target=${first} title=${first.title}>${props.children}<//>
    ${
      rest.length > 0 &&
      html`<button class="quiet more" aria-label="More links" aria-haspopup="dialog"
        aria-expanded=${open}
        onClick=${() => setOpen(!open)}><${Icon} name="more" /></button>`
    }
    ${
      open &&
      html`<${Popup} label="Links" side="left" onClose=${() => setOpen(false)}><ul class="menu">
        ${props.targets.map(
          (target) => html`<li><${Anchor} target=${target}>${target.title}<//>
          </li>`,
        )}
      </ul><//>`
    }
  </span>`;
}

function Anchor(props: {
  readonly target: Target;
  readonly title?: string;
  readonly children?: Children;
}) {
  const { url, outside } = props.target;
  return html`<a href=${url} title=${props.title} target=${outside ? '_blank' : undefined}
    rel=${outside ? 'noopener noreferrer' : undefined}>${props.children}</a>`;
}
