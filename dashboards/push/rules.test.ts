import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RuleJson, StoredRule } from '../../test/grafana/rules.ts';
import { type StandIn, startStandIn, tokens } from '../../test/grafana/stand-in.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { alertRules } from '../alerts/catalog.ts';
import { dashboards } from '../catalog.ts';
import { connectGrafana } from './api.ts';
import { type PushOptions, type PushResult, pushDashboards } from './push.ts';

let standIn: StandIn;

beforeEach(async () => {
  standIn = await startStandIn();
  haveDataSource('ch-1');
});
afterEach(async () => {
  await standIn.close();
  expect(standIn.violations).toEqual([]);
});

const rules = alertRules();
const groups = [...new Set(rules.map(({ group }) => `obsctl-${group}`))];
const ours = 'obsctl-dashboards';

async function push(options: Partial<PushOptions> = {}, token = tokens.Admin): Promise<PushResult> {
  const { signal } = new AbortController();
  const clock = { ...simulatedClock(), sleep: async () => {} };
  const grafana = await connectGrafana({ url: standIn.url, token, clock, signal });
  return pushDashboards(grafana, {
    // One is enough: dashboards have tests of their own.
    dashboards: dashboards().slice(0, 1),
    folder: undefined,
    dataSource: {},
    alerts: { rules },
    dryRun: false,
    prune: false,
    ...options,
  });
}

function haveDataSource(uid: string): void {
  const fields = { uid, name: uid, type: 'grafana-clickhouse-datasource', version: 1, id: 700 };
  standIn.state.dataSources.set(uid, { fields, readOnly: false, secrets: {} });
}

const differing = ({ steps }: PushResult) => steps.filter(({ action }) => action !== 'none');
const changesOf = (result: PushResult) => differing(result).flatMap(({ changes }) => changes);
const writes = () => standIn.requests.filter((line) => !line.startsWith('GET '));
const refused = ({ refusals }: PushResult) =>
  refusals.map(({ code, message }) => `${code} ${message}`);

function stored(uid: string): StoredRule {
  const found = standIn.state.alerts.rules.get(uid);
  if (found === undefined) throw new Error(`the stand-in has no rule ${uid}`);
  return found;
}

function change(uid: string, changes: Partial<RuleJson>): void {
  stored(uid).rule = { ...stored(uid).rule, ...changes } as RuleJson;
}

/** A copy of one of ours under another uid. */
function add(uid: string, changes: Partial<RuleJson> = {}, provenance = ''): void {
  const rule = { ...stored('obsctl-host-cpu').rule, title: uid, ...changes, uid } as RuleJson;
  standIn.state.alerts.rules.set(uid, { rule, provenance });
}

describe('alert rules of a push', () => {
  it('come in groups behind the dashboards, and ask the data source by its uid', async () => {
    const result = await push();
    expect(writes().slice(-groups.length)).toEqual(
      groups.map((name) => `PUT /v1/provisioning/folder/${ours}/rule-groups/${name} 200`),
    );
    expect(result.steps.at(-1)).toEqual({
      kind: 'rule group',
      uid: `${ours}/${groups.at(-1)}`,
      title: groups.at(-1),
      action: 'create',
      changes: [],
    });
    expect([...standIn.state.alerts.rules.keys()].sort()).toEqual(
      rules.map(({ uid }) => uid).sort(),
    );
    const { rule, provenance } = stored('obsctl-host-cpu');
    expect(rule.data[0]).toMatchObject({ datasourceUid: 'ch-1' });
    expect(JSON.stringify(rule)).not.toContain('datasource}');
    expect(provenance).toBe('');
    expect(standIn.state.alerts.intervals.get(`${ours}/obsctl-hosts`)).toBe(60);
  });

  it('change nothing the second time, and write no request', async () => {
    await push();
    standIn.requests.length = 0;
    expect(differing(await push())).toEqual([]);
    expect(writes()).toEqual([]);
  });

  it('of a dry run are named with the places that differ, and not written', async () => {
    await push();
    const { rule } = stored('obsctl-host-cpu');
    const [query, ...rest] = rule.data;
    const data = [{ ...query, model: { ...query?.model, rawSql: 'SELECT 1' } }, ...rest];
    change('obsctl-host-cpu', { data, for: '1h30m', labels: { severity: 'none' } });
    standIn.requests.length = 0;
    const result = await push({ dryRun: true });
    const at = `rules[obsctl-host-cpu ${JSON.stringify(rule.title)}]`;
    expect(differing(result).map(({ title }) => title)).toEqual(['obsctl-hosts']);
    expect(changesOf(result).map(({ path }) => path)).toEqual([
      `${at}.labels.severity`,
      `${at}.labels.rule`,
      `${at}.labels.managed_by`,
      `${at}.for`,
      `${at}.data[A].model.rawSql`,
    ]);
    expect(writes()).toEqual([]);
    expect(stored('obsctl-host-cpu').rule['for']).toBe('1h30m');
  });

  it('are left out, and not even read, when nobody wants them', async () => {
    await push();
    standIn.requests.length = 0;
    expect(await push({ alerts: undefined, prune: true })).toMatchObject({ leftovers: [] });
    expect(standIn.requests.filter((line) => line.includes('/v1/'))).toEqual([]);
    expect(standIn.state.alerts.rules.size).toBe(rules.length);
  });
});

