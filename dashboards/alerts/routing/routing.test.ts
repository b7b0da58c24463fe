import { describe, expect, it } from '@jest/globals';
import { alertRules } from '../catalog.ts';
import { alertLabels, type MuteTiming, type Route, type Routing } from './config.ts';
import { isMuted } from './mute-timings.ts';
import { destinationsOf, silenceOf } from './routes.ts';

const atMs = Date.parse('2026-11-22T08:00:00Z');

const channels = ['a', 'b', 'c'].map((name) => ({ name, type: 'webhook' as const }));

function routing(...routes: readonly Partial<Route>[]): Routing {
  const usual = { match: {}, continue: false, group_wait: '30s', mute_timings: [] };
  return {
    channels,
    routes: routes.map((route) => ({ ...usual, channels: [], group_by: ['rule'], ...route })),
    muteTimings: [],
  };
}

const led = (to: Routing, labels: Record<string, string>) =>
  destinationsOf(to, labels, atMs).map(({ channel }) => channel);

describe('labels that a route can ask for', () => {
  it('are rule, severity and those of the rows of every rule, and no others', () => {
    const own = alertRules().flatMap(({ labels }) => labels);
    expect([...alertLabels].sort()).toEqual([...new Set(['rule', 'severity', ...own])].sort());
  });
});

describe('an alert', () => {
  it('goes by the first route that fits, and on where that says continue', () => {
    const routes = [
      { match: { severity: 'critical' }, channels: ['a'], continue: true },
      { match: { service: 'shop-*' }, channels: ['b', 'a'] },
      { channels: ['c'] },
    ];
    const to = routing(...routes);
    expect(led(to, { severity: 'critical', service: 'shop-web' })).toEqual(['a', 'b']);
    expect(led(to, { severity: 'critical', service: 'other' })).toEqual(['a', 'c']);
    expect(led(to, { severity: 'warning', service: 'shop-web' })).toEqual(['b', 'a']);
    expect(led(to, { severity: 'warning' })).toEqual(['c']);
  });

  it('goes to every channel where there are no routes, and to none where none fits', () => {
    expect(led(routing(), {})).toEqual(['a', 'b', 'c']);
    expect(led(routing({ match: { rule: 'x' }, channels: ['a'] }), { rule: 'y' })).toEqual([]);
  });

  it.each([
    ['shop', 'shop', true],
    ['shop', 'shop-web', false],
    ['shop-*', 'shop-', true],
    ['*', '', true],
    ['?', '', false],
    ['a.b', 'axb', false],
    ['*/web', 'shop/web', true],
    ['s?op', 'shop', true],
    ['a*', 'a\nb', true],
  ])('with the glob %j and the value %j fits: %j', (service, value, fits) => {
    const to = routing({ match: { service }, channels: ['a'] });
    expect(led(to, { service: value })).toEqual(fits ? ['a'] : []);
  });

  it('without a label has it empty', () => {
    expect(led(routing({ match: { service: '*' }, channels: ['a'] }), {})).toEqual(['a']);
    expect(led(routing({ match: { service: 's*' }, channels: ['a'] }), {})).toEqual([]);
  });

  it('is grouped by the labels of its route', () => {
    const to = routing({ channels: ['a'], group_by: ['rule', 'namespace'], group_wait: '2m' });
    const [found] = destinationsOf(to, { rule: 'r', pod: 'p' }, atMs);
    expect(found).toEqual({
      channel: 'a',
      group: { rule: 'r', namespace: '' },
      groupWaitMs: 120_000,
    });
  });
});

describe('a silence', () => {
  const silence = {
    match: { service: 'checkout' },
    starts_at: '2026-11-22T09:00:00+01:00',
    ends_at: '2026-11-22T10:00:00+01:00',
    comment: 'why',
  };
  const checkout = { service: 'checkout' };
  it.each([
    ['2026-11-22T07:59:59.999Z', false],
    ['2026-11-22T08:00:00Z', true],
    ['2026-11-22T08:59:59.999Z', true],
    ['2026-11-22T09:00:00Z', false],
  ])('from 08:00 to 09:00 counts at %s: %j', (at, counts) => {
    expect(silenceOf([silence], checkout, Date.parse(at)) === silence).toBe(counts);
  });

  it('counts for what it matches', () => {
    expect(silenceOf([silence], { service: 'cart' }, atMs)).toBeUndefined();
  });
});

describe('a mute timing', () => {
  const nights: MuteTiming = {
    name: 'nights',
    weekdays: ['saturday', 'sunday'],
    times: [
      { start_time: '00:00', end_time: '06:00' },
      { start_time: '22:00', end_time: '24:00' },
    ],
    location: 'Europe/Berlin',
  };

  it.each([
    // Winter: an hour ahead of UTC. A Saturday, and its neighbours.
    ['2026-11-20T21:30:00Z', false],
    ['2026-11-20T23:00:00Z', true],
    ['2026-11-21T04:59:59Z', true],
    ['2026-11-21T05:00:00Z', false],
    ['2026-11-21T20:59:59Z', false],
    ['2026-11-21T21:00:00Z', true],
    ['2026-11-22T22:59:59Z', true],
    ['2026-11-22T23:00:00Z', false],
    // Summer: two hours.
    ['2026-07-18T04:00:00Z', false],
    ['2026-07-18T03:59:59Z', true],
  ])('of nights at the weekend in Berlin counts at %s: %j', (at, counts) => {
    expect(isMuted(nights, Date.parse(at))).toBe(counts);
  });

  it('without days and times counts always', () => {
    expect(isMuted({ ...nights, weekdays: [], times: [] }, atMs)).toBe(true);
  });
});
