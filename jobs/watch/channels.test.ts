/**
 * The watcher and its channels over real HTTP receivers: routes, groups, silences, restarts, and
 * channels that are away or refuse. What the rule's query answers is given; the engine answers it
 * in `watch.test.ts`.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import type { Channel, Route, Silence } from '../../dashboards/alerts/routing/config.ts';
import { readSecrets } from '../../dashboards/alerts/routing/secrets.ts';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { openChannels } from './channels/open.ts';
import { openSilences } from './silences.ts';
import { type Round, Watcher, type WatchOptions } from './watch.ts';

const never = new AbortController().signal;
const minuteMs = 60_000;
const startMs = Date.parse('2026-11-22T08:00:00Z');
/** Fires at once, a row a gateway; a critical one and a warning. */
const rules = alertRules().filter(({ id }) => ['gateway-dropped', 'gateway-parked'].includes(id));
const [dropped, parked] = rules;

let folder: string;
let statePath: string;
let hook: Receiver;
let pager: Receiver;
let nowMs: number;
/** Gateways that are over, by rule. */
let over: Record<string, readonly string[]>;
let silences: readonly Silence[];
let asked: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-channels-'));
  statePath = join(folder, 'watch.json');
  [hook, pager] = [await startReceiver(), await startReceiver()];
  nowMs = startMs;
  over = {};
  silences = [];
  asked = 0;
});
afterEach(async () => {
  await Promise.all([hook.close(), pager.close()]);
  await rm(folder, { recursive: true });
});

const key = 'R0123456789abcdef0123456789abcdef';

async function open(routes: readonly Partial<Route>[], options: Partial<WatchOptions> = {}) {
  const channels: readonly Channel[] = [
    { name: 'chat', type: 'webhook', url: { env: 'HOOK' } },
    { name: 'on-call', type: 'pagerduty', key: { file: join(folder, 'key') }, api_url: pager.url },
  ];
  await writeFile(join(folder, 'key'), `${key}\n`);
  const secrets = await readSecrets(channels, { HOOK: `${hook.url}/hook?secret=hunter2` });
  return Watcher.open({
    rules,
    rows: async () => nextRows(),
    clock: { nowMs: () => nowMs },
    statePath,
    intervalMs: minuteMs,
    channels: await openChannels(channels, secrets),
    routing: { channels, routes: routes.map(routeOf), muteTimings: [nights] },
    silences: async () => silences,
    ...options,
  });
}

const nights = {
  name: 'nights',
  weekdays: [],
  times: [{ start_time: '22:00', end_time: '24:00' }],
  location: 'UTC',
};

function routeOf(route: Partial<Route>): Route {
  const usual = { continue: false, group_wait: '0s', mute_timings: [] };
  return { match: {}, channels: [], group_by: ['rule'], ...usual, ...route } as Route;
}

/** Rules are asked one after the other. */
function nextRows() {
  const rule = rules[asked % rules.length];
  asked += 1;
  return (over[rule?.id ?? ''] ?? []).map((gateway) => ({
    ...Object.fromEntries((rule?.labels ?? []).map((label) => [label, `a ${label}`])),
    gateway,
    value: 12,
  }));
}

async function rounds(watcher: Watcher, count = 1): Promise<Round> {
  let last: Round | undefined;
  for (let index = 0; index < count; index += 1) {
    last = await watcher.round(never);
    nowMs += minuteMs;
  }
  return last as Round;
}

const told = (receiver: Receiver) =>
  receiver.received.map(({ body }) =>
    body.alerts === undefined
      ? body.event_action
      : body.alerts.map(
          ({ status, labels }: { status: string; labels: Record<string, string> }) =>
            `${status} ${labels['alertname']} ${labels['gateway']}`,
        ),
  );

it('has a rule of each severity to try it with', () => {
  expect(dropped).toMatchObject({ id: 'gateway-dropped', severity: 'critical', for: '0s' });
  expect(parked?.severity).toBe('warning');
});

