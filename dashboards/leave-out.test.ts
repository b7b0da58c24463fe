import { describe, expect, it } from '@jest/globals';
import { dashboards } from './catalog.ts';
import { leaveOut, unfedSources } from './leave-out.ts';
import type { DashboardJson } from './vocabulary/board.ts';
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
