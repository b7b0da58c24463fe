/** The frame around every panel: title, explanation, menu, and the states in between. */
import { Component } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { toCsv } from './frames.ts';
import { type Children, html, Icon } from './html.ts';
import type { Dashboard, Panel, QueryFault } from './model.ts';
import { askOf, type PanelData, usePanelData } from './panel-data.ts';
import { BarsPanel } from './panels/bars.ts';
import { GaugePanel } from './panels/gauge.ts';
import { HeatmapPanel } from './panels/heatmap.ts';
import { LogsPanel } from './panels/logs.ts';
import { NodeGraphPanel } from './panels/node-graph.ts';
import { StatPanel } from './panels/stat.ts';
import { TablePanel } from './panels/table.ts';
import { TextPanel } from './panels/text.ts';
import { TimeseriesPanel } from './panels/timeseries.ts';
import { TracePanel } from './panels/trace.ts';
import { Popup } from './popup.ts';
import { SqlDialog } from './sql-dialog.ts';
import { change, soloPanel } from './state.ts';

export type PanelProps = {
  readonly dashboard: Dashboard;
  readonly panel: Panel;
  readonly data: PanelData;
};

type View = (props: PanelProps) => unknown;

const views: Readonly<Record<string, View>> = {
  timeseries: TimeseriesPanel,
  barchart: BarsPanel,
  bargauge: BarsPanel,
  stat: StatPanel,
  gauge: GaugePanel,
  table: TablePanel,
  logs: LogsPanel,
  heatmap: HeatmapPanel,
  traces: TracePanel,
  nodeGraph: NodeGraphPanel,
};

/** How far outside the window a panel already asks for its rows. */
const nearMargin = '300px';

export function PanelBox(props: { readonly dashboard: Dashboard; readonly panel: Panel }) {
  const { dashboard, panel } = props;
  const box = useRef<HTMLElement>(null);
  const [near, setNear] = useState(false);
  const [widthPx, setWidthPx] = useState(0);
  useEffect(() => {
    const node = box.current;
    if (node === null) return;
    setWidthPx(node.clientWidth);
    const watch = new IntersectionObserver(
      (entries) => setNear(entries.some((entry) => entry.isIntersecting)),
      { rootMargin: nearMargin },
    );
    watch.observe(node);
    return () => watch.disconnect();
  }, []);
  const data = usePanelData(dashboard, panel, near && panel.type !== 'text', widthPx);
  const label = panel.title === undefined || panel.title === '' ? panel.type : panel.title;
  return html`<section class="panel" ref=${box} aria-label=${label} aria-busy=${data.busy}
    data-panel=${panel.type} data-state=${data.state}>
    <div class="panel-head">
      <h3>${panel.title}</h3>
      ${panel.description && html`<${Explanation} text=${panel.description} />`}
      <span class=${data.busy && near ? 'busy on' : 'busy'} aria-hidden="true"></span>
      <${PanelMenu} dashboard=${dashboard} panel=${panel} data=${data} widthPx=${widthPx} />
    </div>
    <div class="panel-body"><${Safe}><${Body} dashboard=${dashboard} panel=${panel} data=${data} />
      <//></div>
  </section>`;
}

function Body({ dashboard, panel, data }: PanelProps) {
  if (panel.type === 'text') return html`<${TextPanel} panel=${panel} />`;
  const view = views[panel.type];
  if (view === undefined) {
    return html`<${Note} title=${`This page cannot draw panels of type ${panel.type}`} />`;
  }
  switch (data.state) {
    case 'waiting':
      return html`<div class="skeleton" role="status"><span class="visually-hidden">Loading</span>
        </div>`;
    case 'error':
      return html`<${FaultNote} fault=${data.fault} />`;
    case 'no_source':
      return html`<${Note} title="No source" text=${data.reason} />`;
    case 'empty':
      return html`<${Note} title=${capital(data.reason)} />`;
    case 'data':
      return html`<${view} dashboard=${dashboard} panel=${panel} data=${data} />`;
  }
}

function Note({ title, text }: { readonly title: string; readonly text?: string }) {
  return html`<div class="note" role="status"><p class="note-title">${title}</p>${
    text &&
    html`<p>
    ${text}</p>`
  }</div>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function FaultNote({ fault }: { readonly fault: QueryFault | undefined }) {
  return html`<div class="note fault-note" role="alert">
    <p class="note-title"><${Icon} name="warning" /> The query failed</p>
    <p class="mono">${fault?.error}</p>
    ${fault?.sql && html`<details><summary>Query</summary><pre>${fault.sql}</pre></details>`}
  </div>`;
}

function Explanation({ text }: { readonly text: string }) {
  const [open, setOpen] = useState(false);
  return html`<span class="anchor">
    <button class="quiet" aria-label="What is this?" aria-expanded=${open} title=${text}
      onClick=${() => setOpen(!open)}><${Icon} name="info" /></button>
    ${
      open &&
      html`<${Popup} label="What this panel shows" side="left" onClose=${() => setOpen(false)}>
      <p class="explanation" tabindex="-1">${text}</p><//>`
    }
  </span>`;
}

type MenuProps = PanelProps & { readonly widthPx: number };

function PanelMenu({ dashboard, panel, data, widthPx }: MenuProps) {
  const [open, setOpen] = useState(false);
  const [sqlOpen, setSqlOpen] = useState(false);
  if (panel.type === 'text') return null;
  const solo = soloPanel.value === panel.id;
  const item = (text: string, act: () => void, disabled = false) =>
    html`<li><button disabled=${disabled} onClick=${() => {
      setOpen(false);
      act();
    }}>${text}</button></li>`;
  return html`<span class="anchor panel-menu">
    <button class="quiet" aria-label=${`Menu of ${panel.title ?? 'panel'}`} aria-haspopup="dialog"
      aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name="more" /></button>
    ${
      open &&
      html`<${Popup} label="Panel" onClose=${() => setOpen(false)}><ul class="menu">
        ${item(solo ? 'Show the whole dashboard' : 'Show alone', () =>
          change({ soloPanel: solo ? 0 : panel.id }),
        )}
        ${item('View and edit SQL', () => setSqlOpen(true))}
        ${item('Download CSV', () => download(panel, data), data.frames.length === 0)}
      </ul><//>`
    }
    ${
      sqlOpen &&
      html`<${SqlDialog} title=${panel.title ?? 'Query'} asks=${(panel.targets ?? []).map(
        (target) => askOf(dashboard, panel, widthPx, target.refId),
      )} onClose=${() => setSqlOpen(false)} />`
    }
  </span>`;
}

function download(panel: Panel, data: PanelData): void {
  const text = data.frames.map(toCsv).join('\r\n');
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = `${(panel.title ?? 'panel').toLowerCase().replace(/[^a-z0-9]+/g, '-')}.csv`;
  anchor.click();
  URL.revokeObjectURL(address);
}

/** One broken panel must not take the page with it. */
class Safe extends Component<{ readonly children?: Children }, { readonly fault?: string }> {
  override state: { readonly fault?: string } = {};

  static override getDerivedStateFromError(error: unknown): { readonly fault: string } {
    return { fault: String(error) };
  }

  override render() {
    if (this.state.fault === undefined) return this.props.children;
    return html`<${Note} title="This panel cannot be drawn" text=${this.state.fault} />`;
  }
}
