/** Entities in a real engine: what was written is what the next watcher finds, to the letter. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import type { Entity } from '../../jobs/metadata/entity.ts';
import { entityOf, watchedKinds } from '../../jobs/metadata/kubernetes/kinds.ts';
import { Recorder } from '../../jobs/metadata/recorder.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { fullObjects } from './testdata/full-objects.ts';

/** What has ended long ago expires. */
const nowMs = systemClock.nowMs();
const chosen = { labels: ['*'], annotations: ['*'] };
let engine: TestEngine;
let clickhouse: ClickHouse;
let store: EntityStore;

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(clickhouse);
  store = new EntityStore(clickhouse, 'shop');
});
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});

function entities(version: number): readonly Entity[] {
  return watchedKinds.map((watched) => {
    const object = fullObjects[watched.kind];
    if (object === undefined) throw new Error(`no object of kind ${watched.kind}`);
    const metadata = { ...Object(object['metadata']), resourceVersion: String(version) };
    return entityOf(watched, { ...object, metadata }, chosen);
  });
}

const count = async (sql: string): Promise<number> => {
  const [row] = await clickhouse.rows<{ n: string }>(`SELECT count() AS n ${sql}`);
  return Number(row?.n);
};

describe('entities in ClickHouse', () => {
  it('are found as they were written, so that the same again is no news', async () => {
    const recorder = new Recorder(await store.recorded(await store.positions(), nowMs));
    for (const entity of entities(10)) recorder.see(entity, nowMs);
    const rows = recorder.take();
    expect(rows.versions).toHaveLength(watchedKinds.length);
    await store.write(rows);
    await store.writePositions(new Map([['pods', 10n]]), nowMs);

    const positions = await store.positions();
    expect(positions).toEqual(new Map([['pods', 10n]]));
    const recorded = await store.recorded(positions, nowMs);
    const byId = (left: Entity, right: Entity): number => (left.id < right.id ? -1 : 1);
    expect(recorded.known.map(({ entity }) => entity).sort(byId)).toEqual(
      [...entities(10)].sort(byId),
    );
    const next = new Recorder(recorded);
    for (const entity of entities(11)) next.see(entity, nowMs + 1);
    expect(next.take()).toEqual({ versions: [], events: [] });
  });

  it('are kept once when they are written twice', async () => {
    const recorder = new Recorder(await store.recorded(await store.positions(), nowMs));
    for (const { id } of entities(12)) recorder.lose(id, 12n, nowMs + 2);
    const rows = recorder.take();
    await store.write(rows);
    await store.write({ ...rows, versions: [...rows.versions].reverse() });
    expect(await count('FROM otel.entity_pods FINAL')).toBe(1);
    expect(await count("FROM otel.entity_events FINAL WHERE EntityType = 'Pod'")).toBe(4);
    expect(await count('FROM otel.entity_pods FINAL WHERE IsGone AND ValidTo < now() + 60')).toBe(
      1,
    );
  });

  it('that went are not there, do not come back when told again, leave their name', async () => {
    const recorded = await store.recorded(await store.positions(), nowMs);
    expect(recorded.known).toEqual([]);
    expect(recorded.gone).toHaveLength(watchedKinds.length);
    expect(recorded.predecessors).toMatchObject([{ name: 'web-0', node: 'node-1' }]);
    const next = new Recorder(recorded);
    for (const entity of entities(11)) next.see(entity, nowMs + 1);
    expect(next.take()).toEqual({ versions: [], events: [] });
  });

  it('of another cluster are none of ours', async () => {
    const other = new EntityStore(clickhouse, 'other');
    expect(await other.recorded(new Map([['pods', 0n]]), nowMs)).toEqual({
      ...{ known: [], gone: [], predecessors: [] },
    });
  });
});