describe('an alert rule that somebody changed anywhere', () => {
  const fields = ['title', 'condition', 'noDataState', 'for', 'keep_firing_for', 'labels', 'data'];

  it('is as it should be after one push, and after the next is not written', async () => {
    await push();
    const values = fc.constantFrom<unknown>('OK', '7m', 'changed', { changed: 'yes' });
    const uid = fc.constantFrom(...rules.map((rule) => rule.uid));
    await fc.assert(
      fc.asyncProperty(uid, fc.constantFrom(...fields), values, async (changed, field, value) => {
        const { id: _id, updated: _then, ...before } = stored(changed).rule;
        const fitting =
          field === 'labels' ? { changed: 'yes' } : field === 'data' ? [] : `${value}`;
        change(changed, { [field]: fitting });
        await push();
        const { id: _now, updated: _when, ...after } = stored(changed).rule;
        expect(after).toEqual(before);
        expect(differing(await push())).toEqual([]);
      }),
      { numRuns: 25 },
    );
  }, 300_000);
});

describe('what people decide about a rule', () => {
  it('stays: whether it is paused, and whom it tells', async () => {
    await push();
    const settings = { receiver: 'on call', group_by: ['service'] };
    change('obsctl-host-cpu', { isPaused: true, notification_settings: settings });
    expect(differing(await push())).toEqual([]);
    change('obsctl-host-cpu', { condition: 'A' });
    change('obsctl-host-silent', { labels: {} });
    await push();
    const { rule } = stored('obsctl-host-cpu');
    expect(rule).toMatchObject({
      condition: 'B',
      isPaused: true,
      notification_settings: settings,
    });
    expect(stored('obsctl-host-silent').rule['isPaused']).toBe(false);
  });

  it('is possible at all: nothing marks a rule as provisioned', async () => {
    await push();
    stored('obsctl-host-cpu').provenance = 'api';
    expect(differing(await push())).toEqual([]);
    change('obsctl-host-cpu', { for: '9m' });
    await push();
    expect(stored('obsctl-host-cpu').provenance).toBe('');
  });
});

