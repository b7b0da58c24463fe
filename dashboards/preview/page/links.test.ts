import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dashboardUids, linkUrl } from '../../vocabulary/links.ts';
import { resolveLink } from './links.ts';

const scope = {
  fields: { Trace: 'abc', 'p95 (ms)': 3, odd: 'a&b=c d' },
  labels: { service: 'cart' },
  variables: { service: ['cart', 'pay ment'], search: '' },
  range: { from: 'now-15m', to: 'now' },
};

describe('data links', () => {
  it('carry the time range and the clicked value', () => {
    const url = linkUrl({ title: 't', to: 'traces', set: { traceId: { field: 'Trace' } } });
    expect(resolveLink(url, scope)).toBe(
      `/d/${dashboardUids.traces}?from=now-15m&to=now&var-traceId=abc`,
    );
  });

  it('carry labels, fixed texts and variables with several values', () => {
    const set = {
      operation: { label: 'service' },
      status: { text: 'Error' },
      service: 'same',
    } as const;
    const url = linkUrl({ title: 't', to: 'traces', set });
    expect(resolveLink(url, scope)).toBe(
      `/d/${dashboardUids.traces}?from=now-15m&to=now&var-operation=cart&var-status=Error` +
        '&var-service=cart&var-service=pay%20ment',
    );
  });

  it('find fields whose names hold spaces and brackets', () => {
    expect(resolveLink('/x?v=${__data.fields["p95 (ms)"]}', scope)).toBe('/x?v=3');
  });

  it('leave nothing in place of what is unknown', () => {
    expect(resolveLink('/x?v=${__data.fields.constructor}', scope)).toBe('/x?v=');
  });

  it('are not followed when they are no address', () => {
    const clicked = { ...scope, fields: { u: 'x' } };
    expect(resolveLink('javascript:alert(1)', clicked)).toBeUndefined();
    expect(resolveLink('//evil.example/', clicked)).toBeUndefined();
  });

  it('keep one parameter whatever the value holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const url = resolveLink('/d/x?var-a=${__data.fields.v:percentencode}&end=1', {
          ...scope,
          fields: { v: value },
        });
        const parameters = new URL(url ?? '', 'http://page').searchParams;
        expect([...parameters.keys()]).toEqual(['var-a', 'end']);
        expect(parameters.get('var-a')).toBe(value);
      }),
      { seed: 41, numRuns: 300 },
    );
  });
});
