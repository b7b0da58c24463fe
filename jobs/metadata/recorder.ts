/**
 * What is known of one cluster, against what its API server says: each difference becomes rows.
 * Nothing here asks or writes; what `take` gives has been seen and is not yet written.
 *
 *     object ─▶ entity ─▶ against the last one known ─▶ version ends, version begins, events
 *
 * It may hear everything twice, because a watcher that was killed goes on from where its rows were
 * last complete: what is not newer than what is known is no news. And whatever it writes twice has
 * the same key, so that the tables keep it once.
 */
import {
  created,
  deleted,
  differences,
  type EntityEvent,
  nodeOf,
  type Predecessor,
  recreated,
} from './differences.ts';
import { type Entity, isSame } from './entity.ts';

/** A version of an entity, as one row. */
export type VersionRow = {
  readonly entity: Entity;
  readonly validFromMs: number;
  /** Undefined while it is true. */
  readonly validToMs: number | undefined;
  /** Resource version of what made us write it. */
  readonly version: bigint;
  readonly isGone: boolean;
};

export type EventRow = EntityEvent & {
  readonly entity: Entity;
  readonly timeMs: number;
  readonly resourceVersion: bigint;
};

/** An entity that is there, as the tables have it. */
export type Known = { readonly entity: Entity; readonly validFromMs: number };

/** What the tables say when a watcher begins. */
export type Recorded = {
  readonly known: readonly Known[];
  /** Of entities that went after the position of their kind: id and resource version. */
  readonly gone: readonly { readonly id: string; readonly resourceVersion: bigint }[];
  /** Of pods that went lately and whose name may come back. */
  readonly predecessors: readonly (Predecessor & { namespace: string; name: string })[];
};

export type Rows = {
  readonly versions: readonly VersionRow[];
  readonly events: readonly EventRow[];
};

/** Names that come back are those of StatefulSets and of pods that nobody made. */
const returning: ReadonlySet<unknown> = new Set(['StatefulSet', '']);

export class Recorder {
  readonly #known = new Map<string, Known>();
  readonly #gone = new Map<string, bigint>();
  readonly #predecessors = new Map<string, Predecessor>();
  /** Ids that the list under way has had, by kind. */
  readonly #listed = new Map<string, Set<string>>();
  #versions: VersionRow[] = [];
  #events: EventRow[] = [];

  constructor(recorded: Recorded) {
    for (const one of recorded.known) this.#known.set(one.entity.id, one);
    for (const { id, resourceVersion } of recorded.gone) this.#gone.set(id, resourceVersion);
    for (const one of recorded.predecessors) {
      this.#predecessors.set(`${one.namespace}/${one.name}`, one);
    }
  }

  /** How many entities are there. */
  get count(): number {
    return this.#known.size;
  }

  /** What is there. */
  get entities(): readonly Entity[] {
    return [...this.#known.values()].map(({ entity }) => entity);
  }

  /** How many rows wait. */
  get waiting(): number {
    return this.#versions.length + this.#events.length;
  }

  /** An entity is there, or has changed at `timeMs`. */
  see(entity: Entity, timeMs: number): void {
    const { id, kind, resourceVersion } = entity;
    this.#listed.get(kind)?.add(id);
    const known = this.#known.get(id);
    if (known === undefined) this.#begin(entity, timeMs);
    else if (resourceVersion > known.entity.resourceVersion) this.#change(known, entity, timeMs);
  }

  /** An entity has gone at `timeMs`, as of `resourceVersion`. */
  lose(id: string, resourceVersion: bigint, timeMs: number): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    const { entity, validFromMs } = known;
    const endMs = Math.max(timeMs, validFromMs);
    this.#known.delete(id);
    this.#versions.push({
      ...{ entity, validFromMs, isGone: true },
      validToMs: endMs,
      version: resourceVersion,
    });
    this.#put(entity, deleted(entity), endMs, resourceVersion);
    this.#remember(entity);
  }

  /** A list of everything of `kind` begins. */
  beginList(kind: string): void {
    this.#listed.set(kind, new Set());
  }

  /** It has ended: what it had not has gone, nobody knows when. */
  endList(kind: string, resourceVersion: bigint, timeMs: number): void {
    const listed = this.#listed.get(kind);
    this.#listed.delete(kind);
    if (listed === undefined) return;
    for (const [id, { entity }] of this.#known) {
      if (entity.kind !== kind || listed.has(id)) continue;
      this.lose(id, resourceVersion, timeMs);
      // Its last changes may still be told.
      this.#gone.set(id, resourceVersion);
    }
  }

  /** Gives the rows that have come together, and forgets them. */
  take(): Rows {
    const rows = { versions: this.#versions, events: this.#events };
    this.#versions = [];
    this.#events = [];
    return rows;
  }

  #begin(entity: Entity, timeMs: number): void {
    const { id, resourceVersion } = entity;
    const goneAt = this.#gone.get(id);
    // Told again, of one that has gone since.
    if (goneAt !== undefined && resourceVersion <= goneAt) return;
    const validFromMs = entity.createdMs === 0 ? timeMs : Math.min(entity.createdMs, timeMs);
    this.#open(entity, validFromMs);
    this.#put(entity, created(entity), validFromMs, resourceVersion);
    this.#compareWithPredecessor(entity, validFromMs);
  }

  #change(known: Known, entity: Entity, timeMs: number): void {
    if (isSame(known.entity, entity)) return;
    const changeMs = Math.max(timeMs, known.validFromMs);
    this.#versions.push({
      ...{ entity: known.entity, validFromMs: known.validFromMs, isGone: false },
      validToMs: changeMs,
      version: entity.resourceVersion,
    });
    this.#open(entity, changeMs);
    this.#put(entity, differences(known.entity, entity), changeMs, entity.resourceVersion);
    if (nodeOf(known.entity) === '') this.#compareWithPredecessor(entity, changeMs);
  }

  #open(entity: Entity, validFromMs: number): void {
    this.#known.set(entity.id, { entity, validFromMs });
    this.#versions.push({
      ...{ entity, validFromMs, validToMs: undefined, isGone: false },
      version: entity.resourceVersion,
    });
  }

  #put(
    entity: Entity,
    events: readonly EntityEvent[],
    timeMs: number,
    resourceVersion: bigint,
  ): void {
    for (const event of events) this.#events.push({ ...event, entity, timeMs, resourceVersion });
  }

  #compareWithPredecessor(entity: Entity, timeMs: number): void {
    if (entity.table !== 'pods' || nodeOf(entity) === '') return;
    const key = `${entity.namespace}/${entity.name}`;
    const before = this.#predecessors.get(key);
    if (before === undefined || before.id === entity.id) return;
    const event = recreated(entity, before);
    if (event !== undefined) this.#put(entity, [event], timeMs, entity.resourceVersion);
    this.#predecessors.delete(key);
  }

  #remember(entity: Entity): void {
    const { table, own, namespace, name, id, createdMs } = entity;
    if (table !== 'pods' || !returning.has(own['WorkloadKind']) || nodeOf(entity) === '') return;
    this.#predecessors.set(`${namespace}/${name}`, { id, node: nodeOf(entity), createdMs });
  }
}
