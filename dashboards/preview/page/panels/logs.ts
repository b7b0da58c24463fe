/** Log lines in a virtual list: severity stripe, marked search, attributes of an opened line. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { settingsOf } from '../fields.ts';
import type { Frame } from '../frames.ts';
import { html, Icon } from '../html.ts';
import type { Dashboard, Panel } from '../model.ts';
import { serviceColour, severityOf } from '../palette.ts';
import type { PanelProps } from '../panel-box.ts';
import { change, refresh, refreshMs, variables, zone } from '../state.ts';
import { formatMomentMs } from '../time.ts';
import type { KeyValue } from '../trace-model.ts';
import { useVirtual } from '../virtual.ts';
import { Attributes, Copy, Value } from './attributes.ts';
import { Linked, targetsOf } from './link-menu.ts';

const rowPx = 22;
const liveRefresh = '1s';

type Line = {
  readonly key: string;
  readonly atMs: number;
  readonly body: string;
  readonly level: string;
  readonly service: string;
  readonly row: number;
};

export function LogsPanel({ dashboard, panel, data }: PanelProps) {
  const newest = data.frames[0]!;
  const [held, setHeld] = useState<Frame | undefined>(undefined);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [find, setFind] = useState('');
  const [wrap, setWrap] = useState(false);
  const frame = held ?? newest;
  const lines = useMemo(() => linesOf(frame), [frame]);
  const wanted = find.trim().toLowerCase();
  const shown = useMemo(
    () =>
      wanted === '' ? lines : lines.filter((line) => line.body.toLowerCase().includes(wanted)),
    [lines, wanted],
  );
  const waiting = held === undefined ? 0 : newerThan(lines, newest);
  const toggle = (key: string) => {
    const next = new Set(opened);
    if (!next.delete(key)) next.add(key);
    setOpened(next);
    // New lines above would push the one that is being read away.
    if (next.size > 0 && held === undefined) setHeld(newest);
    if (next.size === 0) setHeld(undefined);
  };
  const live = refresh.value === liveRefresh && refreshMs.value > 0;
  return html`<div class="logs">
    <div class="trace-tools">
      <label class="find"><${Icon} name="search" /><input type="search"
        placeholder="Find in these lines" aria-label="Find in these lines"
        value=${find}
          onInput=${(event: Event) => setFind((event.target as HTMLInputElement).value)} /></label>
      <span class="hint" role="status">
        ${
          shown.length === lines.length
            ? `${lines.length} lines`
            : `${shown.length} of ${lines.length} lines`
        }</span>
      <button class="button slim" aria-pressed=${wrap} onClick=${() => setWrap(!wrap)}>Wrap</button>
      <button class="button slim" aria-pressed=${live} onClick=${() =>
        change(
          live
            ? { refresh: dashboard.refresh ?? '' }
            : { refresh: liveRefresh, range: { from: 'now-5m', to: 'now' } },
        )}>Live</button>
      <button class="button slim" aria-pressed=${held !== undefined} onClick=${() => {
        setHeld(held === undefined ? newest : undefined);
        if (held !== undefined) setOpened(new Set());
      }}><${Icon} name=${held === undefined ? 'pause' : 'play'} />
        ${held === undefined ? 'Pause' : 'Go on'}</button>
      ${
        held !== undefined &&
        html`<span class="hint"
        role="status">paused${waiting > 0 ? `, ${waiting} newer` : ''}</span>`
      }
    </div>
    <${Lines} dashboard=${dashboard} panel=${panel} frame=${frame} lines=${shown} opened=${opened}
      wrap=${wrap} marked=${[find, String(variables.value['search'] ?? '')]} onToggle=${toggle} />
  </div>`;
}

function newerThan(lines: readonly Line[], newest: Frame): number {
  const known = new Set(lines.map((line) => line.key));
  return linesOf(newest).filter((line) => !known.has(line.key)).length;
}

function linesOf(frame: Frame): readonly Line[] {
  const column = (...names: readonly string[]): readonly unknown[] =>
    frame.fields.find((field) => names.includes(field.name.toLowerCase()))?.values ?? [];
  const times = column('timestamp', 'time');
  const bodies = column('body', 'message', 'line');
  const levels = column('level', 'severity', 'severitytext');
  const services = column('service', 'servicename');
  const seen = new Map<string, number>();
  return Array.from({ length: frame.length }, (_, row) => {
    const base = `${times[row]} ${services[row]} ${bodies[row]}`;
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return {
      key: `${base} ${count}`,
      atMs: Number(times[row] ?? 0),
      body: String(bodies[row] ?? ''),
      level: String(levels[row] ?? ''),
      service: String(services[row] ?? ''),
      row,
    };
  });
}

type LinesProps = {
  readonly dashboard: Dashboard;
  readonly panel: Panel;
  readonly frame: Frame;
  readonly lines: readonly Line[];
  readonly opened: ReadonlySet<string>;
  readonly wrap: boolean;
  readonly marked: readonly string[];
  readonly onToggle: (key: string) => void;
};

function Lines(props: LinesProps) {
  const { lines } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const keyOf = (index: number) => lines[index]?.key ?? index;
  const list = useVirtual({ count: lines.length, rowPx, keyOf, scroller });
  useEffect(() => list.measure(), [props.wrap]);
  return html`<div class=${props.wrap ? 'log-lines wrapped' : 'log-lines'} ref=${scroller}
    tabindex="0" role="region" aria-label="Log lines"
    onKeyDown=${moveFocus}>
    <div role="list" style=${{ height: `${list.getTotalSize()}px`, position: 'relative' }}>
      ${list.getVirtualItems().map((item) => {
        const line = lines[item.index];
        if (line === undefined) return null;
        return html`<div role="listitem" class="log-row" key=${item.key} data-index=${item.index}
          ref=${(node: HTMLElement | null) => list.measureElement(node)}
            style=${{ transform: `translateY(${item.start}px)` }}>
          <${LogLine} ...${props} line=${line} />
        </div>`;
      })}
    </div>
  </div>`;
}

/** Arrows walk from line to line. */
function moveFocus(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const row = (event.target as Element).closest('.log-row');
  const next = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
  const first = (event.currentTarget as Element).querySelector('.log-row');
  const button = (row === null ? first : next)?.querySelector<HTMLElement>('.log-line');
  if (!button) return;
  event.preventDefault();
  button.focus();
}