describe('routes', () => {
  it('lead by severity; firing and resolved are told once, also across a restart', async () => {
    const routes = [{ match: { severity: 'critical' }, channels: ['on-call', 'chat'] }];
    over = { 'gateway-dropped': ['a'], 'gateway-parked': ['a'] };
    await rounds(await open(routes), 12);
    await rounds(await open(routes), 3);
    expect(told(hook)).toEqual([['firing gateway-dropped a']]);
    expect(told(pager)).toEqual(['trigger']);
    over = {};
    await rounds(await open(routes), 20);
    await rounds(await open(routes), 2);
    expect(told(hook)).toEqual([['firing gateway-dropped a'], ['resolved gateway-dropped a']]);
    expect(told(pager)).toEqual(['trigger', 'resolve']);
    const [trigger, resolve] = pager.received;
    expect(resolve?.body.dedup_key).toBe(trigger?.body.dedup_key);
    expect(trigger).toMatchObject({ path: '/v2/enqueue', body: { routing_key: key } });
  });

  it('of one group tell in one message, those of others in another', async () => {
    over = { 'gateway-dropped': ['a', 'b', 'c'] };
    await rounds(await open([{ channels: ['chat'] }]));
    expect(told(hook)).toEqual([
      ['firing gateway-dropped a', 'firing gateway-dropped b', 'firing gateway-dropped c'],
    ]);
    expect(hook.received[0]?.body).toMatchObject({
      receiver: 'chat',
      groupKey: '{}:{rule="gateway-dropped"}',
      groupLabels: { rule: 'gateway-dropped' },
      commonLabels: { alertname: 'gateway-dropped', severity: 'critical' },
    });
    await rm(statePath);
    hook.received.length = 0;
    await rounds(await open([{ channels: ['chat'], group_by: ['gateway'] }]));
    expect(told(hook)).toHaveLength(3);
  });

  it('wait for more of the group, and no longer than that', async () => {
    const watcher = await open([{ channels: ['chat'], group_wait: '90s' }]);
    over = { 'gateway-dropped': ['a'] };
    await rounds(watcher);
    expect(watcher.dueMs()).toBe(startMs + 90_000);
    over = { 'gateway-dropped': ['a', 'b'] };
    await rounds(watcher);
    expect(told(hook)).toEqual([]);
    nowMs = startMs + 90_000;
    await watcher.deliver(never);
    expect(told(hook)).toEqual([['firing gateway-dropped a', 'firing gateway-dropped b']]);
    expect(watcher.dueMs()).toBeUndefined();
  });

  it('that are muted tell when the time is over', async () => {
    const watcher = await open([{ channels: ['chat'], mute_timings: ['nights'] }]);
    nowMs = Date.parse('2026-11-22T23:58:00Z');
    over = { 'gateway-dropped': ['a'] };
    await rounds(watcher, 2);
    expect(told(hook)).toEqual([]);
    await rounds(watcher);
    expect(told(hook)).toEqual([['firing gateway-dropped a']]);
  });
});

