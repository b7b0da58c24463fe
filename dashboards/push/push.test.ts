import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type StandIn, startStandIn, tokens } from '../../test/grafana/stand-in.ts';
import type { StoredDashboard } from '../../test/grafana/state.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { dashboards } from '../catalog.ts';
import { connectGrafana } from './api.ts';
import { type PushOptions, type PushResult, pushDashboards } from './push.ts';
import { parseTarget } from './target.ts';

let standIn: StandIn;

beforeEach(async () => {
  standIn = await startStandIn();
});
afterEach(async () => {
  await standIn.close();
  expect(standIn.violations).toEqual([]);
});

const connection = {
  ...parseTarget('https://clickhouse.example/otel'),
  user: 'grafana',
  password: 'secret',
  renewPassword: false,
};

async function push(options: Partial<PushOptions> = {}, token = tokens.Admin) {
  const { signal } = new AbortController();
  const clock = { ...simulatedClock(), sleep: async () => {} };
  const grafana = await connectGrafana({ url: standIn.url, token, clock, signal });
  return pushDashboards(grafana, {
    dashboards: dashboards(),
    folder: undefined,
    dataSource: { connection },
    alerts: undefined,
    dryRun: false,
    prune: false,
    ...options,
  });
}

const differing = ({ steps }: PushResult) => steps.filter(({ action }) => action !== 'none');
const changesOf = (result: PushResult) => differing(result).flatMap(({ changes }) => changes);
const writes = () => standIn.requests.filter((line) => !line.startsWith('GET '));

function stored(uid: string): StoredDashboard {
  const found = standIn.state.dashboards.get(uid);
  if (found === undefined) throw new Error(`the stand-in has no ${uid}`);
  return found;
}

function foreign(uid: string, title: string, folderUid: string, tags: string[] = []): void {
  const data = { uid, title, tags, id: 900, version: 3, panels: [] };
  standIn.state.dashboards.set(uid, { data, folderUid, provisioned: false });
}

function foreignFolder(uid: string, title: string): void {
  standIn.state.folders.set(uid, { uid, title, id: 901, version: 1 });
}

describe('a push', () => {
  it('makes folder, data source and dashboards, in this order', async () => {
    const result = await push();
    expect(
      differing(result)
        .map(({ kind }) => kind)
        .slice(0, 3),
    ).toEqual(['folder', 'data source', 'dashboard']);
    expect(writes()).toHaveLength(2 + dashboards().length);
    expect([...standIn.state.folders.values()]).toMatchObject([{ title: 'obsctl' }]);
    expect(stored('obsctl-services')).toMatchObject({
      folderUid: 'obsctl-dashboards',
      data: { title: 'Services', version: 1 },
    });
  });

  it('changes nothing the second time, and writes no request', async () => {
    await push();
    standIn.requests.length = 0;
    expect(differing(await push())).toEqual([]);
    expect(differing(await push({ dataSource: {} }))).toEqual([]);
    expect(writes()).toEqual([]);
  });

  it('writes only what somebody changed, and says where', async () => {
    await push();
    const { data } = stored('obsctl-traces');
    const [, panel] = data['panels'] as { title: string }[];
    const title = panel?.title;
    if (panel) panel.title = 'Mine';
    standIn.requests.length = 0;
    const result = await push();
    expect(changesOf(result)).toEqual([
      { path: `panels[2 ${JSON.stringify(title)}].title`, before: 'Mine', after: title },
    ]);
    expect(writes()).toEqual(['POST /dashboards/db 200']);
    expect(stored('obsctl-traces').data).toMatchObject({ version: 2 });
    expect(differing(await push())).toEqual([]);
  });

  it('does not mind what Grafana adds by itself', async () => {
    await push();
    const { data } = stored('obsctl-logs');
    data['annotations'] = { list: [{ builtIn: 1, datasource: { uid: '-- Grafana --' } }] };
    data['iteration'] = 1_763_712_000_000;
    data['liveNow'] = false;
    data['links'] = [...(data['links'] as unknown[])];
    expect(differing(await push())).toEqual([]);
  });

  it('puts a dashboard back into its folder', async () => {
    await push();
    stored('obsctl-logs').folderUid = '';
    expect(changesOf(await push())).toEqual([
      { path: 'folder', before: '', after: 'obsctl-dashboards' },
    ]);
    expect(stored('obsctl-logs').folderUid).toBe('obsctl-dashboards');
  });

  it('of a dry run says the same and writes nothing', async () => {
    const dry = await push({ dryRun: true });
    expect(writes()).toEqual([]);
    expect(standIn.state.dashboards.size).toBe(0);
    expect(dry.steps).toEqual((await push()).steps);
  });
});

