/** An entity as it is at one moment: what its table keeps of it, and nothing else. */

/** A column's value; maps and arrays are in a fixed order, so that equal ones have equal text. */
export type Value = string | number | readonly string[] | Readonly<Record<string, string>>;

export type Entity = {
  /** Its table, without the prefix: `pods`. */
  readonly table: EntityTable;
  /** As Kubernetes writes it: Pod, Deployment. */
  readonly kind: string;
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: bigint;
  /** Milliseconds since the Unix epoch. */
  readonly createdMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The columns that its type has of its own (see `clickhouse/schema/entities.ts`). */
  readonly own: Readonly<Record<string, Value>>;
};

export const entityTableNames = [
  'namespaces',
  'nodes',
  'workloads',
  'pods',
  'services',
  'endpoint_slices',
  'ingresses',
  'volumes',
  'config_maps',
  'hosts',
] as const;

export type EntityTable = (typeof entityTableNames)[number];

/** A map in the order of its keys. */
export function sorted(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Whether two moments of one entity are the same but for their resource versions. */
export function isSame(left: Entity, right: Entity): boolean {
  return textOf(left) === textOf(right);
}

function textOf({ name, labels, annotations, own }: Entity): string {
  const columns = Object.entries(own).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([name, labels, annotations, columns]);
}
