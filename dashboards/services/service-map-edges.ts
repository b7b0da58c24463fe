/** The table of *Service map*: every edge, the one with the most trouble first; and its links. */
import type { Link } from '../vocabulary/links.ts';
import { type PanelDraft, table } from '../vocabulary/panel.ts';
import { sql } from '../vocabulary/sql.ts';
import { edgeStates, withEdges } from './service-map-parts.ts';
import { errorSteps } from './services-parts.ts';

/** Links of a row whose service stands in the column `field`. */
export const toServices = (field: string): readonly Link[] => [
  { title: 'Requests of this service', to: 'services', set: { service: { field } } },
  { title: 'Only its neighbours', to: 'map', set: { service: { field } } },
];

export const toFailedTraces = (field: string): readonly Link[] => [
  {
    title: 'Failed traces',
    to: 'traces',
    set: { service: { field }, status: { text: 'Error' } },
  },
];

export const toSlowTraces = (field: string): readonly Link[] => [
  {
    title: 'Slow traces',
    to: 'traces',
    set: { service: { field }, minDuration: { field: 'slowMs' } },
  },
];

export function edgeTable(): PanelDraft {
  const states = Object.values(edgeStates);
  return table({
    title: 'Calls by trouble',
    description:
      'Every edge of the map. Trouble is the share of failed calls, plus a little when p95 grew' +
      ' against the window before. A call has failed when the caller or the one who answered' +
      ' says so. Click a service for its requests, the state or the errors for the failed traces' +
      ' of the caller, the latency for its slow traces.',
    source: 'edges',
    query: sql(`
      WITH ${withEdges()}
      SELECT caller AS "Caller", callee AS "Called", kind AS "Kind", state AS "State",
        rate AS "Calls", ratio AS "Failed", half AS "p50", most AS "p95",
        before AS "p95 before", longest AS "Longest", floor(most * 1000) AS "slowMs",
        if(kind = 'service', callee, '') AS "service", trouble AS "Trouble"
      FROM edges ORDER BY "Trouble" DESC, "Calls" DESC, "Caller", "Called"`),
    width: 24,
    height: 9,
    noValue: 'no service called another one in this time range',
    fields: {
      Caller: { links: toServices('Caller'), widthPx: 190 },
      Called: { links: toServices('service'), widthPx: 230 },
      Kind: { widthPx: 90 },
      State: {
        widthPx: 160,
        cell: 'text',
        links: toFailedTraces('Caller'),
        values: Object.fromEntries(states.map(({ text, colour }) => [text, { colour }])),
      },
      Calls: { unit: 'reqps', decimals: 1 },
      Failed: {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: errorSteps,
        links: toFailedTraces('Caller'),
      },
      p50: { unit: 's', decimals: 1 },
      p95: { unit: 's', decimals: 1, links: toSlowTraces('Caller') },
      'p95 before': { unit: 's', decimals: 1 },
      Longest: { unit: 's', decimals: 1 },
      slowMs: { hidden: true },
      service: { hidden: true },
      Trouble: { hidden: true },
    },
  });
}
