/** One trace as a waterfall: a row a span, time to the right, the chosen span in a side panel. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatText } from '../format.ts';
import { html, Icon } from '../html.ts';
import { serviceColour } from '../palette.ts';
import type { PanelProps } from '../panel-box.ts';
import { buildTrace, type Node, type Trace, visibleRows } from '../trace-model.ts';
import { useVirtual } from '../virtual.ts';
import { Copy } from './attributes.ts';
import { SpanDetails } from './span-details.ts';

const rowPx = 24;
const indentPx = 12;
const indentDepthMax = 16;
const ticks = [0, 0.25, 0.5, 0.75, 1];

export function TracePanel({ dashboard, data }: PanelProps) {
  const trace = useMemo(() => buildTrace(data.frames), [data.frames]);
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState('');
  const [find, setFind] = useState('');
  const rows = useMemo(() => visibleRows(trace, collapsed), [trace, collapsed]);
  const details = trace.nodes.find((node) => node.span.id === chosen);
  const matches = useMemo(() => matching(trace, find), [trace, find]);
  const firstMatch = rows.findIndex((row) => matches?.has(row) === true);
  const toggle = (id: string) => {
    const next = new Set(collapsed);
    if (!next.delete(id)) next.add(id);
    setCollapsed(next);
  };
  const parents = trace.nodes.filter((node) => node.children.length > 0 && node.depth > 0);
  return html`<div class="trace">
    <${Summary} trace=${trace} />
    <div class="trace-tools">
      <label class="find"><${Icon} name="search" /><input type="search"
        placeholder="Find in this trace" aria-label="Find in this trace"
        value=${find}
          onInput=${(event: Event) => setFind((event.target as HTMLInputElement).value)} /></label>
      <span class="hint" role="status">${matches === undefined ? '' : `${matches.size} found`}
        </span>
      <button class="button slim"
        onClick=${() =>
          setCollapsed(
            collapsed.size > 0 ? new Set() : new Set(parents.map((node) => node.span.id)),
          )}>
        ${collapsed.size > 0 ? 'Expand all' : 'Collapse all'}</button>
      <span class="hint legend-critical wide-only"><i></i>critical path</span>
    </div>
    <div class="trace-main">
      <${Rows} trace=${trace} rows=${rows} collapsed=${collapsed} chosen=${chosen}
        matches=${matches}
        jump=${firstMatch} onChoose=${setChosen} onToggle=${toggle} />
      ${
        details !== undefined &&
        html`<${SpanDetails} node=${details} trace=${trace}
        dashboard=${dashboard} onClose=${() => setChosen('')} />`
      }
    </div>
  </div>`;
}

function matching(trace: Trace, find: string): ReadonlySet<number> | undefined {
  const wanted = find.trim().toLowerCase();
  if (wanted === '') return undefined;
  const found = new Set<number>();
  trace.nodes.forEach(({ span }, index) => {
    const texts = [span.name, span.service, span.id, span.statusMessage];
    const inTags = () =>
      span.tags.some(({ key, value }) => `${key}=${value}`.toLowerCase().includes(wanted));
    if (texts.some((text) => text.toLowerCase().includes(wanted)) || inTags()) found.add(index);
  });
  return found;
}

function Summary({ trace }: { readonly trace: Trace }) {
  const root = trace.nodes[0]?.span;
  const stored = trace.nodes.length - trace.missingCount;
  const id = trace.nodes[0]?.span.traceId ?? '';
  return html`<div class="trace-summary">
    <b>${root?.service} ${root?.name}</b>
    <span class="num">${formatText(trace.endMs - trace.startMs, 'ms')}</span>
    <span>${stored} spans in ${trace.services.length} services</span>
    ${
      trace.errorCount > 0 &&
      html`<span class="bad"><${Icon}
      name="warning" /> ${trace.errorCount} failed</span>`
    }
    ${
      trace.missingCount > 0 &&
      html`<span class="hint">
      ${trace.missingCount} parents not stored</span>`
    }
    <span class="trace-id mono">${id}<${Copy} text=${id} what="trace id" /></span>
  </div>`;
}

type RowsProps = {
  readonly trace: Trace;
  readonly rows: readonly number[];
  readonly collapsed: ReadonlySet<string>;
  readonly chosen: string;
  readonly matches: ReadonlySet<number> | undefined;
  readonly jump: number;
  readonly onChoose: (id: string) => void;
  readonly onToggle: (id: string) => void;
};

function Rows(props: RowsProps) {
  const { trace, rows } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(0);
  const keyOf = (index: number) => trace.nodes[rows[index] ?? 0]?.span.id ?? index;
  const list = useVirtual({ count: rows.length, rowPx, keyOf, scroller });
  useEffect(() => {
    if (props.jump >= 0) list.scrollToIndex(props.jump, { align: 'center' });
  }, [props.matches]);
  const nodeAt = (index: number) => trace.nodes[rows[index] ?? 0];
  const move = (to: number) => {
    const next = Math.min(Math.max(to, 0), rows.length - 1);
    setFocused(next);
    list.scrollToIndex(next, { align: 'auto' });
    if (props.chosen !== '') props.onChoose(nodeAt(next)?.span.id ?? '');
  };
  const onKey = (event: KeyboardEvent) => {
    const node = nodeAt(focused);
    if (node === undefined) return;
    const open = !props.collapsed.has(node.span.id);
    const act: Readonly<Record<string, () => void>> = {
      ArrowDown: () => move(focused + 1),
      ArrowUp: () => move(focused - 1),
      PageDown: () => move(focused + 15),
      PageUp: () => move(focused - 15),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      ArrowRight: () => (open ? move(focused + 1) : props.onToggle(node.span.id)),
      ArrowLeft: () =>
        open && node.children.length > 0
          ? props.onToggle(node.span.id)
          : move(rows.indexOf(node.parent)),
      Enter: () => props.onChoose(node.span.id),
      ' ': () => props.onChoose(node.span.id),
    };
    const run = act[event.key];
    if (run === undefined) return;
    event.preventDefault();
    run();
  };
  const rangeMs = trace.endMs - trace.startMs || 1;
  return html`<div class="trace-rows" ref=${scroller} role="tree" tabindex="0" aria-label="Spans"
    aria-activedescendant=${`span-${nodeAt(focused)?.span.id}`} onKeyDown=${onKey}>
    <div class="trace-ruler" role="presentation"><span class="trace-name"></span><span
      class="trace-time">${ticks.map(
        (share) =>
          html`<span style=${{ left: `${share * 100}%` }}>${formatText(rangeMs * share, 'ms')}
          </span>`,
      )}</span></div>
    <div role="presentation" style=${{ height: `${list.getTotalSize()}px`, position: 'relative' }}>
      ${list.getVirtualItems().map((item) => {
        const index = rows[item.index] ?? 0;
        const node = trace.nodes[index];
        if (node === undefined) return null;
        return html`<${Row} key=${item.key} ...${props} node=${node} top=${item.start}
          rangeMs=${rangeMs}
          focused=${item.index === focused}
            dim=${props.matches !== undefined && !props.matches.has(index)}
          onPick=${() => {
            setFocused(item.index);
            props.onChoose(node.span.id);
          }} />`;
      })}
    </div>
  </div>`;
}

type RowProps = RowsProps & {
  readonly node: Node;
  readonly top: number;
  readonly rangeMs: number;
  readonly focused: boolean;
  readonly dim: boolean;
  readonly onPick: () => void;
};

function Row(props: RowProps) {
  const { node, trace, rangeMs } = props;
  const { span } = node;
  const open = !props.collapsed.has(span.id);
  const parent = node.children.length > 0;
  const colour = span.missing ? 'var(--text-faint)' : serviceColour(span.service);
  const state = `${span.id === props.chosen ? 'chosen' : ''} ${
    props.focused ? 'focused' : ''
  } ${props.dim ? 'dim' : ''}`;
  const indent = Math.min(node.depth, indentDepthMax) * indentPx;
  return html`<div class=${`trace-row ${state}`} id=${`span-${span.id}`} role="treeitem"
    aria-level=${node.depth + 1}
    aria-expanded=${parent ? open : undefined} aria-selected=${span.id === props.chosen}
    style=${{ transform: `translateY(${props.top}px)` }} onClick=${props.onPick}>
    <span class="trace-name" style=${{ paddingLeft: `${indent + 4}px` }}>
      <span class=${parent ? (open ? 'fold open' : 'fold') : 'fold none'} onClick=${(
        event: Event,
      ) => {
        event.stopPropagation();
        props.onToggle(span.id);
      }}>${parent && html`<${Icon} name="chevron" />`}</span>
      <i class="stripe" style=${{ background: colour }}></i>
      ${
        span.failed &&
        html`<span class="bad"><${Icon} name="warning" /><span
        class="visually-hidden">failed</span></span>`
      }
      <span class="trace-text"><b>${span.service}</b> ${span.name}${
        !open &&
        html` <span
        class="hint">+${node.end - (trace.nodes.indexOf(node) + 1)}</span>`
      }</span>
    </span>
    <span class="trace-time"><${Bar} node=${node} startMs=${trace.startMs} rangeMs=${rangeMs}
      colour=${colour} /></span>
  </div>`;
}

function Bar(props: {
  readonly node: Node;
  readonly startMs: number;
  readonly rangeMs: number;
  readonly colour: string;
}) {
  const { node, startMs, rangeMs } = props;
  const { span } = node;
  const at = (ms: number) => ((ms - startMs) / rangeMs) * 100;
  const left = at(span.startMs);
  const width = Math.max((span.durationMs / rangeMs) * 100, 0.15);
  const label = formatText(span.durationMs, 'ms');
  return html`<i class=${`span-bar ${span.missing ? 'missing' : ''} ${span.failed ? 'failed' : ''}`}
      style=${{
        left: `${left}%`,
        width: `${width}%`,
        ...(span.missing ? {} : { background: props.colour }),
      }}></i>
    ${node.critical.map(
      ([from, to]) =>
        html`<i class="span-critical"
          style=${{ left: `${at(from)}%`, width: `${((to - from) / rangeMs) * 100}%` }}></i>`,
    )}
    ${span.events.map(
      (event) => html`<i class="span-event" title=${event.name}
      style=${{ left: `${Math.min(Math.max(at(event.atMs), 0), 100)}%` }}></i>`,
    )}
    <span class="span-label num" style=${{ left: `calc(${left + width}% + 5px)` }}>${label}</span>`;
}