describe('a rule that is not ours', () => {
  beforeEach(async () => {
    await push();
    standIn.requests.length = 0;
  });

  it('stops every write when it stands in a group of ours', async () => {
    add('mine', { title: 'Mine' });
    change('obsctl-gateway-lag', { for: '9m' });
    expect(refused(await push())).toEqual([
      'OBS-4108 the alert rule "Mine" (mine) in the group obsctl-hosts is not ours',
    ]);
    expect(writes()).toEqual([]);
    expect(stored('obsctl-gateway-lag').rule['for']).toBe('9m');
  });

  it.each([
    ['another folder', { folderUID: 'team' }],
    ['a group of another name', { ruleGroup: 'Mine' }],
  ])('stops every write when it has a uid of ours in %s', async (_place, elsewhere) => {
    change('obsctl-host-cpu', elsewhere);
    const { refusals } = await push();
    expect(refusals).toMatchObject([
      {
        code: 'OBS-4108',
        message: expect.stringMatching(/^obsctl-host-cpu is an alert rule in the group/),
        next: expect.stringContaining('--no-alerts'),
      },
    ]);
    expect(writes()).toEqual([]);
    expect(stored('obsctl-host-cpu').rule).toMatchObject(elsewhere);
  });

  it('stops every write when it has a title of ours in the same folder', async () => {
    const { title } = stored('obsctl-host-cpu').rule;
    add('mine', { title, ruleGroup: 'Mine' });
    expect(refused(await push())).toEqual([
      `OBS-4108 another alert rule (mine) has the title "${title}" in "obsctl"`,
    ]);
  });

  it('is left alone elsewhere', async () => {
    add('mine', { ruleGroup: 'Mine' });
    add('obsctl-mine', { ruleGroup: 'Mine' });
    add('obsctl-theirs', { folderUID: 'team' });
    const before = structuredClone([...standIn.state.alerts.rules]);
    expect(await push({ prune: true })).toMatchObject({ refusals: [], leftovers: [] });
    expect([...standIn.state.alerts.rules]).toEqual(before);
  });

  it('is refused where a file of Grafana brings another version', async () => {
    stored('obsctl-host-cpu').provenance = 'file';
    expect(differing(await push())).toEqual([]);
    change('obsctl-host-silent', { for: '9m' });
    const result = await push();
    expect(refused(result)).toEqual([
      expect.stringMatching(/^OBS-4110 .* \(obsctl-host-cpu\) is provisioned from a file$/),
    ]);
    expect(result.refusals[0]?.next).toContain('--no-alerts');
    expect(writes()).toEqual([]);
  });
});

describe('a rule of ours that this version no longer has', () => {
  beforeEach(async () => {
    await push();
    add('obsctl-old', { title: 'Old' });
    add('obsctl-older', { title: 'Older', ruleGroup: 'obsctl-gone' }, 'api');
    add('obsctl-filed', { title: 'Filed', ruleGroup: 'obsctl-gone' }, 'file');
  });

  it('is reported and stays, also where its group is written', async () => {
    change('obsctl-host-cpu', { for: '9m' });
    const result = await push();
    expect(result.leftovers).toEqual([
      { kind: 'alert rule', uid: 'obsctl-old', title: 'Old' },
      { kind: 'alert rule', uid: 'obsctl-older', title: 'Older' },
    ]);
    expect(differing(result).map(({ title }) => title)).toEqual(['obsctl-hosts']);
    expect(stored('obsctl-old').rule).toMatchObject({ title: 'Old', ruleGroup: 'obsctl-hosts' });
  });

  it('is removed when asked, and nothing else is', async () => {
    const dry = await push({ prune: true, dryRun: true });
    expect(stored('obsctl-old').rule.title).toBe('Old');
    const result = await push({ prune: true });
    expect(dry.steps).toEqual(result.steps);
    expect(differing(result)).toMatchObject([
      { kind: 'alert rule', action: 'remove', uid: 'obsctl-old' },
      { kind: 'alert rule', action: 'remove', uid: 'obsctl-older' },
    ]);
    const left = rules.map(({ uid }) => uid).concat('obsctl-filed');
    expect([...standIn.state.alerts.rules.keys()].sort()).toEqual(left.sort());
  });
});

describe('rules of ours that stand elsewhere', () => {
  it('move along when another folder is chosen', async () => {
    await push();
    change('obsctl-host-cpu', { isPaused: true });
    standIn.state.folders.set('team', { uid: 'team', title: 'Team', id: 901, version: 1 });
    const result = await push({ folder: 'Team' });
    expect(changesOf(result)).toContainEqual({
      path: expect.stringMatching(/^rules\[obsctl-host-cpu .*\]\.group$/),
      before: `${ours}/obsctl-hosts`,
      after: 'team/obsctl-hosts',
    });
    expect(stored('obsctl-host-cpu').rule).toMatchObject({ folderUID: 'team', isPaused: true });
    expect(standIn.state.alerts.rules.size).toBe(rules.length);
    expect(differing(await push({ folder: 'Team' }))).toEqual([]);
  });

  it('change between groups of ours in one push, whichever is written first', async () => {
    await push();
    const [first = '', last = ''] = [groups[0], groups.at(-1)];
    const [a, b] = [first, last].map(
      (name) => rules.find(({ group }) => `obsctl-${group}` === name)?.uid ?? '',
    ) as [string, string];
    change(a, { ruleGroup: last, isPaused: true });
    change(b, { ruleGroup: first, isPaused: true });
    await push();
    expect(stored(a).rule).toMatchObject({ ruleGroup: first, isPaused: true });
    expect(stored(b).rule).toMatchObject({ ruleGroup: last, isPaused: true });
    expect(differing(await push())).toEqual([]);
  });
});

