/** JSX without a build step: `html` tagged templates over Preact. */
import htm from 'htm';
import { type ComponentChildren, h, type VNode } from 'preact';

type Tag = (strings: TemplateStringsArray, ...values: unknown[]) => VNode;

// htm's declaration says `export default` of a CommonJS module; in a browser it is the function.
const bind = (htm as unknown as { bind: (create: unknown) => Tag }).bind;

export const html: Tag = bind.call(htm, h);

export type Children = ComponentChildren;

const ring = 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13';

/** Outlines of 16 × 16, drawn with the colour of the text around them. */
const paths = {
  clock: `${ring}M8 4v4.2l2.8 1.7`,
  refresh: 'M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.5v3h-3',
  chevron: 'M4 6l4 4 4-4',
  left: 'M10 3L5 8l5 5',
  right: 'M6 3l5 5-5 5',
  zoomOut: 'M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9M10.3 10.3L14 14M5 7h4',
  more: 'M3 8h.01M8 8h.01M13 8h.01',
  info: `${ring}M8 7.2v4M8 4.8h.01`,
  close: 'M4 4l8 8M12 4l-8 8',
  sun: 'M8 5a3 3 0 1 0 0 6a3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1',
  help: `${ring}M6.2 6.3c.2-2.4 3.8-2.2 3.6 0c0 1-1.8 1-1.8 3M8 12h0`,
  warning: 'M8 2L14.5 13.5H1.5zM8 6.3v3.4M8 11.6h.01',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2v9.6L12.5 8z',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9M10.3 10.3L14 14',
  filter: 'M2 3h12L9.5 8.5V13l-3-1.5v-3z',
  menu: 'M2 4h12M2 8h12M2 12h12',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }): VNode {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d=${paths[name]} />
  </svg>`;
}
