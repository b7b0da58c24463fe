/** Contact points, mute timings and the policy of a push, in the stand-in of a Grafana. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RouteJson } from '../../../test/grafana/routing.ts';
import { type StandIn, startStandIn, tokens } from '../../../test/grafana/stand-in.ts';
import { simulatedClock } from '../../../test/support/simulated-clock.ts';
import type { Channel, Route, Routing } from '../../alerts/routing/config.ts';
import { connectGrafana } from '../api.ts';
import { printSteps } from '../print.ts';
import { type PushOptions, type PushResult, pushDashboards } from '../push.ts';

let standIn: StandIn;

beforeEach(async () => {
  standIn = await startStandIn();
});
afterEach(async () => {
  await standIn.close();
  expect(standIn.violations).toEqual([]);
});

const channels: readonly Channel[] = [
  { name: 'on-call', type: 'pagerduty', key: { env: 'A' }, api_url: 'https://pager.example/' },
  { name: 'team', type: 'slack', url: { env: 'B' } },
  { name: 'hook', type: 'webhook', url: { env: 'C' } },
  { name: 'ops', type: 'opsgenie', key: { env: 'D' } },
  { name: 'office', type: 'teams', url: { env: 'E' } },
  { name: 'mail', type: 'email', to: ['ops@shop.example', 'night@shop.example'] },
];

const secrets = new Map([
  ['on-call', 'pager-secret'],
  ['team', 'https://slack.example/slack-secret'],
  ['hook', 'https://hook.example/hook-secret'],
  ['ops', 'opsgenie-secret'],
  ['office', 'https://teams.example/teams-secret'],
]);

const usual = { group_by: ['rule'], group_wait: '30s', continue: false, mute_timings: [] };

const routes = [
  { ...usual, match: { severity: 'critical', service: 'shop.*' }, channels: ['on-call', 'team'] },
  { ...usual, match: {}, channels: ['hook'], group_wait: '90s', mute_timings: ['nights'] },
] as readonly Route[];

const nights = {
  name: 'nights',
  weekdays: ['saturday' as const],
  times: [{ start_time: '22:00', end_time: '24:00' }],
  location: 'Europe/Berlin',
};

const routing: Routing = { channels, routes, muteTimings: [nights] };
const nobody: Routing = { channels: [], routes: [], muteTimings: [] };

type Changes = Partial<PushOptions> & { readonly told?: Routing; readonly renewSecrets?: boolean };

async function push(changes: Changes = {}, token = tokens.Admin): Promise<PushResult> {
  const { told = routing, renewSecrets = false, ...options } = changes;
  const { signal } = new AbortController();
  const clock = { ...simulatedClock(), sleep: async () => {} };
  const grafana = await connectGrafana({ url: standIn.url, token, clock, signal });
  return pushDashboards(grafana, {
    dashboards: [],
    folder: undefined,
    dataSource: {},
    alerts: undefined,
    routing: { routing: told, secrets, renewSecrets },
    dryRun: false,
    prune: false,
    ...options,
  });
}

const state = () => standIn.state.routing;
const writes = () => standIn.requests.filter((line) => !line.startsWith('GET '));
const differing = ({ steps }: PushResult) => steps.filter(({ action }) => action !== 'none');
const ours = (): RouteJson => {
  const found = state().tree.routes?.find((route) =>
    JSON.stringify(route['object_matchers']).includes('managed_by'),
  );
  if (found === undefined) throw new Error('there is no policy of ours');
  return found;
};

const foreignRoute: RouteJson = {
  receiver: 'grafana-default-email',
  object_matchers: [['team', '=', 'shop']],
  group_wait: '2m',
  continue: true,
};

describe('who is told, pushed to a Grafana', () => {
  it('is made in an order in which everything exists that is named', async () => {
    await push();
    expect(writes()).toEqual([
      'POST /folders 200',
      ...channels.map(() => 'POST /v1/provisioning/contact-points 202'),
      'POST /v1/provisioning/mute-timings 201',
      'PUT /v1/provisioning/policies 202',
    ]);
  });

  it('has the settings that each type of Grafana has', async () => {
    await push();
    const points = [...state().points.values()].filter(({ uid }) => uid.startsWith('obsctl-'));
    expect(points).toEqual(
      [
        {
          name: 'on-call',
          type: 'pagerduty',
          settings: {
            integrationKey: 'pager-secret',
            severity: '{{ .CommonLabels.severity }}',
            url: 'https://pager.example/v2/enqueue',
          },
        },
        { name: 'team', type: 'slack', settings: { url: 'https://slack.example/slack-secret' } },
        {
          name: 'hook',
          type: 'webhook',
          settings: { url: 'https://hook.example/hook-secret', httpMethod: 'POST' },
        },
        {
          name: 'ops',
          type: 'opsgenie',
          settings: {
            apiKey: 'opsgenie-secret',
            apiUrl: 'https://api.opsgenie.com/v2/alerts',
          },
        },
        { name: 'office', type: 'teams', settings: { url: 'https://teams.example/teams-secret' } },
        {
          name: 'mail',
          type: 'email',
          settings: { addresses: 'ops@shop.example;night@shop.example', singleEmail: true },
        },
      ].map(({ name, ...point }) => ({
        uid: `obsctl-${name}`,
        name: `obsctl-${name}`,
        ...point,
        provenance: '',
      })),
    );
    expect(state().timings.get('obsctl-nights')?.timing).toEqual({
      name: 'obsctl-nights',
      time_intervals: [
        {
          times: [{ start_time: '22:00', end_time: '24:00' }],
          weekdays: ['saturday'],
          location: 'Europe/Berlin',
        },
      ],
    });
  });

  it('leads only the alerts of our rules, a policy a channel', async () => {
    await push();
    expect(state().tree.routes).toEqual([
      {
        object_matchers: [['managed_by', '=', 'obsctl']],
        routes: [
          {
            receiver: 'obsctl-on-call',
            object_matchers: [
              ['severity', '=', 'critical'],
              ['service', '=~', 'shop\\..*'],
            ],
            group_by: ['rule'],
            group_wait: '30s',
            continue: true,
          },
          {
            receiver: 'obsctl-team',
            object_matchers: [
              ['severity', '=', 'critical'],
              ['service', '=~', 'shop\\..*'],
            ],
            group_by: ['rule'],
            group_wait: '30s',
          },
          {
            receiver: 'obsctl-hook',
            group_by: ['rule'],
            group_wait: '90s',
            mute_time_intervals: ['obsctl-nights'],
          },
        ],
      },
    ]);
  });

  it('is as it should be the second time: nothing is written', async () => {
    await push();
    standIn.requests.length = 0;
    expect(differing(await push())).toEqual([]);
    expect(differing(await push({ dryRun: true }))).toEqual([]);
    expect(writes()).toEqual([]);
  });

  it('is brought back where it was changed; a dry run shows it and writes nothing', async () => {
    await push();
    const [first] = ours().routes ?? [];
    Object.assign(first ?? {}, { receiver: 'obsctl-hook' });
    const stored = state().timings.get('obsctl-nights');
    Object.assign(stored?.timing ?? {}, { time_intervals: [{ location: 'UTC' }] });
    const point = state().points.get('obsctl-ops');
    Object.assign(point?.settings ?? {}, { apiUrl: 'https://elsewhere.example', message: 'mine' });
    const before = structuredClone(state().tree);
    const dry = await push({ dryRun: true });
    expect(state().tree).toEqual(before);
    const printed = printSteps(dry);
    expect(printed).toContain('~ contact point "obsctl-ops" (obsctl-ops)\n    ~ settings.apiUrl: ');
    expect(printed).toContain('~ notification policy "obsctl" (managed_by=obsctl)\n');
    expect(printed).toContain('receiver: "obsctl-hook" -> "obsctl-on-call"');
    expect(differing(dry).map(({ uid }) => uid)).toEqual([
      'obsctl-ops',
      'obsctl-nights',
      'managed_by=obsctl',
    ]);
    await push();
    expect(point?.settings).not.toBe(state().points.get('obsctl-ops')?.settings);
    expect(state().points.get('obsctl-ops')?.settings).toEqual({
      apiKey: 'opsgenie-secret',
      apiUrl: 'https://api.opsgenie.com/v2/alerts',
      message: 'mine',
    });
    expect(differing(await push())).toEqual([]);
  });

  it('stays editable by people', async () => {
    await push();
    const all = [...state().points.values(), ...state().timings.values()];
    expect(new Set(all.map(({ provenance }) => provenance))).toEqual(new Set(['']));
    expect(state().treeProvenance).toBe('');
  });
});

describe('a secret', () => {
  it('that Grafana hides is kept, and written on demand', async () => {
    await push();
    const settings = () => state().points.get('obsctl-team')?.settings;
    Object.assign(settings() ?? {}, { url: 'https://slack.example/changed' });
    expect(differing(await push())).toEqual([]);
    const result = await push({ renewSecrets: true });
    const withSecret = channels.filter(({ type }) => type !== 'email');
    const kinds = withSecret.map(() => 'contact point');
    expect(differing(result).map(({ kind }) => kind)).toEqual(kinds);
    expect(settings()?.['url']).toBe('https://slack.example/slack-secret');
  });

  it('that Grafana shows is compared; none is ever printed', async () => {
    const first = await push();
    Object.assign(state().points.get('obsctl-hook')?.settings ?? {}, { url: 'https://old-secret' });
    const second = await push();
    expect(differing(second)).toMatchObject([
      { uid: 'obsctl-hook', changes: [{ path: 'settings.url' }] },
    ]);
    const third = await push({ renewSecrets: true, dryRun: true });
    const results = [first, second, third];
    const said = results.map((result) => printSteps(result) + JSON.stringify(result)).join();
    expect(said).not.toMatch(/-secret/);
  });
});

describe('what is not ours', () => {
  it('stays as it is: the root, other policies, contact points and mute timings', async () => {
    const point = { uid: 'mine', name: 'mine', type: 'slack', settings: { url: 'x' } };
    state().points.set('mine', { ...point, provenance: '' });
    state().timings.set('mine', { timing: { name: 'mine', time_intervals: [] }, provenance: '' });
    state().tree = {
      ...state().tree,
      repeat_interval: '12h',
      routes: [foreignRoute, { ...foreignRoute, object_matchers: [['managed_by', '=', 'me']] }],
    };
    const before = structuredClone({ ...state() });
    await push();
    await push({ told: { ...routing, routes: routes.slice(0, 1) } });
    const { routes: all = [], ...root } = state().tree;
    const { routes: theirs, ...rootBefore } = before.tree;
    expect(root).toEqual(rootBefore);
    expect(all.slice(1)).toEqual(theirs);
    await push({ told: nobody, prune: true });
    expect(state().tree).toEqual(before.tree);
    expect(state().points).toEqual(before.points);
    expect(state().timings).toEqual(before.timings);
  });

  it('keeps the place that people gave our policy', async () => {
    await push();
    state().tree = { ...state().tree, routes: [foreignRoute, ours(), { ...foreignRoute }] };
    await push({ told: { ...routing, routes: routes.slice(0, 1) } });
    expect(state().tree.routes).toEqual([foreignRoute, ours(), foreignRoute]);
  });

  it.each([
    ['a contact point of our name', 'the contact point "obsctl-team" (x) is not ours'],
    ['a policy for our alerts', 'leads to "grafana-default-email", so it is not ours'],
  ])('stops every write: %s', async (what, message) => {
    if (what.includes('policy')) {
      const object_matchers = [['managed_by', '=', 'obsctl']];
      state().tree = { ...state().tree, routes: [{ ...foreignRoute, object_matchers }] };
    } else {
      const point = { uid: 'x', name: 'obsctl-team', type: 'email', settings: {} };
      state().points.set('x', { ...point, provenance: '' });
    }
    const { refusals } = await push();
    expect(refusals).toMatchObject([
      { code: 'OBS-4108', message: expect.stringContaining(message) },
    ]);
    expect(writes()).toEqual([]);
  });

  it('is refused where a file brings the policies and something differs', async () => {
    await push();
    state().treeProvenance = 'file';
    expect(differing(await push())).toEqual([]);
    standIn.requests.length = 0;
    const { refusals } = await push({ told: { ...routing, routes: routes.slice(0, 1) } });
    expect(refusals).toMatchObject([
      { code: 'OBS-4110', next: expect.stringContaining('--no-routing') },
    ]);
    expect(writes()).toEqual([]);
  });

  it('keeps its provenance: a tree that another tool wrote by the API stays so', async () => {
    state().treeProvenance = 'api';
    await push();
    expect(state().treeProvenance).toBe('api');
  });

  it('is not overwritten when somebody changes the tree at the same time', async () => {
    const { handle } = standIn.state;
    let reads = 0;
    standIn.state.handle = (id, call) => {
      if (id === 'GetPolicyTree') reads += 1;
      if (id === 'GetPolicyTree' && reads === 2) state().tree.routes = [foreignRoute];
      return handle.call(standIn.state, id, call);
    };
    await expect(push()).rejects.toMatchObject({ code: 'OBS-4109' });
    expect(state().tree.routes).toEqual([foreignRoute]);
    expect(differing(await push()).map(({ kind }) => kind)).toEqual(['notification policy']);
    expect(state().tree.routes?.[1]).toEqual(foreignRoute);
  });
});

describe('what the stack file no longer has', () => {
  it('is reported and stays; with --prune it goes, the policy first', async () => {
    await push();
    standIn.requests.length = 0;
    const { leftovers } = await push({ told: nobody });
    expect(leftovers.map(({ kind }) => kind)).toEqual([
      'notification policy',
      ...channels.map(() => 'contact point'),
      'mute timing',
    ]);
    expect(writes()).toEqual([]);
    await push({ told: nobody, prune: true });
    expect(writes()[0]).toBe('PUT /v1/provisioning/policies 202');
    expect([...state().points.keys()]).toEqual(['default']);
    expect(state().timings.size).toBe(0);
    expect(state().tree.routes).toEqual([]);
  });

  it('goes for one channel while the others stay', async () => {
    await push();
    const [, ...others] = channels;
    const fewer = { ...routing, channels: others, routes: routes.slice(1) };
    await push({ told: fewer, prune: true });
    expect(state().points.has('obsctl-on-call')).toBe(false);
    expect(differing(await push({ told: fewer, prune: true }))).toEqual([]);
  });
});

describe('a token', () => {
  it('that is wrong says so', async () => {
    await expect(push({}, 'glsa_wrong')).rejects.toMatchObject({ code: 'OBS-4105' });
  });

  it('whose role is too small says what it needs', async () => {
    await push();
    state().points.delete('obsctl-team');
    await expect(push({}, tokens.Viewer)).rejects.toMatchObject({
      code: 'OBS-4106',
      message: expect.stringContaining('may not create a contact point'),
      next: expect.stringContaining('--no-routing'),
    });
  });
});