describe('a dashboard that somebody changed anywhere', () => {
  /** Every place of a value, as a list of keys. */
  function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
    if (typeof value !== 'object' || value === null) return [path];
    return Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]));
  }

  function change(root: object, path: readonly string[], value: unknown): void {
    const holder = path
      .slice(0, -1)
      .reduce<object>((at, key) => Object(Reflect.get(at, key)), root);
    const last = path.at(-1) ?? '';
    if (value === undefined) Reflect.deleteProperty(holder, last);
    else Reflect.set(holder, last, value);
  }

  it('is as it should be after one push, and after the next is not written', async () => {
    await push();
    const wanted = new Map(
      [...standIn.state.dashboards].map(([uid, { data }]) => [uid, structuredClone(data)]),
    );
    // Without tag or uid it would not be ours; the rest is what Grafana counts.
    const fixed = new Set(['uid', 'tags', 'id', 'version']);
    const places = [...wanted].flatMap(([uid, data]) =>
      placesOf(data)
        .filter(([first = '']) => !fixed.has(first))
        .map((path) => ({ uid, path })),
    );
    const place = fc.constantFrom(...places);
    const values = fc.constantFrom<unknown>(undefined, 'changed', 4711, { changed: true });
    await fc.assert(
      fc.asyncProperty(place, values, async ({ uid, path }, value) => {
        change(stored(uid).data, path, value);
        const first = await push();
        expect(first.refusals).toEqual([]);
        const { version: _now, ...data } = stored(uid).data;
        const { version: _then, ...whole } = wanted.get(uid) ?? { version: 0 };
        // What is empty may be absent.
        if (differing(first).length > 0) expect(data).toEqual(whole);
        else expect(value).toBeUndefined();
        expect(differing(await push())).toEqual([]);
        stored(uid).data = { ...structuredClone(wanted.get(uid) ?? data), version: _now };
      }),
      { numRuns: 60 },
    );
  }, 300_000);
});

describe('what is not ours', () => {
  it('stops every write when it has the uid of one of ours', async () => {
    foreign('obsctl-logs', 'My logs', '');
    const { refusals } = await push();
    expect(refusals).toMatchObject([
      { code: 'OBS-4108', message: expect.stringContaining('"My logs" without the tag obsctl') },
    ]);
    expect(writes()).toEqual([]);
    expect(stored('obsctl-logs').data.title).toBe('My logs');
  });

  it('stops every write when it has the title of one of ours in the same folder', async () => {
    await push();
    foreign('abc', 'Logs', 'obsctl-dashboards', ['obsctl']);
    standIn.requests.length = 0;
    const { refusals } = await push();
    expect(refusals.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'OBS-4108 another dashboard (abc) has the title "Logs" in "obsctl"',
    ]);
    expect(writes()).toEqual([]);
  });

  it('is left alone elsewhere', async () => {
    foreignFolder('team', 'Team');
    foreign('abc', 'Logs', 'team', ['obsctl']);
    const before = structuredClone(stored('abc'));
    const result = await push({ prune: true });
    expect(result).toMatchObject({ refusals: [], leftovers: [] });
    expect(stored('abc')).toEqual(before);
  });

  it('is used where it is a folder of the wanted title, and not changed', async () => {
    foreignFolder('team', 'Team');
    const result = await push({ folder: 'Team' });
    expect(result.folder).toEqual({ uid: 'team', title: 'Team' });
    expect(result.notes).toEqual(['the folder "Team" (team) is not ours: it is used as it is']);
    expect(stored('obsctl-logs').folderUid).toBe('team');
    expect([...standIn.state.folders.keys()]).toEqual(['team']);
    expect(differing(await push({ folder: 'Team' }))).toEqual([]);
  });

  it('is not chosen among when two folders have the wanted title', async () => {
    foreignFolder('a', 'Team');
    foreignFolder('b', 'Team');
    await expect(push({ folder: 'Team' })).rejects.toMatchObject({ code: 'OBS-4108' });
  });

  it('is refused where a file of Grafana brings another version of a dashboard', async () => {
    await push();
    const logs = stored('obsctl-logs');
    logs.provisioned = true;
    expect(differing(await push())).toEqual([]);
    logs.data.title = 'Old logs';
    expect((await push()).refusals).toMatchObject([
      { code: 'OBS-4110', message: expect.stringContaining('obsctl-logs.json') },
    ]);
  });
});

describe('the folder of ours', () => {
  it('keeps its title when none is asked for, and takes the one that is', async () => {
    await push({ folder: 'Eyes' });
    expect(differing(await push())).toEqual([]);
    expect(changesOf(await push({ folder: 'See' }))).toEqual([
      { path: 'title', before: 'Eyes', after: 'See' },
    ]);
    expect([...standIn.state.folders.values()]).toMatchObject([
      { uid: 'obsctl-dashboards', title: 'See' },
    ]);
  });
});

