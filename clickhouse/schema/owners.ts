/**
 * Who owns a workload, a namespace: its team, its owner, its cost center. Labels of Kubernetes say
 * it, or a table of the same server, such as a snapshot of the company's own list.
 */
import { namespaces, workloads } from './entities.ts';
import type { LookupDef, LookupSource } from './lookups.ts';

const ownerAttributes = ['Team', 'Owner', 'CostCenter'] as const;
export type OwnerAttribute = (typeof ownerAttributes)[number];

/** A table with a row a workload, a service or a namespace; columns by what they say. */
export type OwnersTable = {
  readonly database: string;
  readonly name: string;
  readonly columns: Partial<Readonly<Record<OwnerAttribute | 'Namespace' | 'Workload', string>>>;
};

export type Owners = {
  /** Names of labels, the first that an object has counts. */
  readonly labels: Readonly<Record<OwnerAttribute, readonly string[]>>;
  readonly table?: OwnersTable | undefined;
};

export const defaultOwners: Owners = {
  labels: { Team: ['team'], Owner: ['owner'], CostCenter: ['cost-center', 'cost-centre'] },
};

/** The first of these labels in a map of them; the empty text without. */
export function labelOf(map: string, names: readonly string[]): string {
  const found = names.map((name) => `nullIf(${map}[${quote(name)}], '')`);
  return found.length === 0 ? "''" : `coalesce(${found.join(', ')}, '')`;
}

/**
 * Key: cluster, namespace, workload. A namespace has the empty workload; rows of a table have the
 * empty cluster, and an empty namespace where the table names none.
 */
export function ownerLookup(owners: Owners): LookupDef<OwnerAttribute> {
  const labels = Object.fromEntries(
    ownerAttributes.map((name) => [name, labelOf('Labels', owners.labels[name])]),
  );
  return {
    name: 'entity_owner',
    comment: 'Who owned a workload or namespace, by time',
    key: [
      { name: 'Cluster', comment: 'k8s.cluster.name; empty for rows of a table of owners' },
      { name: 'Namespace', comment: 'Namespace; empty where a table of owners names none' },
      { name: 'Workload', comment: 'Name of the workload; empty for the namespace itself' },
    ],
    attributes: [
      { name: 'Team', comment: 'Team' },
      { name: 'Owner', comment: 'Owner' },
      { name: 'CostCenter', comment: 'Cost center' },
    ],
    sources: [
      { table: workloads, values: { Workload: 'Name', ...labels } },
      { table: namespaces, values: { Namespace: 'Name', Workload: "''", ...labels } },
      ...(owners.table === undefined ? [] : [tableSource(owners.table)]),
    ],
  };
}

function tableSource({ database, name, columns }: OwnersTable): LookupSource {
  const column = (of: keyof OwnersTable['columns']): string => {
    const own = columns[of];
    return own === undefined ? "''" : `ifNull(toString(\`${own}\`), '')`;
  };
  return {
    foreign: { database, name },
    values: {
      Cluster: "''",
      Namespace: column('Namespace'),
      Workload: column('Workload'),
      Team: column('Team'),
      Owner: column('Owner'),
      CostCenter: column('CostCenter'),
    },
  };
}

const quote = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
