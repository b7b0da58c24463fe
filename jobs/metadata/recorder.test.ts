/** Golden differences, and: cut off anywhere and begun again, the tables hold the same. */
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../core/json.ts';
import { type Random, seededRandom } from '../../test/support/random.ts';
import type { Entity } from './entity.ts';
import { entityTableNames } from './entity.ts';
import { entityOf, watchedKinds } from './kubernetes/kinds.ts';
import { type Recorded, Recorder } from './recorder.ts';
import { ownColumns } from './store.ts';
import { StoredRows } from './testdata/stored-rows.ts';

const chosen = { labels: ['team'], annotations: [] };
const nothing: Recorded = { known: [], gone: [], predecessors: [] };
const startMs = Date.UTC(2026, 10, 1);

type Made = {
  readonly kind?: string;
  readonly uid?: string;
  readonly name?: string;
  readonly version: number;
  readonly createdMs?: number;
  readonly labels?: JsonObject;
  readonly owner?: JsonObject;
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
  readonly data?: JsonObject;
};

function entity(made: Made): Entity {
  const { kind = 'Pod', uid = 'u1', name = 'web-0', version, createdMs = startMs } = made;
  const watched = watchedKinds.find((one) => one.kind === kind);
  if (watched === undefined) throw new Error(`no kind ${kind}`);
  const object = {
    metadata: {
      ...{ uid, name, namespace: 'shop', resourceVersion: String(version) },
      creationTimestamp: new Date(createdMs).toISOString(),
      labels: made.labels ?? {},
      ownerReferences: made.owner === undefined ? [] : [made.owner],
    },
    spec: made.spec ?? {},
    status: made.status ?? {},
    data: made.data ?? {},
  };
  return entityOf(watched, object, chosen);
}

const set = { kind: 'StatefulSet', uid: 's1', name: 'web', controller: true };
const container = (image: string, cpu = '250m') => ({
  ...{ name: 'app', image },
  resources: { requests: { cpu, memory: '64Mi' } },
});

function eventsOf(recorder: Recorder): readonly string[] {
  return recorder.take().events.map(({ type, description }) => `${type}: ${description}`);
}

