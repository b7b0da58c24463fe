/** A user who may only read can ask all that dashboards and alert rules ask. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import { usersConfig } from '../../k8s/clickhouse-files.ts';

const tablesOf = (text: string, before: RegExp): readonly string[] => {
  const found = [...text.matchAll(new RegExp(`${before.source}system\\.(\\w+)`, 'g'))];
  return [...new Set(found.map(([, name]) => name ?? ''))].sort();
};
const asked = tablesOf(JSON.stringify([alertRules(), dashboards()]), /FROM(?:\s|\\n)+/);

describe('system tables', () => {
  it('are asked by dashboards and by rules', () => {
    expect(asked).toEqual(expect.arrayContaining(['merge_tree_settings', 'parts', 'processes']));
  });

  it.each([
    ['the ClickHouse that is rendered', usersConfig('otel')],
    ['the guide', readFileSync(new URL('../../docs/guide/grafana.md', import.meta.url), 'utf8')],
  ])('may be read by the user of %s, and no others', (_, text) => {
    const granted = tablesOf(text, /GRANT SELECT ON /);
    expect(granted.filter((name) => name !== 'data_skipping_indices')).toEqual(asked);
  });
});