describe('a dashboard that this version no longer has', () => {
  beforeEach(async () => {
    await push();
    foreign('obsctl-old', 'Old', 'obsctl-dashboards', ['obsctl']);
    foreign('obsctl-theirs', 'Theirs', 'obsctl-dashboards');
  });

  it('is reported and stays', async () => {
    const result = await push();
    expect(result.leftovers).toEqual([{ kind: 'dashboard', uid: 'obsctl-old', title: 'Old' }]);
    expect(differing(result)).toEqual([]);
    expect(stored('obsctl-old').data.title).toBe('Old');
  });

  it('is removed when asked, and nothing else is', async () => {
    const dry = await push({ prune: true, dryRun: true });
    expect(stored('obsctl-old').data.title).toBe('Old');
    const result = await push({ prune: true });
    expect(differing(result)).toMatchObject([{ action: 'remove', uid: 'obsctl-old' }]);
    expect(dry.steps).toEqual(result.steps);
    expect(standIn.state.dashboards.has('obsctl-old')).toBe(false);
    expect(stored('obsctl-theirs').data.title).toBe('Theirs');
  });

  it('may be gone already when it is removed', async () => {
    standIn.faults.push({ on: 'DELETE /dashboards/uid/obsctl-old', instead: 'do and cut' });
    await push({ prune: true });
    expect(writes().slice(-2)).toEqual([
      'DELETE /dashboards/uid/obsctl-old do and cut',
      'DELETE /dashboards/uid/obsctl-old 404',
    ]);
  });

  it('is found behind a thousand others', async () => {
    for (let index = 0; index < 1000; index += 1) {
      foreign(`a${index}`, `Board ${index}`, '', ['obsctl']);
    }
    standIn.state.dashboards.delete('obsctl-old');
    foreign('obsctl-old', 'Old', '', ['obsctl']);
    expect((await push()).leftovers.map(({ uid }) => uid)).toEqual(['obsctl-old']);
  });
});

describe('somebody who writes at the same time', () => {
  /** Grafana gives its answer, and before the write arrives it has changed. */
  function changeBefore(request: string, change: () => void): void {
    const { handle } = standIn.state;
    standIn.state.handle = (id, call) => {
      if (id === request) {
        standIn.state.handle = handle;
        change();
      }
      return handle.call(standIn.state, id, call);
    };
  }

  it('is not overwritten', async () => {
    await push();
    stored('obsctl-logs').data.title = 'Once';
    changeBefore('postDashboard', () => {
      stored('obsctl-logs').data.title = 'Twice';
      stored('obsctl-logs').data.version += 1;
    });
    await expect(push()).rejects.toMatchObject({
      code: 'OBS-4109',
      message:
        'the dashboard "Logs" (obsctl-logs) was changed by somebody else meanwhile ' +
        '(0 of 1 were written before)',
    });
    expect(stored('obsctl-logs').data.title).toBe('Twice');
  });

  it('is no conflict when it was a push of the same', async () => {
    changeBefore('createFolder', () => {
      const [uid, title] = ['obsctl-dashboards', 'obsctl'];
      standIn.state.folders.set(uid, { uid, title, id: 1, version: 1 });
    });
    await push();
    expect(standIn.state.dashboards.size).toBe(dashboards().length);
  });

  it.each(['POST /folders', 'POST /datasources', 'POST /dashboards/db'])(
    'is ourselves when the answer to %s was lost',
    async (on) => {
      standIn.faults.push({ on, instead: 'do and cut' });
      await push();
      expect(standIn.faults).toEqual([]);
      expect(stored('obsctl-services').data.version).toBe(1);
      expect(differing(await push())).toEqual([]);
    },
  );
});

describe('a push that is refused halfway', () => {
  it('says how far it came, and the next one goes on from there', async () => {
    standIn.faults.push({ on: 'POST /datasources', instead: 403 });
    await expect(push()).rejects.toMatchObject({
      code: 'OBS-4106',
      message: expect.stringMatching(/\(1 of \d+ were written before\)$/),
    });
    const { steps } = await push();
    expect(steps.map(({ action }) => action)).toEqual([
      'none',
      ...Array(dashboards().length + 1).fill('create'),
    ]);
  });
});

describe('a Grafana without the plugin', () => {
  it('is told how to get it, and nothing is written', async () => {
    await standIn.close();
    standIn = await startStandIn({ pluginVersion: undefined });
    await expect(push()).rejects.toMatchObject({
      code: 'OBS-4107',
      next: expect.stringContaining('grafana cli plugins install grafana-clickhouse-datasource'),
    });
    expect(writes()).toEqual([]);
  });

  it.each([
    ['4.9.3', 1],
    ['3.20.1', 1],
    ['4.20.0', 0],
    ['4.20.1', 0],
    ['5.0.0', 0],
  ])('is told of an old one: %s gives %i notes', async (pluginVersion, count) => {
    await standIn.close();
    standIn = await startStandIn({ pluginVersion });
    expect((await push()).notes).toHaveLength(count);
  });
});
