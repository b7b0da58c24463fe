/** A dashboard's panels on Grafana's grid of 24 columns; rows fold. On a phone one column. */
import { useEffect, useState } from 'preact/hooks';
import { fetchSource } from './api.ts';
import { html, Icon } from './html.ts';
import { useMarks } from './marks.ts';
import type { Dashboard, Panel } from './model.ts';
import { PanelBox } from './panel-box.ts';
import { askOf } from './panel-data.ts';
import { change, soloPanel, span, tick, variables } from './state.ts';

/** Pixels of one grid row and of the gap, a little denser than Grafana. */
const rowPx = 30;

export function Board({ dashboard }: { readonly dashboard: Dashboard }) {
  useMarks(dashboard);
  const solo = dashboard.panels.find((panel) => panel.id === soloPanel.value);
  if (solo !== undefined) {
    return html`<div class="solo">
      <button class="button" onClick=${() => change({ soloPanel: 0 })}>Back to ${dashboard.title}
        </button>
      <div class="solo-panel"><${PanelBox} key=${`${dashboard.uid}/${solo.id}`}
        dashboard=${dashboard} panel=${solo} /></div>
    </div>`;
  }
  return html`<h1 class="visually-hidden">${dashboard.title}</h1>
    ${sectionsOf(dashboard.panels).map(
      (section) => html`<${SectionBox} key=${`${dashboard.uid}/${section.row?.id ?? 0}`}
        dashboard=${dashboard} section=${section} />`,
    )}`;
}

/**
 * A row's panels under its title. Where all of them need the same thing and nothing feeds it, the
 * row is folded and says why; a person may open it all the same.
 */
function SectionBox(props: { readonly dashboard: Dashboard; readonly section: Section }) {
  const { dashboard, section } = props;
  const { row, panels } = section;
  const absent = useAbsence(dashboard, section);
  const [chosen, setChosen] = useState<boolean | undefined>(undefined);
  const open = row === undefined || (chosen ?? absent === '');
  return html`<section aria-label=${row?.title ?? dashboard.title}>
    ${
      row !== undefined &&
      html`<h2 class="row-title"><button aria-expanded=${open} onClick=${() => setChosen(!open)}>
        <span class=${open ? 'fold open' : 'fold'}><${Icon} name="chevron" /></span>
          ${row.title}</button></h2>`
    }
    ${!open && absent !== '' && html`<p class="row-reason" role="status">${absent}</p>`}
    ${open && html`<${Grid} dashboard=${dashboard} panels=${panels} />`}
  </section>`;
}

/** What a panel needs, as `options.obsctl` names it. */
function sourceOf({ options }: Panel): string | undefined {
  return (options?.['obsctl'] as { source?: string } | undefined)?.source;
}

/** Why nothing in this row can have data; empty when something may. */
function useAbsence(dashboard: Dashboard, { row, panels }: Section): string {
  const [reason, setReason] = useState('');
  const [first] = panels;
  const needed = new Set(panels.map(sourceOf));
  const asks = row !== undefined && needed.size === 1 && !needed.has(undefined);
  const when = JSON.stringify([span.value, variables.value, tick.value]);
  useEffect(() => {
    if (!asks || first === undefined) return;
    const abort = new AbortController();
    fetchSource(askOf(dashboard, first, 0), abort.signal).then(
      (source) => setReason(source.active ? '' : source.reason),
      // Its panels say what is wrong.
      () => setReason(''),
    );
    return () => abort.abort();
  }, [when, asks]);
  return reason;
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
