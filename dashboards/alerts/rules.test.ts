import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { dashboards } from '../catalog.ts';
import { dashboardUids } from '../vocabulary/links.ts';
import { expandQuery } from '../vocabulary/macros.ts';
import { attributeNames } from '../vocabulary/names.ts';
import { scrapedLabels } from '../vocabulary/scraped-names.ts';
import { sources } from '../vocabulary/sources.ts';
import { attribute, columnsOf } from '../vocabulary/sql.ts';
import { alertRules } from './catalog.ts';
import { deploymentWindow, type RuleId, ruleIds } from './config.ts';
import { defineRule } from './rule.ts';
import { attributeOf, growth, literal, ruleSql } from './rule-sql.ts';

const rules = alertRules({ deploymentWindows: [deploymentWindow.parse({})] });
const g = columnsOf(gauge);

describe.each(rules.map((rule) => [rule.id, rule] as const))('the rule %s', (_, rule) => {
  it('has a page that says what to do', () => {
    expect(existsSync(new URL(`../../docs/runbooks/${rule.runbook}.md`, import.meta.url))).toBe(
      true,
    );
    expect(rule.description.length).toBeGreaterThan(60);
  });

  it('names a source, a dashboard and a panel that exist', () => {
    expect(Object.keys(sources)).toContain(rule.source);
    const board = dashboards().find(({ uid }) => uid === dashboardUids[rule.dashboard]);
    const titles = board?.panels.map(({ title }) => title) ?? [];
    if (rule.panel !== undefined) expect(titles).toContain(rule.panel);
  });

  it('bounds every scan of a table by time', () => {
    const scans = rule.sql.split(/\bFROM\s+(?=otel_|obsctl_|snapshot_|system\.)/).slice(1);
    expect(scans.length).toBeGreaterThan(0);
    // System tables are small and know the present.
    for (const scan of scans.filter((text) => !text.startsWith('system.'))) {
      expect(scan).toMatch(/^\w+[\s\S]*?(\$__timeFilter\(|\$__fromTime)/);
    }
  });

  it('can be expanded without any variable, and without the browser', () => {
    const scope = { fromMs: 0, toMs: 1000, intervalMs: 60_000, variables: {} };
    expect(expandQuery(rule.sql, scope)).not.toContain('$');
    expect(rule.sql).not.toMatch(/\$__conditionalAll|\$\{/);
  });

  it('uses only attribute names and labels of the pinned lists', () => {
    const used = [...rule.sql.matchAll(/Attributes\['([^']*)'\]/g)].map((match) => match[1]);
    const known: readonly (string | undefined)[] = [
      ...attributeNames,
      ...Object.values(scrapedLabels).flat(),
    ];
    for (const name of used) expect(known).toContain(name);
  });
});

describe('rules', () => {
  it('have uids that are their own and short enough for Grafana', () => {
    const uids = rules.map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(uids.length);
    for (const uid of uids) expect(uid).toMatch(/^[a-z0-9-]{1,40}$/);
  });

  it('are those of the list: who changes a name makes Grafana forget its alerts', () => {
    expect(rules.map(({ id }) => id).sort()).toEqual([...ruleIds].sort());
  });
});

describe('the SQL of a rule', () => {
  const name: string = 'ServiceName';

  it('takes columns, numbers and attributes of the pinned list', () => {
    const host = attributeOf(g.ResourceAttributes, 'host.name');
    const text = ruleSql`SELECT ${g.ServiceName}, ${host}, ${1} WHERE $__timeFilter(${g.TimeUnix})`;
    expect(text).toBe(
      "SELECT ServiceName, ResourceAttributes['host.name'], 1 WHERE $__timeFilter(TimeUnix)",
    );
  });

  it('does not compile with a text of unknown content', () => {
    // @ts-expect-error: any string could hold a variable.
    expect(ruleSql`SELECT ${name}`).toBe('SELECT ServiceName');
    // @ts-expect-error: the text of a panel may have variables in it.
    expect(ruleSql`SELECT ${attribute(g.Attributes, 'state')}`).toContain('state');
    // @ts-expect-error: a filter of a dashboard may have variables in it.
    const points = growth({ metric: 'obsctl.gateway.dropped.items', filter: name });
    expect(points).toContain(name);
    // @ts-expect-error: a column that the schema does not have.
    expect(() => ruleSql`SELECT ${g.Service}`).not.toThrow();
  });

  it('does not compile with a variable, and is not built either', () => {
    // @ts-expect-error: a variable of a dashboard, seen letter by letter.
    expect(() => ruleSql`SELECT ${'$host'}`).toThrow('no variables');
    expect(() => ruleSql`SELECT $host`).toThrow('no variables');
    expect(() => ruleSql`SELECT \${host:singlequote}`).toThrow('no variables');
    expect(() => literal('$host')).toThrow('no variables');
  });

  it('is not built with a macro of the browser, nor with an unknown one', () => {
    expect(() => ruleSql`SELECT 1 WHERE $__conditionalAll(a = 1, $a)`).toThrow('conditionalAll');
    expect(() => ruleSql`SELECT 1 WHERE $__adHocFilters('a')`).toThrow('adHocFilters');
  });
});

describe('a rule', () => {
  const [first] = rules;
  if (first === undefined) throw new Error('no rules');
  const { uid: _uid, sql: _sql, ...rest } = first;
  const spec = { ...rest, id: 'host-cpu' } as const;
  const rows = ruleSql`SELECT 'a' AS service, 1 AS value`;

  it('speaks only of labels that it has', () => {
    const labels = ['service'] as const;
    const wrong = { ...spec, labels, scope: labels, rows, summary: '{pod} is gone' };
    expect(() => defineRule(wrong)).toThrow('{pod}');
    // @ts-expect-error: a scope that is no label.
    expect(defineRule({ ...spec, labels, scope: ['pod'], rows }).uid).toContain('obsctl-');
  });

  it('has an id of the list', () => {
    const labels = ['service'] as const;
    // @ts-expect-error: an id that is not in the list.
    const own = defineRule({ ...spec, labels, scope: labels, rows, id: 'made-up' });
    expect(own.uid).toBe('obsctl-made-up');
    const long = 'a'.repeat(34) as RuleId;
    expect(() => defineRule({ ...spec, labels, scope: labels, rows, id: long })).toThrow('uid');
  });
});

describe('a threshold', () => {
  const override = (rule: RuleId, match: string) => ({ rule, match, threshold: 1 });

  it.each(["a' OR 1", '$a', '', 'a b'])('for %j, which is no glob, is refused', (match) => {
    const build = () => alertRules({ overrides: [override('container-cpu', match)] });
    expect(build).toThrow(expect.objectContaining({ code: 'OBS-4020' }));
  });

  it('keeps the uid of its rule wherever it stands in the list', () => {
    const uids = (...matches: readonly string[]) =>
      alertRules({ overrides: matches.map((match) => override('host-cpu', match)) })
        .map(({ uid }) => uid)
        .filter((uid) => uid.startsWith('obsctl-host-cpu'))
        .sort();
    expect(uids('a-*', 'b-*')).toHaveLength(3);
    expect(uids('a-*', 'b-*')).toEqual(uids('b-*', 'a-*'));
  });
});
