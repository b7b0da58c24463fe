import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { alertRules } from './alerts/catalog.ts';
import { dashboards } from './catalog.ts';
import { unfedRules } from './doctor.ts';
import { leaveOut, unfedSources } from './leave-out.ts';
import { operatorFiles } from './operator.ts';
import { renderFiles } from './render.ts';
import type { DashboardJson } from './vocabulary/board.ts';
import { dashboardUids } from './vocabulary/links.ts';
import type { Standing } from './vocabulary/needs.ts';
import { type SourceId, sources } from './vocabulary/sources.ts';

const all = dashboards();
const without = (off: readonly SourceId[]): readonly DashboardJson[] => leaveOut(all, off);
const titled = (boards: readonly DashboardJson[], title: string): DashboardJson => {
  const found = boards.find((board) => board.title === title);
  if (found === undefined) throw new Error(`no dashboard ${title}`);
  return found;
};

describe('what nothing feeds', () => {
  it('follows the presets, their options and the gateway', () => {
    const presets = {
      host_metrics: [{ scrapers: ['cpu', 'memory'] }],
      control_plane: [{ api_server: { enabled: true }, etcd: { enabled: false } }],
      cni: [{ kind: 'calico' }],
    };
    const off = new Set<string>(unfedSources({ presets, gateway: 'collector' }));
    const expected = {
      ...{ host_cpu: false, host_memory: false, host_process: true, host_load: true },
      ...{ control_plane: false, etcd: true, calico: false, cilium: true },
      ...{ kubernetes_state: true, receipts: true, edges: true },
      ...{ spans: false, logs: false, requests: false, clickhouse: false },
    };
    expect(Object.fromEntries(Object.keys(expected).map((id) => [id, off.has(id)]))).toEqual(
      expected,
    );
  });

  it('is what any of several agents with the preset leaves', () => {
    const control_plane = [{ etcd: { enabled: false } }, { etcd: { enabled: true } }];
    expect(unfedSources({ presets: { control_plane }, gateway: 'obsctl' })).not.toContain('etcd');
  });

  it('is nothing where agents are elsewhere and the gateway is ours', () => {
    expect(unfedSources({ presets: undefined, gateway: 'obsctl' })).toEqual([]);
  });
});

describe('alert rules without a source', () => {
  it('go, and those that stay lead to a dashboard and a panel that stay', () => {
    const ids = fc.uniqueArray(fc.constantFrom(...(Object.keys(sources) as SourceId[])));
    const check = (off: readonly SourceId[]) => {
      const boards = without(off);
      const rules = alertRules({ without: off });
      expect(rules.map(({ id }) => id)).toEqual(
        alertRules()
          .filter(({ source }) => !off.includes(source))
          .map(({ id }) => id),
      );
      const applications: readonly string[] = ['requests', 'spans', 'logs'];
      for (const { dashboard, panel } of rules.filter(
        ({ source }) => !applications.includes(source),
      )) {
        const found = boards.find(({ uid }) => uid === dashboardUids[dashboard]);
        if (panel !== undefined) expect(found?.panels.map(({ title }) => title)).toContain(panel);
      }
    };
    fc.assert(fc.property(ids, check), { numRuns: 100 });
  });

  it.each<[string, Standing, readonly string[]]>([
    [
      'a machine',
      { presets: { host_metrics: [{ scrapers: ['cpu', 'memory'] }] }, gateway: 'obsctl' },
      ['host-cpu', 'host-silent', 'gateway-lag', 'slo-availability-fast', 'log-errors'],
    ],
    [
      'a cluster behind a stock Collector',
      { presets: { cluster_metrics: [{}] }, gateway: 'collector' },
      ['node-ready', 'deployment-stuck', 'slo-availability-fast', 'log-errors'],
    ],
  ])('of %s', (_, standing, some) => {
    const off = unfedSources(standing);
    const left = alertRules({ without: off }).map(({ id }) => id);
    for (const id of some) expect(left).toContain(id);
    const gone = unfedRules(alertRules(), standing).map(({ id }) => id);
    expect([...left, ...gone].sort()).toEqual(
      alertRules()
        .map(({ id }) => id)
        .sort(),
    );
    expect(gone).toContain('container-cpu');
    expect(gone).toContain('host-disk-io');
    for (const dashboard of alertRules({ without: off }).map((rule) => rule.dashboard)) {
      expect(without(off).map(({ uid }) => uid)).toContain(dashboardUids[dashboard]);
    }
  });

  it('are none where it is not known what stands', () => {
    expect(unfedRules(alertRules(), undefined)).toEqual([]);
  });
});

describe('what is rendered of a stack', () => {
  const off: readonly SourceId[] = ['kubernetes_usage', 'cilium', 'calico', 'aws_vpc_cni'];
  const ruleUids = (text: string) => alertRules().filter(({ uid }) => text.includes(`${uid}\n`));
  it.each([
    ['files', renderFiles({ without: off })],
    ['objects of the operator', operatorFiles({ without: off })],
  ])('as %s has neither dashboards nor rules of what is off', (_, files) => {
    const text = files.map((file) => file.text).join('\n');
    expect(text).not.toContain('"uid": "obsctl-cni"');
    expect(text).toContain('"uid": "obsctl-services"');
    expect(ruleUids(text).map(({ id }) => id)).toEqual(
      alertRules({ without: off }).map(({ id }) => id),
    );
  });
});

describe('dashboards without a source', () => {
  it('are the same when nothing is off', () => {
    expect(without([])).toBe(all);
  });

  it('lose its panels and no others, and keep the ids of the rest', () => {
    const off: readonly SourceId[] = ['cilium', 'aws_vpc_cni'];
    const before = titled(all, 'CNI').panels;
    const after = titled(without(off), 'CNI').panels;
    expect(after.map(({ id }) => id)).toEqual(
      before
        .filter(({ title, type, options }) =>
          type === 'row' ? title === 'Calico' : options?.obsctl?.source === 'calico',
        )
        .map(({ id }) => id),
    );
    expect(after[0]?.gridPos.y).toBe(0);
  });

  it('go when no panel is left, and every link to them goes too', () => {
    const kubernetes = Object.keys(sources).filter((id) => /^kubernetes_|^cadvisor/.test(id));
    const left = without(kubernetes as SourceId[]);
    const uids = left.map(({ uid }) => uid);
    expect(uids).not.toContain('obsctl-pod');
    expect(uids).toContain('obsctl-services');
    for (const [, uid] of JSON.stringify(left).matchAll(/"\/d\/([\w-]+)\?/g)) {
      expect(uids).toContain(uid);
    }
  });

  it.each(Object.keys(sources) as SourceId[])('place what is left without overlap: %s', (id) => {
    for (const { panels } of without([id])) {
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
    }
  });
});
