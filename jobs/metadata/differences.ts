/** What happened to an entity: two versions of it compared. */
import type { Entity, Value } from './entity.ts';

type EventType =
  | 'created'
  | 'deleted'
  | 'recreated'
  | 'migrated'
  | 'resized'
  | 'image_changed'
  | 'config_changed'
  | 'state_changed'
  | 'address_attached'
  | 'address_detached'
  | 'modified';

export type EntityEvent = {
  readonly type: EventType;
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  /** One sentence. */
  readonly description: string;
};

/** An entity of the same name that went before this one came. */
export type Predecessor = {
  readonly id: string;
  readonly node: string;
  readonly createdMs: number;
};

const typeOfColumn: Readonly<Record<string, EventType>> = {
  Node: 'migrated',
  Images: 'image_changed',
  Phase: 'state_changed',
  State: 'state_changed',
  Replicas: 'resized',
  Bytes: 'resized',
  CpuRequestMillis: 'resized',
  MemoryRequestBytes: 'resized',
  CpuLimitMillis: 'resized',
  MemoryLimitBytes: 'resized',
  CpuMillis: 'resized',
  MemoryBytes: 'resized',
  CapacityCpuMillis: 'resized',
  CapacityMemoryBytes: 'resized',
};

/** Of these a new version is kept and no event: they follow from others, or say nothing alone. */
const silent: ReadonlySet<string> = new Set([
  'Started',
  'Containers',
  'Addresses',
  'Pods',
  'TemplateHash',
  'Ready',
]);

const verbs: Readonly<Record<EventType, string>> = {
  created: 'was created',
  deleted: 'was deleted',
  recreated: 'came back on another node',
  migrated: 'moved',
  resized: 'was resized',
  image_changed: 'has other images',
  config_changed: 'holds something else',
  state_changed: 'changed its state',
  address_attached: 'got an address',
  address_detached: 'lost an address',
  modified: 'was modified',
};

/** The first sight of an entity. */
export function created(entity: Entity): readonly EntityEvent[] {
  const attached = addressEvents(entity, [], addressesOf(entity));
  return [event(entity, 'created', {}, sizeOf(entity)), ...attached];
}

/** The end of an entity, as it was last seen. */
export function deleted(entity: Entity): readonly EntityEvent[] {
  const detached = addressEvents(entity, addressesOf(entity), []);
  return [...detached, event(entity, 'deleted', sizeOf(entity), {})];
}

/**
 * What lies between two versions: an event a type, which has all that differs of that type; for
 * addresses one that came and one that went.
 */
export function differences(before: Entity, after: Entity): readonly EntityEvent[] {
  const found = new Map<EventType, [Record<string, string>, Record<string, string>]>();
  const put = (type: EventType, name: string, left: string, right: string): void => {
    const [was, is] = found.get(type) ?? [{}, {}];
    found.set(type, [
      { ...was, [name]: left },
      { ...is, [name]: right },
    ]);
  };
  for (const [column, right] of Object.entries(after.own)) {
    const left = before.own[column] ?? '';
    if (silent.has(column) || textOf(left) === textOf(right)) continue;
    // A pod that gets its first node has not moved.
    if (column === 'Node' && left === '') continue;
    for (const [name, was, is] of parts(column, left, right)) {
      put(typeOf(after, column), name, was, is);
    }
  }
  for (const part of ['labels', 'annotations'] as const) {
    for (const [name, was, is] of parts(part, before[part], after[part])) {
      put('modified', name, was, is);
    }
  }
  return [
    ...[...found].map(([type, [was, is]]) => event(after, type, was, is)),
    ...addressEvents(after, addressesOf(before), addressesOf(after)),
  ];
}

function typeOf({ table }: Entity, column: string): EventType {
  if (table === 'config_maps') return 'config_changed';
  return typeOfColumn[column] ?? 'modified';
}

/** A pod of a name that was there, now on another node; undefined when it is the same one. */
export function recreated(entity: Entity, before: Predecessor): EntityEvent | undefined {
  const node = nodeOf(entity);
  if (node === '' || node === before.node || entity.createdMs === before.createdMs)
    return undefined;
  return event(
    entity,
    'recreated',
    { Id: before.id, Node: before.node, Created: new Date(before.createdMs).toISOString() },
    { Id: entity.id, Node: node, Created: new Date(entity.createdMs).toISOString() },
  );
}

export function nodeOf({ own }: Entity): string {
  return typeof own['Node'] === 'string' ? own['Node'] : '';
}

/** Map entries by name, where both are maps; else the whole value. */
function parts(column: string, left: Value, right: Value): readonly [string, string, string][] {
  if (!isMap(left) || !isMap(right)) return [[column, textOf(left), textOf(right)]];
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  return keys
    .filter((key) => left[key] !== right[key])
    .map((key) => [`${column}.${key}`, left[key] ?? '', right[key] ?? '']);
}

function addressEvents(
  entity: Entity,
  before: readonly string[],
  after: readonly string[],
): readonly EntityEvent[] {
  const attached = after.filter((address) => !before.includes(address)).join(', ');
  const detached = before.filter((address) => !after.includes(address)).join(', ');
  return [
    ...(detached === '' ? [] : [event(entity, 'address_detached', { Addresses: detached }, {})]),
    ...(attached === '' ? [] : [event(entity, 'address_attached', {}, { Addresses: attached })]),
  ];
}

/** Endpoint slices have the addresses of their pods, which say themselves what becomes of these. */
function addressesOf({ table, own }: Entity): readonly string[] {
  const addresses = own['Addresses'];
  return table === 'endpoint_slices' || !Array.isArray(addresses) ? [] : addresses;
}

/** What says at a glance what came or went. */
function sizeOf({ own }: Entity): Readonly<Record<string, string>> {
  const said: Record<string, string> = {};
  for (const column of ['Images', 'Node', 'Replicas', 'Bytes', 'InstanceType', 'Zone']) {
    const value = own[column];
    const text = value === undefined ? '' : textOf(value);
    if (text !== '' && text !== '0' && text !== '{}') said[column] = text;
  }
  return said;
}

function event(
  { kind, namespace, name }: Entity,
  type: EventType,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): EntityEvent {
  const who = `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const what = keys.map((key) => changeText(key, before[key], after[key])).join('; ');
  const description = `${who} ${verbs[type]}${what === '' ? '' : `: ${what}`}`;
  return { type, before, after, description };
}

function changeText(key: string, before: string | undefined, after: string | undefined): string {
  if (before === undefined || before === '') return `${key} ${after}`;
  return after === undefined || after === '' ? `${key} ${before}` : `${key} ${before} → ${after}`;
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isMap(value: Value): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && !Array.isArray(value);
}
