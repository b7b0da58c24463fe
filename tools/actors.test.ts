/** The picture and the table of the README are drawn from what is rendered now. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { actorsFile, actorsSvg } from './actors.ts';
import { withTechnologies } from './technologies.ts';

const root = join(import.meta.dirname, '..');
const svg = actorsSvg();

describe('the picture of the actors', () => {
  it('is what the example renders to now (npm run update)', () => {
    expect(readFileSync(join(root, actorsFile), 'utf8')).toBe(svg);
  });

  it('shows the way of a span from an application to a person', () => {
    for (const arrow of [
      'applications to node-agent: OTLP',
      'node-agent to sampler: OTLP',
      'sampler to gateway: OTLP',
      'gateway to clickhouse: inserts',
      'clickhouse to grafana: SQL',
    ]) {
      expect(svg).toContain(arrow);
    }
  });

  it('has no two boxes in one place', () => {
    const places = [...svg.matchAll(/<rect[^>]* x="(\d+)" y="([\d.]+)"/g)].map(([place]) => place);
    expect(new Set(places).size).toBe(places.length);
    expect(places.length).toBeGreaterThan(9);
  });
});

describe('the table of technologies', () => {
  it('is what the examples run now (npm run update)', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    expect(readme).toBe(withTechnologies(readme));
    expect(readme).toContain('AGPL-3.0-only');
  });
});
