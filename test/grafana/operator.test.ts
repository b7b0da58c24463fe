/** Objects for the Grafana operator, read strictly by the types of the operator itself. */
import { execFileSync } from 'node:child_process';
import { beforeAll, expect, it } from '@jest/globals';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import { ruleGroups } from '../../dashboards/alerts/grafana.ts';
import type { Routing } from '../../dashboards/alerts/routing/config.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import { operatorFiles } from '../../dashboards/operator.ts';
import { comparableRule } from '../../dashboards/push/rule-compare.ts';
import { describeWithPeer } from '../support/peer.ts';

/** Of the watcher alone: nothing of it is for a Grafana. */
const smtp = {
  host: 'smtp.shop.example',
  tls: 'starttls' as const,
  user: 'alerts',
  password: { env: 'SMTP_PASSWORD' },
  from: 'obsctl@shop.example',
  timeout: '30s',
};

const routing: Routing = {
  channels: [
    { name: 'on-call', type: 'pagerduty', key: { env: 'A' } },
    { name: 'team', type: 'slack', url: { env: 'B' } },
    { name: 'hook', type: 'webhook', url: { env: 'C' } },
    { name: 'ops', type: 'opsgenie', key: { env: 'D' } },
    { name: 'office', type: 'teams', url: { env: 'E' } },
    { name: 'mail', type: 'email', to: ['ops@shop.example', 'night@shop.example'], smtp },
  ],
  routes: [],
  muteTimings: [],
};

describeWithPeer('grafana-operator', "the operator's own types", (program) => {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the operator reads.
  let found: any[];

  beforeAll(() => {
    const input = operatorFiles({ folder: 'Eyes', routing })
      .map(({ text }) => text)
      .join('---\n');
    const maxBuffer = 64 * 1024 * 1024;
    const output = execFileSync(program, { input, maxBuffer, encoding: 'utf8' });
    found = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  });

  const ofKind = (kind: string) => found.filter((object) => object.kind === kind);

  it('know every key of every object, which all choose instances by the same label', () => {
    expect(found).toHaveLength(
      1 + dashboards().length + ruleGroups(alertRules()).length + routing.channels.length,
    );
    for (const { spec } of found) {
      expect(spec.instanceSelector).toEqual({ matchLabels: { dashboards: 'grafana' } });
    }
  });

  it('read the folder that dashboards and rules name', () => {
    const [{ metadata, spec }] = ofKind('GrafanaFolder');
    expect(spec).toMatchObject({ title: 'Eyes', uid: 'obsctl-dashboards' });
    for (const kind of ['GrafanaDashboard', 'GrafanaAlertRuleGroup']) {
      const refs = ofKind(kind).map((object) => object.spec.folderRef);
      expect(new Set(refs)).toEqual(new Set([metadata.name]));
    }
  });

  it('read every dashboard and every rule as it is', () => {
    const boards = ofKind('GrafanaDashboard').map(({ spec }) => JSON.parse(spec.json));
    expect(boards).toEqual(JSON.parse(JSON.stringify(dashboards())));
    const groups = ruleGroups(alertRules());
    expect(ofKind('GrafanaAlertRuleGroup').map(({ spec }) => spec.name)).toEqual(
      groups.map(({ title }) => title),
    );
    const read = ofKind('GrafanaAlertRuleGroup').flatMap(({ spec }) =>
      spec.rules.map(({ keepFiringFor, ...rule }: Record<string, never>) =>
        comparable({ ...rule, keep_firing_for: keepFiringFor }),
      ),
    );
    expect(read).toEqual(groups.flatMap(({ rules }) => rules.map(comparable)));
  });

  /** Go leaves out what is empty, and writes `5m` as `5m0s`. */
  function comparable(rule: object) {
    const { group: _, ...rest } = comparableRule(JSON.parse(JSON.stringify(rule)), true);
    const empty = (inner: unknown) => inner === '' || inner === 0 || inner === false;
    return JSON.parse(JSON.stringify(rest), (_, inner) => (empty(inner) ? undefined : inner));
  }

  it('read contact points whose secrets come from a Secret', () => {
    const [mail] = ofKind('GrafanaContactPoint').filter(({ spec }) => spec.type === 'email');
    expect(mail.spec).toMatchObject({
      name: 'obsctl-mail',
      settings: { addresses: 'ops@shop.example;night@shop.example', singleEmail: true },
    });
    expect(mail.spec.valuesFrom ?? []).toEqual([]);
    const others = ofKind('GrafanaContactPoint').filter(({ spec }) => spec.type !== 'email');
    expect(
      others.map(({ spec }) => [
        spec.name,
        spec.type,
        spec.valuesFrom[0].targetPath,
        spec.valuesFrom[0].valueFrom.secretKeyRef,
      ]),
    ).toEqual([
      [
        'obsctl-on-call',
        'pagerduty',
        'integrationKey',
        { name: 'obsctl-channels', key: 'on-call' },
      ],
      ['obsctl-team', 'slack', 'url', { name: 'obsctl-channels', key: 'team' }],
      ['obsctl-hook', 'webhook', 'url', { name: 'obsctl-channels', key: 'hook' }],
      ['obsctl-ops', 'opsgenie', 'apiKey', { name: 'obsctl-channels', key: 'ops' }],
      ['obsctl-office', 'teams', 'url', { name: 'obsctl-channels', key: 'office' }],
    ]);
  });
});

it('carries no secret setting of a channel', () => {
  const points = operatorFiles({ routing }).filter(({ path }) => path.startsWith('contact-point-'));
  expect(points.map(({ path }) => path)).toEqual(
    routing.channels.map(({ name }) => `contact-point-${name}.yaml`),
  );
  for (const { text } of points) expect(text).not.toMatch(/^ {4}(url|apiKey|integrationKey):/m);
  expect(points.map(({ text }) => text).join()).not.toMatch(/smtp|password/i);
});