describe('a silence', () => {
  const silence = {
    match: { gateway: 'a*' },
    starts_at: '2026-11-22T08:00:00Z',
    ends_at: '2026-11-22T08:05:00Z',
    comment: 'the disk is changed',
  };

  it('keeps what fires from being told, and not from being known, until it ends', async () => {
    silences = [silence];
    over = { 'gateway-dropped': ['a1', 'b1'] };
    const watcher = await open([{ channels: ['chat'] }]);
    const round = await rounds(watcher, 5);
    expect(told(hook)).toEqual([['firing gateway-dropped b1']]);
    expect(Object.keys(round.found[0]?.alerts ?? {})).toHaveLength(2);
    expect(JSON.parse(await readFile(statePath, 'utf8')).rules).toHaveProperty('gateway-dropped');
    await rounds(await open([{ channels: ['chat'] }]), 2);
    expect(told(hook)).toEqual([['firing gateway-dropped b1'], ['firing gateway-dropped a1']]);
    expect(hook.received[1]?.body.alerts[0].startsAt).toBe('2026-11-22T08:00:00.000Z');
  });

  it('says nothing at all of what came and went within it', async () => {
    silences = [{ ...silence, ends_at: '2026-11-22T10:00:00Z' }];
    over = { 'gateway-dropped': ['a1'] };
    const watcher = await open([{ channels: ['chat'] }]);
    await rounds(watcher, 2);
    over = {};
    await rounds(watcher, 130);
    expect(hook.received).toEqual([]);
  });

  it('holds back that something is resolved, and tells it when it ends', async () => {
    over = { 'gateway-dropped': ['a1'] };
    const watcher = await open([{ channels: ['chat'] }]);
    await rounds(watcher);
    silences = [{ ...silence, ends_at: '2026-11-22T09:00:00Z' }];
    over = {};
    await rounds(watcher, 59);
    expect(told(hook)).toEqual([['firing gateway-dropped a1']]);
    await rounds(await open([{ channels: ['chat'] }]), 2);
    expect(told(hook)).toEqual([['firing gateway-dropped a1'], ['resolved gateway-dropped a1']]);
  });

  it('of a file counts from the next round on; a broken file changes nothing', async () => {
    const path = join(folder, 'silences.yaml');
    const problems: unknown[] = [];
    await writeFile(path, '');
    const asked = await openSilences([], path, (problem) => problems.push(problem));
    expect(await asked()).toEqual([]);
    await writeFile(path, JSON.stringify([silence]));
    expect(await asked()).toEqual([silence]);
    await writeFile(path, '- {match: {gatway: a}}');
    expect(await asked()).toEqual([silence]);
    expect(problems).toMatchObject([
      { code: 'OBS-6024', message: expect.stringContaining('0.match.gatway: expected one of') },
    ]);
    await writeFile(path, '- {');
    await expect(openSilences([], path, () => {})).rejects.toMatchObject({ code: 'OBS-6024' });
  });
});

describe('a channel', () => {
  const both = [{ channels: ['chat', 'on-call'] }];

  it.each([[503], [429], ['cut' as const]])('that answers %s gets it later', async (answer) => {
    hook.answers.push(answer, answer);
    over = { 'gateway-dropped': ['a'] };
    const { refusals, waiting } = await rounds(await open(both));
    expect(refusals).toMatchObject([{ channel: 'chat', error: { code: 'OBS-6021' } }]);
    expect(waiting).toBe(1);
    expect(told(pager)).toEqual(['trigger']);
    await rounds(await open(both), 2);
    expect(told(hook)).toHaveLength(3);
    expect(told(pager)).toEqual(['trigger']);
    expect(JSON.parse(await readFile(statePath, 'utf8')).outbox).toEqual([]);
  });

  it('that refuses one alert takes the others, and holds up no other channel', async () => {
    over = { 'gateway-dropped': ['a', 'b', 'c'] };
    pager.answers.push({ status: 400, text: `{"errors": ["no such key ${key}"]}` });
    const { refusals, waiting } = await rounds(await open(both));
    expect(refusals).toMatchObject([
      {
        channel: 'on-call',
        error: {
          code: 'OBS-6022',
          where: `on-call (${pager.host})`,
          message: 'it answered 400: {"errors": ["no such key …"]}',
        },
      },
    ]);
    expect(waiting).toBe(1);
    expect(told(pager)).toEqual(['trigger', 'trigger', 'trigger']);
    expect(told(hook)).toHaveLength(1);
  });

  it('has no secret in the state, and none in what is said of it', async () => {
    over = { 'gateway-dropped': ['a'] };
    hook.answers.push({ status: 404, text: 'Cannot POST /hook?secret=hunter2' });
    pager.answers.push(500);
    const { refusals } = await rounds(await open(both));
    expect(refusals).toHaveLength(2);
    const said = refusals.map(({ error }) => `${error} ${JSON.stringify(error)}`).join();
    expect(said + (await readFile(statePath, 'utf8'))).not.toMatch(new RegExp(`hunter2|${key}`));
  });

  it('that is not named any more is told nothing, and what others were told stays', async () => {
    over = { 'gateway-dropped': ['a'] };
    await rounds(await open(both));
    over = {};
    await rounds(await open(both, { channels: [] }), 20);
    await rounds(await open(both));
    expect(told(pager)).toEqual(['trigger', 'resolve']);
  });
});
