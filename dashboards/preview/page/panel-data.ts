/** What a panel knows: its rows for the time range on screen, or why it has none. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Ask, fetchRows, fetchSource, isFault } from './api.ts';
import { type Frame, toFrame } from './frames.ts';
import type { Dashboard, Panel, QueryFault } from './model.ts';
import { saysNoTable } from './no-table.ts';
import { away, span, tick, variables } from './state.ts';
import { bucketWidthMs, parseInterval } from './time.ts';

export type PanelData = {
  readonly state: 'waiting' | 'data' | 'empty' | 'no_source' | 'error';
  /** A newer answer is on its way; what is here stays on screen until it comes. */
  readonly busy: boolean;
  readonly frames: readonly Frame[];
  /** Single requests to draw as dots. */
  readonly exemplars?: Frame;
  readonly intervalMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
  readonly fault?: QueryFault;
};

const start: PanelData = {
  state: 'waiting',
  busy: false,
  frames: [],
  intervalMs: 1000,
  fromMs: 0,
  toMs: 0,
  reason: '',
};

/** Pixels that one point of a time series gets. */
const pointPx = 4;

export function askOf(dashboard: Dashboard, panel: Panel, widthPx: number, refId?: string): Ask {
  const { fromMs, toMs } = span.value;
  const pointsMax = Math.min(Math.max(Math.round(widthPx / pointPx), 60), 600);
  const leastMs = parseInterval(panel.interval ?? '') || 1000;
  const intervalMs = bucketWidthMs(toMs - fromMs, pointsMax, leastMs);
  const scope = { fromMs, toMs, intervalMs, variables: variables.value };
  return {
    dashboard: dashboard.uid,
    panel: panel.id,
    ...(refId === undefined ? {} : { refId }),
    scope,
  };
}

/** Asks whenever range, variables or tick change and the panel has been near the screen. */
export function usePanelData(
  dashboard: Dashboard,
  panel: Panel,
  near: boolean,
  widthPx: number,
): PanelData {
  const [data, setData] = useState<PanelData>(start);
  // A panel that left the screen keeps its last question: its answer is still welcome, but it asks
  // nothing new until it comes back.
  const asked = useRef('');
  if (near) asked.current = JSON.stringify([span.value, variables.value, tick.value]);
  useEffect(() => {
    if (asked.current === '' || widthPx === 0) return;
    const abort = new AbortController();
    setData((old) => ({ ...old, busy: true }));
    load(dashboard, panel, widthPx, abort.signal)
      .catch((fault) => withoutSource(dashboard, panel, widthPx, fault, abort.signal))
      .then(
        (next) => setData(next),
        (fault) => {
          if (isFault(fault)) setData((old) => failed(old, fault));
          else setData((old) => failed(old, { error: String(fault), kind: 'request' }));
        },
      );
    return () => abort.abort();
  }, [asked.current, widthPx > 0]);
  return data;
}

/** What nothing feeds may not even have its tables: then the panel says what would feed it. */
async function withoutSource(
  dashboard: Dashboard,
  panel: Panel,
  widthPx: number,
  fault: unknown,
  signal: AbortSignal,
): Promise<PanelData> {
  if (!isFault(fault) || fault.kind !== 'engine' || !saysNoTable(fault.error)) throw fault;
  const base = askOf(dashboard, panel, widthPx);
  const source = await fetchSource(base, signal).catch(() => undefined);
  if (source === undefined || source.active) throw fault;
  const { fromMs, toMs, intervalMs } = base.scope;
  const seen = { busy: false, frames: [], fromMs, toMs, intervalMs };
  return { ...seen, state: 'no_source', reason: source.reason };
}

/** While the engine is away the last answer stays; the banner says so. */
function failed(old: PanelData, fault: QueryFault): PanelData {
  if (fault.kind === 'cancelled') return old;
  if (fault.kind === 'away' && away.value !== undefined && old.state !== 'error') {
    return { ...old, busy: false };
  }
  return { ...old, state: 'error', busy: false, fault };
}

/** A chart without its dots is still a chart: what fails here is nobody's fault to see. */
async function loadExemplars(
  panel: Panel,
  base: Ask,
  signal: AbortSignal,
): Promise<Frame | undefined> {
  const refId = 'exemplars';
  if (!panel.targets?.some((target) => target.refId === refId)) return undefined;
  return fetchRows({ ...base, refId }, signal).then(toFrame, () => undefined);
}

async function load(
  dashboard: Dashboard,
  panel: Panel,
  widthPx: number,
  signal: AbortSignal,
): Promise<PanelData> {
  const targets = (panel.targets ?? []).filter((target) => target.hide !== true);
  const base = askOf(dashboard, panel, widthPx);
  const [exemplars, ...answers] = await Promise.all([
    loadExemplars(panel, base, signal),
    ...targets.map(({ refId }) => fetchRows({ ...base, refId }, signal)),
  ]);
  const frames = answers.map(toFrame);
  const { fromMs, toMs, intervalMs } = base.scope;
  const dots = exemplars === undefined ? {} : { exemplars };
  const done = { busy: false, frames, intervalMs, fromMs, toMs, ...dots };
  if (frames.some((frame) => frame.length > 0)) return { ...done, state: 'data', reason: '' };
  const source = await fetchSource(base, signal);
  if (!source.active) return { ...done, state: 'no_source', reason: source.reason };
  const noValue = panel.fieldConfig?.defaults?.noValue;
  return { ...done, state: 'empty', reason: noValue ?? 'nothing in this time range' };
}
