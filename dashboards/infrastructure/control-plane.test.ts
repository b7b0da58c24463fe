/** Control plane and CNI on the seeded cluster: the numbers are those that the parts tell. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Asker } from '../../test/support/ask-dashboards.ts';
import type { TestEngine } from '../../test/support/engine.ts';
import { awsAddresses, ciliumDrops } from '../../test/support/seed-cni.ts';
import { apiRequests } from '../../test/support/seed-control-plane.ts';
import { startSeededShop } from '../../test/support/seeded-shop.ts';
import { meanRateOf, rateOf } from '../vocabulary/scraped.ts';

let engine: TestEngine;
let panelRows: Asker['panelRows'];

beforeAll(async () => {
  ({ engine, panelRows } = await startSeededShop(7));
}, 120_000);

afterAll(() => engine?.stop());

const cluster = (title: string) => panelRows('Control plane', title);
const cni = (title: string) => panelRows('CNI', title);
/** The first point of a range is nothing to grow from: 39 of its 40 steps count. */
const counted = 39 / 40;
const perSecond = (filter: (each: (typeof apiRequests)[number]) => boolean): number =>
  apiRequests.filter(filter).reduce((sum, each) => sum + each.perSecond, 0);

describe('the API server', () => {
  it('has the requests of all clients, and as errors only its own', async () => {
    const [all] = await cluster('API requests');
    expect(all?.['API requests']).toBeCloseTo(perSecond(() => true) * counted, 6);
    const [failed] = await cluster('API errors');
    const share = perSecond(({ code }) => code === '504') / perSecond(() => true);
    expect(failed?.['API errors']).toBeCloseTo(share, 9);
  });

  it('has no watch in its latency', async () => {
    const [row] = await cluster('API p99');
    expect(Number(row?.['API p99'])).toBeGreaterThan(1);
    expect(Number(row?.['API p99'])).toBeLessThan(2.5);
    const verbs = (await cluster('API p99 by verb')).map((each) => each['verb']);
    expect([...new Set(verbs)].sort()).toEqual(['GET', 'LIST', 'PATCH', 'PUT']);
  });

  it('has the slowest resource first, with the share that failed', async () => {
    const rows = await cluster('API requests by resource');
    expect(rows.map((row) => row['Resource'])).toEqual(['leases', 'pods', 'nodes']);
    const share = 0.5 / perSecond(({ resource }) => resource === 'leases');
    expect(rows[0]?.['Failed']).toBeCloseTo(share, 9);
  });

  it('names what rejects, the most first', async () => {
    expect(await cluster('What rejects requests')).toMatchObject([
      { By: 'priority level', Name: 'workload-low', Reason: 'queue-full' },
      { By: 'webhook', Name: 'policy.shop.example' },
    ]);
  });
});

describe('the other parts', () => {
  it('are the fullest etcd, pods that fit nowhere, and no part that is silent', async () => {
    expect(await cluster('etcd quota used')).toEqual([{ 'etcd quota used': 0.9 }]);
    expect(await cluster('Pods not placed')).toEqual([{ 'Pods not placed': 2 }]);
    expect(await cluster('Parts silent')).toEqual([{ 'Parts silent': 0 }]);
    expect(await cluster('Without a leader')).toEqual([{ 'Without a leader': 0 }]);
  });

  it('have the deepest queue first, of whichever program', async () => {
    const rows = await cluster('Work queues by depth');
    expect(rows[0]).toMatchObject({
      Program: 'kube-controller-manager',
      Queue: 'garbage_collector_attempt_to_delete',
      Depth: 140,
    });
    expect(rows.map((row) => row['Program'])).toContain('kube-apiserver');
  });

  it('have every answer of the DNS by its code', async () => {
    const rows = await cluster('DNS answers');
    const last = Object.fromEntries(rows.map((row) => [row['rcode'], Number(row['answers'])]));
    expect(last['NOERROR']).toBeCloseTo(25, 6);
    expect(last['NXDOMAIN']).toBeCloseTo(15, 6);
  });
});

describe('the network plugins', () => {
  it('keep what a policy denied apart from what was lost', async () => {
    const [lost] = await cni('Packets dropped');
    const [denied] = await cni('Denied by policy');
    expect(lost?.['Packets dropped']).toBeCloseTo(
      ciliumDrops['CT: Map insertion failed'] * counted,
      6,
    );
    expect(denied?.['Denied by policy']).toBeCloseTo(ciliumDrops['Policy denied'] * counted, 6);
  });

  it('have the node in trouble first', async () => {
    const [first, second] = await cni('Cilium by node');
    expect(first).toMatchObject({ Node: 'shop-host-1', Endpoints: 13, 'Not ready': 1 });
    expect(second).toMatchObject({ Node: 'shop-host-2', 'Not ready': 0 });
    expect((await cni('Calico by node'))[0]).toMatchObject({
      Node: 'shop-host-2',
      State: 'not in sync',
      Rules: 160,
    });
    expect((await cni('Addresses by node'))[0]).toMatchObject({
      Node: 'shop-host-1',
      Assigned: 27,
    });
  });

  it('tell the fullest map and the node with the fewest addresses left', async () => {
    expect(await cni('Fullest BPF map')).toEqual([{ 'Fullest BPF map': 0.94 }]);
    const least = awsAddresses.most - Math.max(...awsAddresses.assigned);
    expect(await cni('Addresses left')).toEqual([{ 'Addresses left': least }]);
  });
});

describe('names', () => {
  it('are those that a preset keeps, with their own labels, and nothing else compiles', () => {
    const filter = '1';
    expect(rateOf({ metric: 'cilium_drop_count_total', by: ['reason'], filter })).toContain('drop');
    // @ts-expect-error: the preset does not keep it.
    expect(rateOf({ metric: 'cilium_services_events_total', filter })).toContain('services');
    // @ts-expect-error: a gauge has no rate.
    expect(meanRateOf({ metric: 'workqueue_depth', filter })).toContain('depth');
    // @ts-expect-error: a label of another metric.
    expect(rateOf({ metric: 'cilium_drop_count_total', by: ['rcode'], filter })).toContain('drop');
  });
});
