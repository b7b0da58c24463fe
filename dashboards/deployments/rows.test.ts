/**
 * Deployments on the real engine, out of the points of pods, out of what the watcher recorded of
 * them, and out of both: what is one, and how it went.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { Recorder } from '../../jobs/metadata/recorder.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { askerOf } from '../../test/support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import {
  type DeployedPod,
  type DeployedWorkload,
  deploymentPoints,
  tellDeployments,
} from '../../test/support/seed-deployments.ts';
import { expandQuery } from '../vocabulary/macros.ts';
import { deploymentRows } from './rows.ts';

const startMs = Math.floor(systemClock.nowMs() / 60_000) * 60_000 - 7_200_000;
const hour = 3600;
let engine: TestEngine;
let clickhouse: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(clickhouse);
}, 120_000);

afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});

beforeEach(async () => {
  for (const table of ['otel_metrics_gauge', 'entity_pods', 'entity_workloads']) {
    await clickhouse.run(`TRUNCATE TABLE otel.${table}`);
  }
});

async function insert(rows: readonly object[]): Promise<void> {
  const table = 'otel.otel_metrics_gauge';
  await clickhouse.client.insert({ table, values: [...rows], format: 'JSONEachRow' });
}

type Found = Readonly<Record<string, unknown>>;

/** Moments as seconds since the start of the scenario. */
async function found(untilSecond = hour, fromSecond = 0): Promise<readonly Found[]> {
  const sql = expandQuery(
    `SELECT *, toUnixTimestamp(started) - ${startMs / 1000} AS start,
      toUnixTimestamp(finished) - ${startMs / 1000} AS end
     FROM ${deploymentRows('1')} ORDER BY started, workload, revision`,
    {
      fromMs: startMs + fromSecond * 1000,
      toMs: startMs + untilSecond * 1000,
      intervalMs: 60_000,
      variables: {},
    },
  );
  return await askerOf(engine.url, { fromMs: 0, toMs: 0 }).ask(sql);
}

const image = (tag: string): Readonly<Record<string, string>> => ({ app: `registry/web:${tag}` });
const hashes = ['6d4cf56db6', '7c9b8d5f4', '58f7d9c6b4'] as const;
const ends = ['x2vqk', 'h7zlm', 'b4c8d', 'w9k2c', 'n5t6v'] as const;

type Span = Pick<DeployedPod, 'from' | 'until' | 'readyAfter' | 'failedFrom'>;
const replica = (nth: number, tag: string, of: number, span: Span): DeployedPod => ({
  pod: `web-${hashes[nth]}-${ends[of]}`,
  images: image(tag),
  ...span,
});
const web = (pods: readonly DeployedPod[]): DeployedWorkload => ({
  kind: 'deployment',
  namespace: 'shop',
  workload: 'web',
  pods,
});
/** Three pods of the first revision make room for three of the second, within four minutes. */
const rollout = web([
  replica(0, '1.0', 0, { from: 0, until: 720 }),
  replica(0, '1.0', 1, { from: 0, until: 780 }),
  replica(0, '1.0', 2, { from: 0, until: 840 }),
  replica(1, '1.1', 0, { from: 600 }),
  replica(1, '1.1', 1, { from: 690 }),
  replica(1, '1.1', 2, { from: 750 }),
]);

/** The watcher was there from the beginning. */
async function watch(workload: DeployedWorkload): Promise<void> {
  const store = new EntityStore(clickhouse, 'prod');
  const recorder = new Recorder(await store.recorded(new Map(), startMs));
  tellDeployments(recorder, [workload], startMs, hour);
  await store.write(recorder.take());
  await store.writePositions(new Map([['pods', 1_000n]]), startMs + hour * 1000);
}