describe('what happened', () => {
  it('is told of a pod from its creation to its end', () => {
    const recorder = new Recorder(nothing);
    const spec = { containers: [container('shop:1')] };
    recorder.see(entity({ version: 1, owner: set, spec }), startMs);
    expect(eventsOf(recorder)).toEqual([
      'created: Pod shop/web-0 was created: Images {"app":"shop:1"}',
    ]);

    const placed = { ...spec, nodeName: 'n1' };
    recorder.see(entity({ version: 2, owner: set, spec: placed }), startMs + 1_000);
    expect(eventsOf(recorder)).toEqual([]);

    const status = {
      phase: 'Running',
      podIP: '10.0.0.7',
      podIPs: [{ ip: '10.0.0.7' }, { ip: 'fd00::7' }],
    };
    recorder.see(entity({ version: 3, owner: set, spec: placed, status }), startMs + 2_000);
    expect(eventsOf(recorder)).toEqual([
      'state_changed: Pod shop/web-0 changed its state: Phase Running',
      'address_attached: Pod shop/web-0 got an address: Addresses 10.0.0.7, fd00::7',
    ]);

    const larger = { nodeName: 'n1', containers: [container('shop:2', '1')] };
    recorder.see(entity({ version: 4, owner: set, spec: larger, status }), startMs + 3_000);
    expect(eventsOf(recorder)).toEqual([
      'image_changed: Pod shop/web-0 has other images: Images.app shop:1 → shop:2',
      'resized: Pod shop/web-0 was resized: CpuRequestMillis 250 → 1000',
    ]);

    const labels = { team: 'till', ignored: 'x' };
    recorder.see(entity({ version: 5, owner: set, spec: larger, status, labels }), startMs + 4_000);
    expect(eventsOf(recorder)).toEqual(['modified: Pod shop/web-0 was modified: labels.team till']);

    recorder.lose('u1', 6n, startMs + 5_000);
    expect(eventsOf(recorder)).toEqual([
      'address_detached: Pod shop/web-0 lost an address: Addresses 10.0.0.7, fd00::7',
      'deleted: Pod shop/web-0 was deleted: Images {"app":"shop:2"}; Node n1',
    ]);
  });

  it('is told of a name that comes back on another node', () => {
    const recorder = new Recorder(nothing);
    recorder.see(entity({ version: 1, owner: set, spec: { nodeName: 'n1' } }), startMs);
    recorder.lose('u1', 2n, startMs + 1_000);
    recorder.take();
    const later = { uid: 'u2', createdMs: startMs + 2_000, owner: set };
    recorder.see(entity({ ...later, version: 3 }), startMs + 2_000);
    recorder.see(entity({ ...later, version: 4, spec: { nodeName: 'n2' } }), startMs + 3_000);
    const { events } = recorder.take();
    expect(events.map(({ type }) => type)).toEqual(['created', 'recreated']);
    expect(events[1]).toMatchObject({
      before: { Id: 'u1', Node: 'n1', Created: '2026-11-01T00:00:00.000Z' },
      after: { Id: 'u2', Node: 'n2', Created: '2026-11-01T00:00:02.000Z' },
    });
  });

  it('is not that when it comes back where it was, or has a hash in its name', () => {
    for (const [node, owner] of [
      ['n1', set],
      ['n2', { kind: 'ReplicaSet', uid: 'r', name: 'web-5d9', controller: true }],
    ] as const) {
      const recorder = new Recorder(nothing);
      recorder.see(entity({ version: 1, owner, spec: { nodeName: 'n1' } }), startMs);
      recorder.lose('u1', 2n, startMs + 1_000);
      const again = { uid: 'u2', createdMs: startMs + 2_000, owner, spec: { nodeName: node } };
      recorder.see(entity({ ...again, version: 3 }), startMs + 2_000);
      const types = recorder.take().events.map(({ type }) => type);
      expect(types).toEqual(['created', 'deleted', 'created']);
    }
  });

  it('is told of what moves', () => {
    const recorder = new Recorder(nothing);
    recorder.see(entity({ version: 1, spec: { nodeName: 'n1' } }), startMs);
    recorder.take();
    recorder.see(entity({ version: 2, spec: { nodeName: 'n2' } }), startMs + 1);
    expect(eventsOf(recorder)).toEqual(['migrated: Pod shop/web-0 moved: Node n1 → n2']);
  });

  it('is told of a config map by its hash alone', () => {
    const recorder = new Recorder(nothing);
    const kind = 'ConfigMap';
    recorder.see(entity({ kind, version: 1, data: { key: 'secret-one' } }), startMs);
    recorder.see(entity({ kind, version: 2, data: { key: 'secret-three' } }), startMs + 1);
    const rows = recorder.take();
    expect(rows.events.map(({ type }) => type)).toEqual(['created', 'config_changed']);
    expect(Object.keys(rows.events[1]?.after ?? {})).toEqual(['Hash', 'Bytes']);
    const text = JSON.stringify(rows, (_key, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(text).not.toContain('secret');
  });

  it('is nothing when a list says the same again', () => {
    const recorder = new Recorder(nothing);
    const one = entity({ version: 1, status: { phase: 'Running' } });
    recorder.see(one, startMs);
    recorder.take();
    recorder.beginList('Pod');
    recorder.see(one, startMs + 1);
    recorder.see(entity({ version: 2, status: { phase: 'Running' } }), startMs + 1);
    recorder.endList('Pod', 3n, startMs + 1);
    expect(recorder.take()).toEqual({ versions: [], events: [] });
  });

  it('is the end of what a list has no longer, and of no other kind', () => {
    const recorder = new Recorder(nothing);
    recorder.see(entity({ version: 1 }), startMs);
    recorder.see(entity({ kind: 'Service', uid: 's', version: 1 }), startMs);
    recorder.take();
    recorder.beginList('Pod');
    recorder.endList('Pod', 9n, startMs + 60_000);
    const { versions, events } = recorder.take();
    expect(events.map(({ type, entity: { id } }) => `${type} ${id}`)).toEqual(['deleted u1']);
    expect(versions).toMatchObject([{ isGone: true, version: 9n, validToMs: startMs + 60_000 }]);
    // The hourly list runs ahead of what is watched.
    recorder.see(entity({ version: 5, status: { phase: 'Running' } }), startMs + 61_000);
    recorder.lose('u1', 7n, startMs + 61_000);
    expect(recorder.take()).toEqual({ versions: [], events: [] });
  });
});

it('has for each table the columns that its entities have', () => {
  for (const table of entityTableNames) {
    for (const { columns } of watchedKinds.filter((one) => one.table === table)) {
      const expected = ownColumns(table).map(({ name }) => name);
      expect(Object.keys(columns({})).sort()).toEqual(expected.sort());
    }
  }
});

describe('a watcher that is killed', () => {
  it('leaves the tables as if it had not been', () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = seededRandom(seed);
    const history = makeHistory(random);
    const whole = new StoredRows();
    play(history, 0, history.length, new Recorder(nothing), whole, random, Infinity);
    const parts = new StoredRows();
    for (let from = 0; from < history.length; ) {
      const to = Math.min(history.length, from + 1 + random.below(40));
      const recorder = new Recorder(parts.recorded(history[from]?.version ?? 0));
      const writtenTo = play(history, from, to, recorder, parts, random, 3);
      if (to === history.length && writtenTo === to) break;
      from = writtenTo;
    }
    expect({ seed, ...parts.summary() }).toEqual({ seed, ...whole.summary() });
    expect(whole.summary().events.length).toBeGreaterThan(100);
  });
});

type Happening = { readonly version: number; readonly made: Made; readonly isGone: boolean };

/** Pods of a few names that come, change, move on and go. */
function makeHistory(random: Random): readonly Happening[] {
  const history: Happening[] = [];
  const alive = new Map<string, Made>();
  let uids = 0;
  for (let version = 1; version <= 400; version += 1) {
    const name = `web-${random.below(6)}`;
    const at = startMs + version * 1_000;
    const one = alive.get(name);
    if (one === undefined) {
      uids += 1;
      const made = { uid: `u${uids}`, name, version, createdMs: at, owner: set };
      alive.set(name, made);
      history.push({ version, made, isGone: false });
    } else if (random.oneIn(4)) {
      alive.delete(name);
      history.push({ version, made: { ...one, version }, isGone: true });
    } else {
      const nodeName = one.spec?.['nodeName'] ?? `n${random.below(3)}`;
      const image = `shop:${random.below(2)}`;
      const podIP = `10.0.0.${random.below(4)}`;
      const made = {
        ...one,
        ...{ version, status: { phase: 'Running', podIP } },
        spec: { nodeName, containers: [container(image)] },
      };
      alive.set(name, made);
      history.push({ version, made, isGone: false });
    }
  }
  return history;
}

/**
 * Tells `[from, to)`, writing now and then; a write may be cut off behind its events. Returns where
 * the next one must begin: behind the last complete write.
 */
function play(
  history: readonly Happening[],
  from: number,
  to: number,
  recorder: Recorder,
  stored: StoredRows,
  random: Random,
  cutOneIn: number,
): number {
  let writtenTo = from;
  for (let index = from; index < to; index += 1) {
    const { version, made, isGone } = history[index] as Happening;
    const at = startMs + version * 1_000;
    if (isGone) recorder.lose(made.uid ?? '', BigInt(version), at);
    else recorder.see(entity(made), at);
    if (index + 1 < to && !random.oneIn(5)) continue;
    const rows = recorder.take();
    stored.putEvents(rows.events);
    if (random.oneIn(cutOneIn)) return writtenTo;
    stored.putVersions(rows.versions);
    if (random.oneIn(cutOneIn)) return writtenTo;
    writtenTo = index + 1;
  }
  return writtenTo;
}
