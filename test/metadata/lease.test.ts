/** Who holds a Lease of a real API server: one at a time, and another when that one is gone. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import { type Api, ApiFailure, connectKubernetes } from '../../jobs/metadata/kubernetes/api.ts';
import { holdLease } from '../../jobs/metadata/kubernetes/lease.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeer } from '../support/peer.ts';

const startMsMax = 120_000;
const durationMs = 3000;
const renewMs = 1000;
/** On a machine with little time for this. */
const spareMs = 1500;
const pollMs = 10;

type Holder = {
  /** When its work began and was told to end, of the monotonic clock. */
  readonly began: readonly number[];
  readonly told: readonly number[];
  readonly isWorking: () => boolean;
  /** Its requests are not answered any more, as when its network is gone. */
  readonly cutOff: () => void;
  readonly stop: () => Promise<void>;
};

describeWithPeer('kubernetes', 'a real API server', (programs) => {
  let cluster: ControlPlane;
  let api: Api;

  beforeAll(async () => {
    cluster = await startControlPlane({ programs, controllers: false });
    api = await connectKubernetes({ kubeconfig: cluster.kubeconfig });
  }, startMsMax);
  afterAll(async () => await cluster?.stop());

  function hold(name: string, identity: string): Holder {
    const began: number[] = [];
    const told: number[] = [];
    let working = false;
    const way = cuttable(api);
    const controller = new AbortController();
    const options = {
      ...{ namespace: 'default', name, identity, durationMs, renewMs },
      ...{ clock: systemClock, signal: controller.signal },
    };
    const running = holdLease(way.api, options, async (signal) => {
      began.push(performance.now());
      working = true;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      told.push(performance.now());
      working = false;
    });
    const stop = async (): Promise<void> => {
      controller.abort();
      await running;
    };
    return { began, told, isWorking: () => working, cutOff: way.cutOff, stop };
  }

  async function leaseOf(name: string): Promise<Record<string, unknown>> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/default/leases/${name}`;
    return (await api.get(path))['spec'] as Record<string, unknown>;
  }

  it('lets one work at a time, and the other at once when it is given back', async () => {
    const both = [hold('turns', 'a'), hold('turns', 'b')];
    await until(() => both.some(({ isWorking }) => isWorking()));
    // Longer than the lease: only renewals keep the other out.
    const endMs = performance.now() + durationMs * 1.5;
    while (performance.now() < endMs) {
      expect(both.filter(({ isWorking }) => isWorking())).toHaveLength(1);
      await setTimeout(pollMs);
    }
    expect(both.flatMap(({ began }) => began)).toHaveLength(1);
    const first = both.find(({ isWorking }) => isWorking());
    const second = both.find((holder) => holder !== first);
    const releasedMs = performance.now();
    await first?.stop();
    await until(() => second?.isWorking() === true);
    expect(performance.now() - releasedMs).toBeLessThan(renewMs);
    expect(await leaseOf('turns')).toMatchObject({ leaseTransitions: 1, leaseDurationSeconds: 3 });
    await second?.stop();
    expect(await leaseOf('turns')).toMatchObject({ holderIdentity: '' });
  }, 60_000);

  it('gives the work to another when the holder is gone, after the holder stopped', async () => {
    const first = hold('gone', 'a');
    await until(first.isWorking);
    const second = hold('gone', 'b');
    // Time to see the first one renew.
    await setTimeout(renewMs * 1.5);
    const cutMs = performance.now();
    first.cutOff();
    await until(second.isWorking);
    const [toldMs = Number.POSITIVE_INFINITY] = first.told;
    const [beganMs = 0] = second.began;
    expect(toldMs).toBeLessThan(beganMs);
    expect(toldMs - cutMs).toBeLessThan(durationMs * (2 / 3) + spareMs / 3);
    expect(beganMs - cutMs).toBeLessThan(durationMs + renewMs + spareMs);
    expect(beganMs - cutMs).toBeGreaterThan(durationMs - renewMs - pollMs);
    await Promise.all([first.stop(), second.stop()]);
  }, 60_000);

  it('waits for an old time of renewal to stand still, whatever its clock says', async () => {
    const old = '2001-01-01T00:00:00.000000Z';
    const spec = { holderIdentity: 'other', leaseDurationSeconds: 2, renewTime: old };
    const lease = { metadata: { name: 'old' }, spec };
    await api.create('/apis/coordination.k8s.io/v1/namespaces/default/leases', lease);
    const startedMs = performance.now();
    const holder = hold('old', 'a');
    await until(holder.isWorking);
    expect((holder.began[0] ?? 0) - startedMs).toBeGreaterThan(2000 - pollMs);
    expect(await leaseOf('old')).toMatchObject({ holderIdentity: 'a', leaseTransitions: 1 });
    await holder.stop();
  });

  it('goes on when somebody else writes to the lease, and ends when it is taken', async () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/written';
    const holder = hold('written', 'a');
    await until(holder.isWorking);
    await cluster.ask('PATCH', path, { metadata: { labels: { team: 'shop' } } });
    await setTimeout(renewMs * 2.5);
    expect(holder.told).toEqual([]);
    await cluster.ask('PATCH', path, { spec: { holderIdentity: 'b' } });
    await until(() => holder.told.length === 1);
    await holder.stop();
    expect(await leaseOf('written')).toMatchObject({ holderIdentity: 'b' });
  });

  it('gives the lease back when the work ends by itself or fails', async () => {
    const options = { namespace: 'default', name: 'short', identity: 'a', clock: systemClock };
    const { signal } = new AbortController();
    const worked: string[] = [];
    await holdLease(api, { ...options, signal }, async () => {
      worked.push(String((await leaseOf('short'))['holderIdentity']));
    });
    expect(worked).toEqual(['a']);
    expect(await leaseOf('short')).toMatchObject({ holderIdentity: '' });
    const failing = holdLease(api, { ...options, signal }, async () => {
      throw new Error('no disk');
    });
    await expect(failing).rejects.toThrow('no disk');
    expect(await leaseOf('short')).toMatchObject({ holderIdentity: '' });
  });
});

/** An API whose answers stay away from some moment on, as when the network is gone. */
function cuttable(api: Api): { readonly api: Api; readonly cutOff: () => void } {
  let cut = false;
  const silence = (signal?: AbortSignal): Promise<JsonObject> =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(new ApiFailure(0, 'no answer')));
    });
  const cutApi: Api = {
    ...api,
    get: (path, signal) => (cut ? silence(signal) : api.get(path, signal)),
    create: (path, body, signal) => (cut ? silence(signal) : api.create(path, body, signal)),
    replace: (path, body, signal) => (cut ? silence(signal) : api.replace(path, body, signal)),
  };
  const cutOff = (): void => {
    cut = true;
  };
  return { api: cutApi, cutOff };
}

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error('it never came to that');
    await setTimeout(pollMs);
  }
}