describe('somebody who changes a group at the same time', () => {
  /** After it was compared, before it is written. */
  function changeMeanwhile(changed: () => void): void {
    const { handle } = standIn.state;
    let reads = 0;
    standIn.state.handle = (id, call) => {
      if (id === 'GetAlertRuleGroup' && call.name === 'obsctl-hosts') reads += 1;
      if (reads === 2) changed();
      return handle.call(standIn.state, id, call);
    };
  }

  it('is not overwritten', async () => {
    await push();
    change('obsctl-host-cpu', { for: '9m' });
    changeMeanwhile(() => change('obsctl-host-cpu', { for: '11m' }));
    await expect(push()).rejects.toMatchObject({
      code: 'OBS-4109',
      message: expect.stringContaining('was changed by somebody else meanwhile'),
    });
    expect(stored('obsctl-host-cpu').rule['for']).toBe('11m');
  });

  it('is no conflict when it was a push of the same', async () => {
    await push();
    const { rule } = stored('obsctl-host-cpu');
    change('obsctl-host-cpu', { for: '9m' });
    changeMeanwhile(() => change('obsctl-host-cpu', { for: rule['for'] }));
    standIn.requests.length = 0;
    expect(await push()).toMatchObject({ refusals: [] });
    expect(writes()).toEqual([]);
  });

  it('is ourselves when the answer was lost', async () => {
    standIn.faults.push({ on: 'PUT /v1/provisioning', instead: 'do and cut' });
    await push();
    expect(differing(await push())).toEqual([]);
  });
});

describe('the data source of the rules', () => {
  it.each([
    ['the one that is chosen', { uid: 'ch-2' }, 'ch-2'],
    ['the one that our rules ask already', {}, 'ch-1'],
  ])('is %s', async (_case, dataSource, uid) => {
    await push();
    haveDataSource('ch-2');
    await push({ dataSource });
    expect(stored('obsctl-host-cpu').rule.data[0]).toMatchObject({ datasourceUid: uid });
  });

  it('is the only one that there is when the one that they ask is gone', async () => {
    await push();
    standIn.state.dataSources.clear();
    haveDataSource('ch-2');
    await push();
    expect(stored('obsctl-host-cpu').rule.data[0]).toMatchObject({ datasourceUid: 'ch-2' });
  });

  it('is kept by a token that sees no data sources', async () => {
    await push();
    expect(differing(await push({}, tokens.Editor))).toEqual([]);
  });

  it.each([
    ['there are several', tokens.Admin],
    ['the token sees none', tokens.Editor],
  ])('is asked for when %s: the dashboards come without rules', async (_case, token) => {
    haveDataSource('ch-2');
    const { notes, steps } = await push({}, token);
    expect(notes).toContainEqual(expect.stringMatching(/^alert rules are left out.*--data-source/));
    expect(steps.map(({ kind }) => kind)).toEqual(['folder', 'dashboard']);
    expect(standIn.state.alerts.rules.size).toBe(0);
  });
});

describe('a Grafana that is older', () => {
  it('says what role rules need, before anything is written', async () => {
    standIn.state.version = '10.4.1';
    await expect(push({ dataSource: { uid: 'ch-1' } }, tokens.Editor)).rejects.toMatchObject({
      code: 'OBS-4106',
      message: expect.stringContaining('may not read alert rules'),
      next: expect.stringMatching(/Editor \(an older Grafana: Admin\).*--no-alerts/),
    });
    expect(writes()).toEqual([]);
  });

  it('is not written each time because it does not know keep_firing_for', async () => {
    standIn.state.version = '11.6.0';
    await push();
    expect(stored('obsctl-host-cpu').rule).not.toHaveProperty('keep_firing_for');
    expect(differing(await push())).toEqual([]);
  });
});
