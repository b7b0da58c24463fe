/** What the answer to a panel's query has to look like for the panel to draw it. */
import { type Field, type Frame, toFrame } from '../../dashboards/preview/page/frames.ts';
import type { CompactAnswer } from '../../dashboards/preview/page/model.ts';
import type { PanelJson } from '../../dashboards/vocabulary/board.ts';

type Answers = Readonly<Record<string, CompactAnswer>>;

/** Faults, in words; none when the panel can draw its answers, by `refId` of its targets. */
export function shapeFaults(panel: PanelJson, answers: Answers): readonly string[] {
  const frames = Object.entries(answers).map(
    ([refId, answer]) => [refId, toFrame(answer)] as const,
  );
  const faults = frames.flatMap(([refId, frame]) =>
    faultsOf(panel, frame).map((fault) => `${refId}: ${fault}`),
  );
  return panel.type === 'nodeGraph'
    ? [...faults, ...danglingEdges(Object.fromEntries(frames))]
    : faults;
}

function faultsOf(panel: PanelJson, frame: Frame): readonly string[] {
  const names = frame.fields.map(({ name }) => name);
  const needs = (...wanted: readonly string[]): readonly string[] =>
    wanted.filter((name) => !names.includes(name)).map((name) => `no column ${name}`);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const repeated = twice.map((name) => `column ${name} twice`);
  switch (panel.type) {
    case 'timeseries':
      return [...repeated, ...ofKind(frame, 'time', 1), ...ofKind(frame, 'number')];
    case 'heatmap':
      return [...repeated, ...ofKind(frame, 'time', 1), ...bucketFaults(frame)];
    case 'stat':
    case 'gauge':
    case 'bargauge':
      return [...repeated, ...(showsTexts(panel) ? [] : ofKind(frame, 'number'))];
    case 'traces':
      return needs('traceID', 'spanID', 'parentSpanID', 'operationName', 'startTime', 'duration');
    case 'logs':
      return needs('timestamp', 'body');
    default:
      return repeated;
  }
}

/** A value panel takes numbers alone, unless it is told which fields to show. */
function showsTexts({ options }: PanelJson): boolean {
  const { fields = '' } = (options?.['reduceOptions'] ?? {}) as { readonly fields?: string };
  return fields !== '';
}

function ofKind(frame: Frame, kind: Field['kind'], exactly?: number): readonly string[] {
  const count = frame.fields.filter((field) => field.kind === kind).length;
  const isRight = exactly === undefined ? count > 0 : count === exactly;
  return isRight ? [] : [`${count} columns of ${kind}`];
}

/** A heat map has a column a bucket, named by its upper bound. */
function bucketFaults({ fields }: Frame): readonly string[] {
  return fields
    .filter(({ kind }) => kind === 'number')
    .filter(({ name }) => !Number.isFinite(Number(name)))
    .map(({ name }) => `a bucket named ${name}`);
}

function danglingEdges(frames: Readonly<Record<string, Frame>>): readonly string[] {
  const column = (frame: Frame | undefined, name: string): readonly unknown[] =>
    frame?.fields.find((field) => field.name === name)?.values ?? [];
  const nodes = new Set(column(frames['nodes'], 'id'));
  const ends = ['source', 'target'].flatMap((name) => column(frames['edges'], name));
  return ends.filter((end) => !nodes.has(end)).map((end) => `an edge to ${end}, which is no node`);
}
