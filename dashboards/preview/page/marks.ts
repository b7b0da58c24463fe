/** What happened when: the annotations of a dashboard, drawn on its charts over time. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { fetchRows } from './api.ts';
import { type Frame, toFrame } from './frames.ts';
import type { Dashboard } from './model.ts';
import { span, tick, variables } from './state.ts';
import { bucketWidthMs } from './time.ts';

export type Mark = {
  readonly timeMs: number;
  readonly title: string;
  readonly text: string;
  /** A name of the palette. */
  readonly colour: string;
};

/** The marks of the dashboard on screen. */
export const marks = signal<readonly Mark[]>([]);

/** Buckets that a query for marks may think in. */
const bucketsMax = 300;

/** Keeps {@link marks} up to date; without an answer there are none, and charts stay charts. */
export function useMarks(dashboard: Dashboard): void {
  const asked = JSON.stringify([dashboard.uid, span.value, variables.value, tick.value]);
  useEffect(() => {
    const abort = new AbortController();
    load(dashboard, abort.signal).then(
      (found) => {
        if (!abort.signal.aborted) marks.value = found;
      },
      () => {
        if (!abort.signal.aborted) marks.value = [];
      },
    );
    return () => abort.abort();
  }, [asked]);
}

async function load(dashboard: Dashboard, signal: AbortSignal): Promise<readonly Mark[]> {
  const { fromMs, toMs } = span.value;
  const intervalMs = bucketWidthMs(toMs - fromMs, bucketsMax, 1000);
  const scope = { fromMs, toMs, intervalMs, variables: variables.value };
  const list = dashboard.annotations?.list ?? [];
  const found = await Promise.all(
    list.map(async ({ name, iconColor }) => {
      const ask = { dashboard: dashboard.uid, annotation: name, scope };
      return marksOf(toFrame(await fetchRows(ask, signal)), iconColor ?? 'blue');
    }),
  );
  return found.flat();
}

/** Rows with a time as marks; Grafana reads the same columns. */
export function marksOf(frame: Frame, colour: string): readonly Mark[] {
  const column = (name: string) => frame.fields.find((field) => field.name === name)?.values ?? [];
  const [times, titles, texts] = [column('time'), column('title'), column('text')];
  return times.flatMap((time, row) =>
    typeof time === 'number'
      ? [{ timeMs: time, title: String(titles[row] ?? ''), text: String(texts[row] ?? ''), colour }]
      : [],
  );
}

/** Marks within a bucket of `timeMs`, the nearest first. */
export function marksNear(
  all: readonly Mark[],
  timeMs: number,
  intervalMs: number,
): readonly Mark[] {
  const distance = (mark: Mark): number => Math.abs(mark.timeMs - timeMs);
  return all
    .filter((mark) => distance(mark) <= intervalMs)
    .sort((left, right) => distance(left) - distance(right))
    .slice(0, marksNearMax);
}

const marksNearMax = 5;
