/** The head of the page: dashboards, time range, refresh, zone, theme; below it the variables. */
import { type Children, html, Icon } from './html.ts';
import { openPopup, shortcuts } from './keyboard.ts';
import type { DashboardSummary } from './model.ts';
import { Popup } from './popup.ts';
import {
  change,
  dashboard,
  menuAddress,
  range,
  refresh,
  refreshMs,
  reload,
  setTheme,
  span,
  summaries,
  theme,
  zone,
} from './state.ts';
import { describeRange, refreshChoices, shiftRange, widenRange, zoneName } from './time.ts';
import { TimePicker } from './time-picker.ts';
import { VariableBar } from './variable-bar.ts';

export function Header() {
  return html`<header class="head">
    <div class="head-row">
      <a class="brand" href="/" aria-label="obsctl, first dashboard">obsctl</a>
      <${BoardMenu} />
      <div class="head-tools">
        <${TimeTools} />
        <${RefreshTools} />
        <${ViewTools} />
      </div>
    </div>
    ${dashboard.value !== undefined && html`<${VariableBar} dashboard=${dashboard.value} />`}
    <${Help} />
  </header>`;
}

/** All dashboards behind the name of this one, and beside it as many as there is room for. */
function BoardMenu() {
  const current = dashboard.value?.uid;
  const open = openPopup.value === 'go';
  const toggle = () => {
    openPopup.value = open ? 'none' : 'go';
  };
  const link = (board: DashboardSummary, children: Children) => html`<a
    key=${board.uid}
    href=${menuAddress(board.uid)}
    title=${board.description}
    aria-current=${board.uid === current ? 'page' : undefined}
    onClick=${() => {
      openPopup.value = 'none';
    }}>${children}</a>`;
  return html`<div class="anchor">
    <button class="tool all-boards" aria-haspopup="dialog" aria-expanded=${open} data-popup
      title="All dashboards (g)" onClick=${toggle}><${Icon} name="menu" />
      ${dashboard.value?.title ?? 'Dashboards'} <${Icon} name="chevron" /></button>
    ${
      open &&
      html`<${Popup} label="All dashboards" side="left" onClose=${toggle}>
        <ol class="menu board-list">${summaries.value.map(
          (board, index) =>
            html`<li>${link(
              board,
              html`<kbd>${index < 9 ? index + 1 : ''}</kbd><span><strong>${board.title}</strong>
              <small>${board.description}</small></span>`,
            )}</li>`,
        )}</ol><//>`
    }
  </div>
  <nav class="boards" aria-label="Dashboards">
    ${summaries.value.map((board) => link(board, board.title))}
  </nav>`;
}

function TimeTools() {
  const { fromMs, toMs } = span.value;
  const open = openPopup.value === 'time';
  const toggle = () => {
    openPopup.value = open ? 'none' : 'time';
  };
  return html`<div class="group" role="group" aria-label="Time range">
    <button class="tool wide-only" title="Half a range back (←)" aria-label="Half a range back"
      onClick=${() => change({ range: shiftRange(fromMs, toMs, -1) })}><${Icon} name="left" />
        </button>
    <div class="anchor">
      <button class="tool" aria-expanded=${open} aria-haspopup="dialog" title="Time range (t)"
        data-popup onClick=${toggle}>
        <${Icon} name="clock" /><span class="range-text">${describeRange(range.value, zone.value)}
          </span>
      </button>
      ${
        open &&
        html`<${Popup} label="Time range" onClose=${toggle}><${TimePicker}
        onDone=${toggle} /><//>`
      }
    </div>
    <button class="tool wide-only" title="Half a range on (→)" aria-label="Half a range on"
      disabled=${range.value.to === 'now'}
      onClick=${() => change({ range: shiftRange(fromMs, toMs, 1) })}><${Icon} name="right" />
        </button>
    <button class="tool wide-only" title="Zoom out (−)" aria-label="Zoom out"
      onClick=${() => change({ range: widenRange(fromMs, toMs) })}><${Icon} name="zoomOut" />
        </button>
    <button class="tool zone wide-only" title="Switch between local time and UTC"
      onClick=${() => change({ zone: zone.value === 'utc' ? 'browser' : 'utc' })}
      >${zone.value === 'utc' ? 'UTC' : zoneLabel(toMs)}</button>
  </div>`;
}

function zoneLabel(atMs: number): string {
  const name = zoneName('browser', atMs);
  return name === 'UTC' ? 'Local (UTC)' : name;
}

function RefreshTools() {
  const relative = range.value.to.startsWith('now');
  return html`<div class="group" role="group" aria-label="Refresh">
    <button class="tool" title="Refresh now (r)" aria-label="Refresh now" onClick=${reload}>
      <${Icon} name="refresh" /></button>
    <select class="tool" aria-label="Refresh automatically" title=${
      relative ? 'Refresh automatically' : 'A fixed range is not refreshed'
    } disabled=${!relative} value=${refreshMs.value === 0 ? '' : refresh.value}
      onChange=${(event: Event) => change({ refresh: (event.target as HTMLSelectElement).value })}>
      ${refreshChoices.map(
        (each) => html`<option value=${each}>${each === '' ? 'off' : each}
        </option>`,
      )}
    </select>
  </div>`;
}

function ViewTools() {
  const next = { system: 'light', light: 'dark', dark: 'system' } as const;
  return html`<div class="group">
    <button class="tool" title=${`Colours: ${theme.value}`}
      aria-label=${`Colours: ${theme.value}; switch`}
      onClick=${() => setTheme(next[theme.value])}><${Icon} name="sun" /></button>
    <button class="tool wide-only" title="Keys (?)" aria-label="Keys" onClick=${() => {
      openPopup.value = 'help';
    }}><${Icon} name="help" /></button>
  </div>`;
}

function Help() {
  if (openPopup.value !== 'help') return null;
  const close = () => {
    openPopup.value = 'none';
  };
  return html`<div class="veil" onClick=${close}>
    <div class="help" role="dialog" aria-modal="true" aria-label="Keys" onClick=${(event: Event) =>
      event.stopPropagation()}>
      <h2>Keys</h2>
      <dl>${shortcuts.map(([keys, what]) => html`<dt><kbd>${keys}</kbd></dt><dd>${what}</dd>`)}</dl>
      <p>Drag over a chart to zoom in, double click to go back. Click a name in a legend to see it
      alone, with Ctrl to add or remove it.</p>
      <button class="button" ref=${(node: HTMLElement | null) => node?.focus()}
        onClick=${close}>Close</button>
    </div>
  </div>`;
}
