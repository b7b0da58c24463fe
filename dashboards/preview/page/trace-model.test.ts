import { describe, expect, it } from '@jest/globals';
import { toFrame } from './frames.ts';
import { buildTrace, visibleRows } from './trace-model.ts';

type Row = readonly [id: string, parent: string, startMs: number, durationMs: number];

function traceOf(rows: readonly Row[]) {
  const names = ['spanID', 'parentSpanID', 'startTime', 'duration', 'serviceName'] as const;
  const types = ['String', 'String', 'Float64', 'Float64', 'String'];
  const meta = names.map((name, index) => ({ name, type: types[index] ?? 'String' }));
  return buildTrace([toFrame({ meta, data: rows.map((row) => [...row, 'svc']) })]);
}

const shape = (rows: readonly Row[]) =>
  traceOf(rows).nodes.map((node) => `${'-'.repeat(node.depth)}${node.span.id}`);

describe('a trace', () => {
  it('puts children under their parents in the order they began', () => {
    expect(
      shape([
        ['c', 'a', 5, 1],
        ['a', '', 0, 10],
        ['b', 'a', 1, 3],
        ['d', 'b', 2, 1],
      ]),
    ).toEqual(['a', '-b', '--d', '-c']);
  });

  it('shows a parent that is not stored as a row of its own', () => {
    const trace = traceOf([
      ['b', 'gone', 1, 3],
      ['c', 'gone', 5, 4],
    ]);
    expect(trace.missingCount).toBe(1);
    expect(trace.nodes[0]?.span).toMatchObject({
      id: 'gone',
      missing: true,
      startMs: 1,
      durationMs: 8,
    });
    expect(trace.nodes.map((node) => node.depth)).toEqual([0, 1, 1]);
  });

  it('counts as own time what no child covers', () => {
    const trace = traceOf([
      ['a', '', 0, 10],
      ['b', 'a', 1, 4],
      ['c', 'a', 3, 4],
    ]);
    expect(trace.nodes[0]?.selfMs).toBe(4);
  });

  it('marks as critical what the end had to wait for', () => {
    const trace = traceOf([
      ['a', '', 0, 10],
      ['fast', 'a', 1, 2],
      ['slow', 'a', 1, 8],
    ]);
    const critical = Object.fromEntries(trace.nodes.map((node) => [node.span.id, node.critical]));
    expect(critical['slow']).toEqual([[1, 9]]);
    expect(critical['fast']).toEqual([]);
    expect(critical['a']).toEqual([
      [9, 10],
      [0, 1],
    ]);
  });

  it('notices a child that begins before its parent', () => {
    const trace = traceOf([
      ['a', '', 10, 10],
      ['b', 'a', 5, 4],
    ]);
    expect(trace.nodes.map((node) => node.skewed)).toEqual([false, true]);
  });

  it('survives spans that are each other’s parents, and spans that are their own', () => {
    expect(shape([['a', 'a', 0, 1]])).toEqual(['a']);
    expect(
      shape([
        ['r', '', 0, 1],
        ['a', 'b', 0, 1],
        ['b', 'a', 0, 1],
      ]),
    ).toContain('r');
  });

  it('takes ten thousand spans in one chain', () => {
    const rows = Array.from(
      { length: 10_000 },
      (_, at): Row => [`s${at}`, at === 0 ? '' : `s${at - 1}`, at, 20_000 - at],
    );
    const trace = traceOf(rows);
    expect(trace.nodes).toHaveLength(10_000);
    expect(trace.nodes.at(-1)?.depth).toBe(9999);
  });

  it('hides what is below a collapsed row', () => {
    const trace = traceOf([
      ['a', '', 0, 10],
      ['b', 'a', 1, 3],
      ['d', 'b', 2, 1],
      ['c', 'a', 5, 1],
    ]);
    expect(visibleRows(trace, new Set(['b']))).toEqual([0, 1, 3]);
  });
});
