import { describe, expect, it } from '@jest/globals';
import { toFrame } from './frames.ts';
import { marksNear, marksOf } from './marks.ts';

const answer = {
  meta: [
    { name: 'time', type: 'DateTime64(3)' },
    { name: 'title', type: 'String' },
    { name: 'text', type: 'String' },
    { name: 'tags', type: 'String' },
  ],
  data: [
    ['100.500', 'Deployment of deployment/web', 'web:1 → web:2', 'shop'],
    ['160.000', 'Rollback of deployment/web', 'web:2 → web:1', 'shop'],
  ],
};
const found = marksOf(toFrame(answer), 'purple');

describe('marks', () => {
  it('are the rows of an annotation, by the names of columns that Grafana reads', () => {
    expect(found[0]).toEqual({
      timeMs: 100_500,
      title: 'Deployment of deployment/web',
      text: 'web:1 → web:2',
      colour: 'purple',
    });
  });

  it('of a moment are those within a bucket of it, the nearest first', () => {
    expect(marksNear(found, 150_000, 10_000).map(({ timeMs }) => timeMs)).toEqual([160_000]);
    expect(marksNear(found, 150_000, 60_000).map(({ timeMs }) => timeMs)).toEqual([
      160_000, 100_500,
    ]);
    expect(marksNear(found, 300_000, 60_000)).toEqual([]);
  });
});