describe.each(['points', 'entities'] as const)('out of %s,', (source) => {
  const put = async (workload: DeployedWorkload): Promise<void> => {
    if (source === 'points') await insert(deploymentPoints([workload], startMs, hour));
    else await watch(workload);
  };
  /** Points tell only some time before that a pod was still there. */
  const seen = (second: number): number => (source === 'points' ? second - 30 : second);

  describe('a rollout', () => {
    it('is one deployment, with the image before and after, and its moments', async () => {
      await put(rollout);
      expect(await found()).toEqual([
        expect.objectContaining({
          cluster: 'prod',
          namespace: 'shop',
          workload: 'deployment/web',
          revision_before: hashes[0],
          revision: hashes[1],
          image_before: 'registry/web:1.0',
          image_after: 'registry/web:1.1',
          start: 600,
          end: seen(840),
          state: 'finished',
          rollback: 0,
        }),
      ]);
    });

    it('is in progress, then stuck once nothing moves for three minutes', async () => {
      const [old] = rollout.pods;
      const never = replica(1, '1.1', 0, { from: 600, readyAfter: Number.POSITIVE_INFINITY });
      await put(web([{ ...(old as DeployedPod), until: hour }, never]));
      expect(await found(750)).toMatchObject([{ state: 'in progress', end: null }]);
      expect(await found(900)).toMatchObject([{ state: 'stuck', waits: 300, end: null }]);
    });

    it('is not finished while a new pod was never ready, though no old one is left', async () => {
      const [old] = rollout.pods;
      const never = replica(1, '1.1', 1, { from: 600, readyAfter: Number.POSITIVE_INFINITY });
      await put(web([old as DeployedPod, replica(1, '1.1', 0, { from: 600 }), never]));
      expect(await found(850)).toMatchObject([{ state: 'in progress' }]);
      expect(await found()).toMatchObject([{ state: 'stuck' }]);
    });

    it('is not taken up again by a pod that a scale-up adds later', async () => {
      const added = replica(1, '1.1', 3, { from: 2400, readyAfter: Number.POSITIVE_INFINITY });
      await put(web([...rollout.pods, added]));
      expect(await found()).toMatchObject([{ start: 600, end: seen(840), state: 'finished' }]);
    });

    it('is cancelled where the next one begins before its end', async () => {
      const third = replica(2, '1.2', 0, { from: 690 });
      const [old] = rollout.pods;
      const second = replica(1, '1.1', 0, { from: 600, until: 760 });
      await put(web([{ ...(old as DeployedPod), until: 800 }, second, third]));
      expect(await found()).toMatchObject([
        { start: 600, state: 'cancelled', image_after: 'registry/web:1.1' },
        { start: 690, state: 'finished', image_after: 'registry/web:1.2', rollback: 0 },
      ]);
    });

    it('names the images that changed, or all when only the template did', async () => {
      const [before, after] = [
        { app: 'registry/web:1.0', proxy: 'registry/proxy:9' },
        { app: 'registry/web:1.1', proxy: 'registry/proxy:9' },
      ];
      const of = (nth: number, images: Readonly<Record<string, string>>, span: Span) => ({
        ...replica(nth, '', 0, span),
        images,
      });
      await put(
        web([
          of(0, before, { from: 0, until: 660 }),
          of(1, after, { from: 600, until: 1860 }),
          of(2, after, { from: 1800 }),
        ]),
      );
      const all = 'registry/proxy:9, registry/web:1.1';
      expect(await found()).toMatchObject([
        { image_before: 'registry/web:1.0', image_after: 'registry/web:1.1' },
        { image_before: all, image_after: all },
      ]);
    });

    it('does not wait for a pod that failed and is only kept to be looked at', async () => {
      const evicted = replica(0, '1.0', 0, { from: 0, failedFrom: 630 });
      await put(web([evicted, replica(1, '1.1', 0, { from: 600 })]));
      expect(await found()).toMatchObject([{ start: 600, state: 'finished' }]);
    });
  });

  describe('a rollback is a deployment', () => {
    it('to a revision whose pods were gone', async () => {
      await put(
        web([
          replica(0, '1.0', 0, { from: 0, until: 660 }),
          replica(1, '1.1', 0, { from: 600, until: 1860 }),
          replica(0, '1.0', 1, { from: 1800 }),
        ]),
      );
      expect(await found()).toMatchObject([
        { image_after: 'registry/web:1.1', rollback: 0, state: 'finished' },
        { image_before: 'registry/web:1.1', image_after: 'registry/web:1.0', rollback: 1 },
      ]);
    });

    it('to a revision that had not left yet', async () => {
      await put(
        web([
          replica(0, '1.0', 0, { from: 0 }),
          replica(1, '1.1', 0, { from: 600, until: 900, readyAfter: Number.POSITIVE_INFINITY }),
        ]),
      );
      expect(await found()).toMatchObject([
        { start: 600, state: 'cancelled', image_after: 'registry/web:1.1' },
        { start: seen(900), state: 'finished', image_after: 'registry/web:1.0', rollback: 1 },
      ]);
    });
  });

  describe('no deployment is', () => {
    it('a workload that grows or shrinks, nor one that stood still and starts again', async () => {
      await put(
        web([
          replica(0, '1.0', 0, { from: 0, until: 1200 }),
          replica(0, '1.0', 1, { from: 600, until: 1200 }),
          replica(0, '1.0', 2, { from: 2400 }),
        ]),
      );
      expect(await found()).toEqual([]);
    });

    it('a workload that is new', async () => {
      await put(web([replica(0, '1.0', 0, { from: 600 })]));
      expect(await found()).toEqual([]);
    });

    it('a Job, though its pods are named like those of a DaemonSet', async () => {
      const job = (tag: string, end: string, span: Span) => ({
        pod: `migrate-${end}`,
        images: image(tag),
        ...span,
      });
      const pods = [
        job('1', 'x2vqk', { from: 0, until: 60 }),
        job('2', 'h7zlm', { from: 600, until: 660 }),
      ];
      const workload = 'migrate';
      await put({ kind: 'daemonset', namespace: 'shop', workload, foreign: true, pods });
      expect(await found()).toEqual([]);
    });
  });

  describe.each([
    ['statefulset', 'db', ['db-0', 'db-1']],
    ['daemonset', 'db', ['db-x2vqk', 'db-h7zlm']],
  ] as const)('a %s', (kind, workload, [first, second]) => {
    const set = (pods: readonly DeployedPod[]): DeployedWorkload => ({
      kind,
      namespace: 'data',
      workload,
      pods,
    });
    const one = (pod: string, tag: string, span: Span): DeployedPod => ({
      pod,
      images: { db: `registry/db:${tag}` },
      ...span,
    });

    it('is deployed pod by pod, under the same names', async () => {
      await put(
        set([
          one(first, '15', { from: 0, until: 900 }),
          one(second, '15', { from: 0, until: 600 }),
          one(second, '16', { from: 660 }),
          one(first, '16', { from: 960, readyAfter: 60 }),
        ]),
      );
      expect(await found()).toMatchObject([
        {
          workload: `${kind}/db`,
          image_before: 'registry/db:15',
          image_after: 'registry/db:16',
          start: 660,
          state: 'finished',
        },
      ]);
    });

    it('that restarts or grows is not deployed', async () => {
      await put(
        set([
          one(first, '15', { from: 0, until: 600 }),
          one(first, '15', { from: 660 }),
          one(second, '15', { from: 1200 }),
        ]),
      );
      expect(await found()).toEqual([]);
    });

    it('is deployed without a new image where the label of its revision is told', async () => {
      const told = (revision: string, span: Span) => ({ ...one(first, '15', span), revision });
      await put(
        set([told('db-7c9b8d5f4', { from: 0, until: 600 }), told('db-58f7d9c6b4', { from: 660 })]),
      );
      const both = 'registry/db:15';
      expect(await found()).toMatchObject([
        { revision: 'db-58f7d9c6b4', image_before: both, image_after: both },
      ]);
    });
  });
});

