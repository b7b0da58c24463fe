import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cardPx, type LayoutEdge, layOut, spreadOut } from './graph-layout.ts';

const name = fc.integer({ min: 0, max: 14 }).map((index) => `n${index}`);
const edge = fc.record({ source: name, target: name });
const graph = fc
  .array(edge, { maxLength: 40 })
  .map((edges) => ({ edges, ids: [...new Set(edges.flatMap((e) => [e.source, e.target])), 'x'] }));

describe('a layout', () => {
  it('is the same whatever the order of nodes and edges: a refresh moves nothing', () => {
    const shuffled = graph.chain(({ ids, edges }) =>
      fc.record({
        ids: fc.constant(ids),
        edges: fc.constant(edges),
        otherIds: fc.shuffledSubarray(ids, { minLength: ids.length }),
        otherEdges: fc.shuffledSubarray(edges, { minLength: edges.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ ids, edges, otherIds, otherEdges }) => {
        const [one, two] = [layOut(ids, edges), layOut(otherIds, otherEdges)];
        for (const id of ids) expect(two.places.get(id)).toEqual(one.places.get(id));
      }),
    );
  });

  it('places every node once, inside its size, and no two over each other', () => {
    fc.assert(
      fc.property(graph, ({ ids, edges }) => {
        const { places, width, height } = layOut(ids, edges);
        expect(places.size).toBe(ids.length);
        const all = [...places.values()];
        all.forEach((a, index) => {
          expect(a.x).toBeGreaterThanOrEqual(cardPx.width / 2);
          expect(a.y).toBeGreaterThanOrEqual(cardPx.height / 2 - 1e-6);
          expect(a.x).toBeLessThanOrEqual(width);
          expect(a.y).toBeLessThanOrEqual(height);
          for (const b of all.slice(index + 1)) {
            const apart =
              Math.abs(a.x - b.x) >= cardPx.width || Math.abs(a.y - b.y) >= cardPx.height - 1e-6;
            expect(apart).toBe(true);
          }
        });
      }),
    );
  });

  it('puts callers left of whom they call, circles aside', () => {
    const edges: LayoutEdge[] = [
      { source: 'shop', target: 'checkout' },
      { source: 'checkout', target: 'payment' },
      { source: 'shop', target: 'payment' },
      { source: 'payment', target: 'checkout' },
      { source: 'probe', target: 'payment' },
    ];
    const { places } = layOut(['shop', 'checkout', 'payment', 'probe'], edges);
    const layer = (id: string) => places.get(id)?.layer;
    expect([layer('shop'), layer('checkout'), layer('payment'), layer('probe')]).toEqual([
      0, 1, 2, 1,
    ]);
  });

  it('leads each edge from its source to its target, and nowhere for a call to oneself', () => {
    fc.assert(
      fc.property(graph, ({ ids, edges }) => {
        const { places, routes } = layOut(ids, edges);
        edges.forEach(({ source, target }, index) => {
          const route = routes[index] ?? [];
          if (source === target) {
            expect(route).toEqual([]);
            return;
          }
          const [from, to] = [places.get(source)!, places.get(target)!];
          expect(Math.abs(route[0]!.x - from.x)).toBe(cardPx.width / 2);
          expect(Math.abs(route.at(-1)!.x - to.x)).toBe(cardPx.width / 2);
          expect(Math.abs(route[0]!.y - from.y)).toBeLessThan(cardPx.height / 2);
        });
      }),
    );
  });

  it('of 200 nodes and 500 edges takes less than a second', () => {
    const ids = Array.from({ length: 200 }, (_, index) => `node-${index}`);
    const edges = Array.from({ length: 500 }, (_, index) => ({
      source: `node-${(index * 7) % 200}`,
      target: `node-${(index * 13 + 5) % 200}`,
    }));
    const start = performance.now();
    expect(layOut(ids, edges).places.size).toBe(200);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('spreadOut', () => {
  it('keeps what is wide enough apart and shares the move among the rest', () => {
    expect(spreadOut([0, 30, 60], [10, 10])).toEqual([0, 30, 60]);
    expect(spreadOut([10, 10], [10])).toEqual([5, 15]);
  });
});