function LogLine(props: LinesProps & { readonly line: Line }) {
  const { line, opened } = props;
  const open = opened.has(line.key);
  const { colour } = severityOf(line.level);
  return html`<button class="log-line" aria-expanded=${open}
    onClick=${() => props.onToggle(line.key)}>
      <i class="stripe" style=${{ background: colour }}></i>
      <span class="log-time">${formatMomentMs(line.atMs, zone.value).slice(5)}</span>
      <span class="log-level"
        style=${{ color: colour === 'var(--text-faint)' ? 'var(--text-muted)' : colour }}>
        ${line.level}</span>
      <span class="log-service"><span class="dot"
        style=${{ background: serviceColour(line.service) }}></span>${line.service}</span>
      <span class="log-body"><${Marked} text=${line.body} words=${props.marked} /></span>
    </button>
    ${open && html`<${LineDetails} ...${props} />`}`;
}

/** The text with every occurrence of the searched words marked. */
function Marked({ text, words }: { readonly text: string; readonly words: readonly string[] }) {
  const wanted = words.map((word) => word.trim()).filter((word) => word !== '');
  if (wanted.length === 0) return html`${text}`;
  const pattern = wanted.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return html`${text
    .split(new RegExp(`(${pattern})`, 'gi'))
    .map((part, index) => (index % 2 === 1 ? html`<mark>${part}</mark>` : part))}`;
}

const skipped: ReadonlySet<string> = new Set(['timestamp', 'time', 'body', 'level']);

function LineDetails(props: LinesProps & { readonly line: Line }) {
  const { frame, line, panel, dashboard } = props;
  const row = Object.fromEntries(frame.fields.map((field) => [field.name, field.values[line.row]]));
  const plain: KeyValue[] = [];
  const maps: { readonly name: string; readonly list: readonly KeyValue[] }[] = [];
  for (const [name, value] of Object.entries(row)) {
    if (skipped.has(name.toLowerCase()) || value === null || value === '') continue;
    if (typeof value === 'object') {
      const list = Object.entries(value as object).map(([key, each]) => ({
        key,
        value: String(each),
      }));
      maps.push({ name, list: list.sort((a, b) => a.key.localeCompare(b.key)) });
    } else plain.push({ key: name, value: String(value) });
  }
  return html`<div class="log-details">
    <div class="log-full"><${Value} text=${line.body} /><${Copy} text=${line.body} what="line" />
      </div>
    <p class="details-links">${plain.flatMap(({ key, value }) =>
      targetsOf(settingsOf(panel, key).links, {
        fields: row,
        value: { raw: value, text: value },
      }).map((target) => html`<${Linked} targets=${[target]}>${target.title}<//>`),
    )}</p>
    <div class="attribute-columns">
      <${Attributes} title="Record" list=${plain}
        dashboard=${{ ...dashboard, templating: { list: [] } }} />
      ${maps.map(
        ({ name, list }) => html`<${Attributes} title=${name} list=${list}
        dashboard=${dashboard} />`,
      )}
    </div>
  </div>`;
}
