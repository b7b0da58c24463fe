import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { alertRules } from './catalog.ts';
import {
  defaultDatasourceUid,
  provisioningText,
  provisioningTexts,
  ruleGroups,
} from './grafana.ts';
import { durationMs } from './rule.ts';

const rules = alertRules();
const groups = ruleGroups(rules, { folderUid: 'alerts', datasourceUid: 'ch-1' });
const built = groups.flatMap((group) => group.rules.map((rule) => ({ group, rule })));
const text = provisioningText(rules);
const file = parse(text, { version: '1.1' });

describe.each(built.map((one) => [one.rule.uid, one] as const))('%s', (uid, { group, rule }) => {
  const source = rules.find((candidate) => candidate.uid === uid);
  const [query, threshold] = rule.data;

  it('asks the real data source for a table, over its window, in steps of a minute', () => {
    expect(query).toMatchObject({
      refId: 'A',
      datasourceUid: 'ch-1',
      relativeTimeRange: { from: durationMs(source?.window ?? '0s') / 1000, to: 0 },
      model: {
        refId: 'A',
        datasource: { type: 'grafana-clickhouse-datasource', uid: 'ch-1' },
        editorType: 'sql',
        format: 1,
        intervalMs: 60_000,
        rawSql: source?.sql,
      },
    });
  });

  it('compares it by an expression that says what it is', () => {
    expect(rule.condition).toBe('B');
    const { above, below } = source?.threshold ?? {};
    const evaluator =
      below === undefined ? { type: 'gt', params: [above] } : { type: 'lt', params: [below] };
    expect(threshold).toMatchObject({
      refId: 'B',
      datasourceUid: '__expr__',
      model: {
        refId: 'B',
        type: 'threshold',
        datasource: { type: '__expr__', uid: '__expr__' },
        expression: 'A',
        conditions: [{ evaluator }],
      },
    });
  });

  it('carries folder, group and organisation, which the builder leaves empty', () => {
    expect(rule).toMatchObject({ folderUID: 'alerts', ruleGroup: group.title, orgID: 1 });
    expect(rule).toMatchObject({ for: source?.for, keep_firing_for: source?.keep_firing_for });
  });

  it('has no dollar sign where Grafana would put its environment', () => {
    expect(JSON.stringify([rule.annotations, rule.labels, rule.title])).not.toContain('$');
  });
});

describe('the file that Grafana reads', () => {
  it('has every rule, under the keys that differ from the API', () => {
    const found = file.groups.flatMap((group: { rules: object[] }) => group.rules);
    expect(found).toHaveLength(rules.length);
    expect(file.groups[0]).toMatchObject({ orgId: 1, folder: 'obsctl', interval: '60s' });
    expect(found[0]).toMatchObject({ keepFiringFor: '5m', for: '1m', noDataState: 'OK' });
    for (const rule of found) {
      expect(Object.keys(rule)).not.toContain('keep_firing_for');
      expect(Object.keys(rule)).not.toContain('folderUID');
      expect(rule.data[0].model.datasource.uid).toBe(defaultDatasourceUid);
    }
  });

  it('becomes several where one would be too large, each with whole groups', () => {
    expect(provisioningTexts(rules, {}, text.length * 2)).toEqual([text]);
    const bytesMax = Math.ceil(text.length / 2);
    const files = provisioningTexts(rules, {}, bytesMax);
    expect(files.length).toBeGreaterThan(1);
    for (const one of files) expect(Buffer.byteLength(one)).toBeLessThanOrEqual(bytesMax);
    const parts = files.flatMap((one) => parse(one, { version: '1.1' }).groups);
    expect(parts).toEqual(file.groups);
  });

  it('survives what Grafana does to dollar signs of a query', () => {
    // Of a query only `$__file{…}` and its like are looked for: a macro has no brace.
    expect(text).not.toMatch(/\$(__\w+)?\{/);
  });

  it.each(['docs/guide/grafana.md', 'examples/kubernetes/rendered/grafana.yaml'])(
    'asks the data source that %s sets up',
    (path) => {
      const where = new URL(`../../${path}`, import.meta.url);
      expect(readFileSync(where, 'utf8')).toContain(`uid: ${defaultDatasourceUid}`);
    },
  );

  it('leads to a page where pages can be read', () => {
    const at = provisioningText(rules, { runbooksUrl: 'https://docs.example/runbooks/' });
    expect(at).toContain('runbook_url: https://docs.example/runbooks/slo-availability.md');
    expect(text).toContain('runbook: docs/runbooks/slo-availability.md');
  });

  it('leads to the panel that shows the same', () => {
    expect(text).toMatch(/__dashboardUid__: obsctl-gateway\n\s+__panelId__: "\d+"/);
  });
});
