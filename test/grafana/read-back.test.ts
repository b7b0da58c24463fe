/**
 * What `dashboards push` wrote, read back by Grafana's own Go API client: an independent reader of
 * the description that the stand-in is held to.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import { ruleGroups } from '../../dashboards/alerts/grafana.ts';
import type { Routing } from '../../dashboards/alerts/routing/config.ts';
import { contactPointOf, muteTimingOf, policyOf } from '../../dashboards/alerts/routing/grafana.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import { connectGrafana } from '../../dashboards/push/api.ts';
import { pushDashboards } from '../../dashboards/push/push.ts';
import { comparableRule } from '../../dashboards/push/rule-compare.ts';
import { parseTarget } from '../../dashboards/push/target.ts';
import { clientModule, clientVersion } from '../../tools/peers/grafana.ts';
import { describeWithPeer } from '../support/peer.ts';
import { simulatedClock } from '../support/simulated-clock.ts';
import { type StandIn, startStandIn, tokens } from './stand-in.ts';

const run = promisify(execFile);
const outputBytesMax = 16 * 1024 * 1024;
/** As they are sent: independent of what a push makes of them. */
const groups = ruleGroups(alertRules(), {
  datasourceUid: 'obsctl-clickhouse',
  folderUid: 'obsctl-dashboards',
});
const routing: Routing = {
  channels: [
    { name: 'on-call', type: 'pagerduty', key: { env: 'A' } },
    { name: 'hook', type: 'webhook', url: { env: 'B' } },
    { name: 'mail', type: 'email', to: ['ops@shop.example', 'night@shop.example'] },
  ],
  routes: [
    {
      match: { severity: 'critical', service: 'shop-*' },
      channels: ['on-call', 'hook'],
      continue: true,
      group_by: ['rule', 'service'],
      group_wait: '1m',
      mute_timings: ['nights'],
    },
  ],
  muteTimings: [
    {
      name: 'nights',
      weekdays: ['sunday'],
      times: [{ start_time: '22:00', end_time: '24:00' }],
      location: 'Europe/Berlin',
    },
  ],
};
const root = join(import.meta.dirname, '..', '..');

it('is the client whose description the stand-in is held to', () => {
  const { source } = JSON.parse(readFileSync(join(import.meta.dirname, 'api.json'), 'utf8'));
  expect(source).toBe(`${clientModule}@${clientVersion}`);
  const module = readFileSync(join(root, 'tools/peers/grafana/go.mod'), 'utf8');
  expect(module).toContain(`require ${clientModule} ${clientVersion}\n`);
});

describeWithPeer('grafana-client', "Grafana's own client", (program) => {
  let standIn: StandIn;
  let found: Awaited<ReturnType<typeof readBack>>;
  beforeAll(async () => {
    standIn = await startStandIn({ basePath: '/grafana' });
    await pushAll();
    found = await readBack();
  });
  afterAll(() => standIn.close());

  async function pushAll() {
    const { signal } = new AbortController();
    const clock = simulatedClock();
    const connected = { url: standIn.url, token: tokens.Admin, clock, signal };
    const target = parseTarget('https://clickhouse.example/otel');
    const connection = { ...target, user: 'grafana', password: 'secret', renewPassword: false };
    return pushDashboards(await connectGrafana(connected), {
      dashboards: dashboards(),
      folder: 'Eyes',
      dataSource: { connection },
      alerts: { rules: alertRules() },
      routing: {
        routing,
        secrets: new Map([
          ['on-call', 'a-key'],
          ['hook', 'https://hook.example'],
        ]),
        renewSecrets: false,
      },
      dryRun: false,
      prune: false,
    });
  }

  async function readBack() {
    const uids = dashboards().map(({ uid }) => uid);
    const names = groups.map(({ title }) => title).join(',');
    const words = [standIn.url, 'obsctl-dashboards', 'obsctl-clickhouse', names, ...uids];
    const env = { ...process.env, GRAFANA_TOKEN: tokens.Admin };
    const { stdout } = await run(program, words, { env, maxBuffer: outputBytesMax });
    return JSON.parse(stdout);
  }

  it('reads every dashboard as it was rendered, but for the chosen data source', () => {
    const rendered = dashboards().map((dashboard) => JSON.parse(JSON.stringify(dashboard)));
    for (const { id: _id, ...wanted } of rendered) {
      const { dashboard, meta } = found.dashboards[wanted.uid];
      const { id: _given, version, ...read } = dashboard;
      const [variable] = wanted.templating.list;
      variable.current = { selected: true, text: 'ClickHouse', value: 'obsctl-clickhouse' };
      expect(read).toEqual(wanted);
      expect({ version, folder: meta.folderUid }).toEqual({
        version: 1,
        folder: 'obsctl-dashboards',
      });
    }
  });

  it('reads the folder and the data source, whose password nobody reads', () => {
    expect(found.folder).toMatchObject({ uid: 'obsctl-dashboards', title: 'Eyes' });
    expect(found.dataSource).toMatchObject({
      uid: 'obsctl-clickhouse',
      type: 'grafana-clickhouse-datasource',
      jsonData: { host: 'clickhouse.example', logs: { otelEnabled: true } },
      secureJsonFields: { password: true },
    });
    expect(JSON.stringify(found)).not.toContain('secret"');
  });

  it('reads every alert rule of every group, by name and in the list', () => {
    for (const group of groups) {
      const { rules, ...rest } = found.groups[group.title];
      const { title, folderUid, interval } = group;
      expect(rest).toEqual({ title, folderUid, interval });
      expect(rules.map(comparable)).toEqual(group.rules.map(comparable));
    }
    const listed = found.rules.map(({ uid }: { uid: string }) => uid);
    expect(listed.sort()).toEqual(
      alertRules()
        .map(({ uid }) => uid)
        .sort(),
    );
    for (const { provenance } of found.rules) expect(provenance).toBeUndefined();
  });

  /** Go leaves out what is empty, and writes `5m` as `5m0s`. */
  function comparable(rule: object) {
    return comparableRule(withoutEmpty(rule), true);
  }

  function withoutEmpty(value: object) {
    const empty = (inner: unknown) => inner === '' || inner === 0 || inner === false;
    return JSON.parse(JSON.stringify(value), (_, inner) => (empty(inner) ? undefined : inner));
  }

  it('finds by our tag exactly what is ours', () => {
    const uids = found.tagged.map(({ uid }: { uid: string }) => uid);
    expect(uids.sort()).toEqual(
      dashboards()
        .map(({ uid }) => uid)
        .sort(),
    );
  });

  it('reads contact points, mute timings and the policy that names them', () => {
    const own = found.points.filter(({ uid }: { uid: string }) => uid.startsWith('obsctl-'));
    const secrets = ['[REDACTED]', 'https://hook.example'];
    const points = routing.channels.map((channel, index) =>
      contactPointOf(channel, secrets[index] ?? ''),
    );
    expect(own.map(withoutNothing)).toEqual(points.map(withoutNothing));
    expect(found.timings.map(withoutNothing)).toEqual(routing.muteTimings.map(muteTimingOf));
    expect(found.policy.receiver).toBe('grafana-default-email');
    expect(found.policy.routes.map(withoutNothing)).toEqual([policyOf(routing)]);
  });

  /** Go writes null for a list that is not there. */
  function withoutNothing(value: object) {
    const nothing = (inner: unknown) => inner === null || inner === false;
    return JSON.parse(JSON.stringify(value), (_, inner) => (nothing(inner) ? undefined : inner));
  }

  it('keeps to the description, as we do', () => {
    expect(standIn.violations).toEqual([]);
  });
});
