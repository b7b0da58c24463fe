/** A dashboard's panels on Grafana's grid of 24 columns; rows fold. On a phone one column. */
import { useState } from 'preact/hooks';
import { html, Icon } from './html.ts';
import type { Dashboard, Panel } from './model.ts';
import { PanelBox } from './panel-box.ts';
import { change, soloPanel } from './state.ts';

/** Pixels of one grid row and of the gap, a little denser than Grafana. */
const rowPx = 30;

export function Board({ dashboard }: { readonly dashboard: Dashboard }) {
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const solo = dashboard.panels.find((panel) => panel.id === soloPanel.value);
  if (solo !== undefined) {
    return html`<div class="solo">
      <button class="button" onClick=${() => change({ soloPanel: 0 })}>Back to ${dashboard.title}
        </button>
      <div class="solo-panel"><${PanelBox} key=${`${dashboard.uid}/${solo.id}`}
        dashboard=${dashboard} panel=${solo} /></div>
    </div>`;
  }
  const toggle = (id: number) => {
    const next = new Set(folded);
    if (!next.delete(id)) next.add(id);
    setFolded(next);
  };
  const sections = sectionsOf(dashboard.panels);
  return html`<h1 class="visually-hidden">${dashboard.title}</h1>
    ${sections.map(({ row, panels }) => {
      const open = row === undefined || !folded.has(row.id);
      return html`<section key=${row?.id ?? 0} aria-label=${row?.title ?? dashboard.title}>
        ${
          row !== undefined &&
          html`<h2 class="row-title"><button aria-expanded=${open} onClick=${() => toggle(row.id)}>
            <span class=${open ? 'fold open' : 'fold'}><${Icon} name="chevron" /></span>
              ${row.title}</button></h2>`
        }
        ${open && html`<${Grid} dashboard=${dashboard} panels=${panels} />`}
      </section>`;
    })}`;
}

function Grid(props: { readonly dashboard: Dashboard; readonly panels: readonly Panel[] }) {
  const top = Math.min(...props.panels.map((panel) => panel.gridPos.y));
  return html`<div class="grid">${props.panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const style = {
      gridColumn: `${x + 1} / span ${w}`,
      gridRow: `${y - top + 1} / span ${h}`,
      '--height': `${h * rowPx}px`,
    };
    return html`<div class=${`cell cell-${panel.type}`} style=${style}
      key=${`${props.dashboard.uid}/${panel.id}`}>
      <${PanelBox} dashboard=${props.dashboard} panel=${panel} /></div>`;
  })}</div>`;
}

type Section = { readonly row: Panel | undefined; readonly panels: readonly Panel[] };

function sectionsOf(panels: readonly Panel[]): readonly Section[] {
  const sections: { row: Panel | undefined; panels: Panel[] }[] = [{ row: undefined, panels: [] }];
  for (const panel of panels) {
    if (panel.type === 'row') sections.push({ row: panel, panels: [...(panel.panels ?? [])] });
    else sections.at(-1)?.panels.push(panel);
  }
  return sections.filter((section) => section.panels.length > 0);
}