it('told by both a deployment is one, with the moments of the watcher', async () => {
  await insert(deploymentPoints([rollout], startMs, hour));
  await watch(rollout);
  expect(await found()).toMatchObject([{ start: 600, end: 840, state: 'finished' }]);
});

describe('points', () => {
  it('of which none came for a while are no deployment', async () => {
    const [old] = rollout.pods;
    const stays = web([{ ...(old as DeployedPod), until: hour }]);
    await insert(deploymentPoints([stays], startMs, hour, { from: 900, until: 2400 }));
    expect(await found()).toEqual([]);
  });

  it('that come late give the same deployment, once', async () => {
    const all = deploymentPoints([rollout], startMs, hour);
    const late = all.filter((_, index) => index % 3 === 1);
    await insert(all.filter((_, index) => index % 3 !== 1));
    expect(await found()).toHaveLength(1);
    await insert(late);
    // The same points once more, as a sender repeats them.
    await insert(late);
    expect(await found()).toMatchObject([{ start: 600, end: 810, state: 'finished' }]);
  });
});

describe('a range', () => {
  it('that begins after a deployment or ends before it does not have it', async () => {
    await insert(deploymentPoints([rollout], startMs, hour));
    expect(await found(hour, 700)).toEqual([]);
    expect(await found(590)).toEqual([]);
    expect(await found(hour, 590)).toHaveLength(1);
  });
});
