/** `--owner-label`, `--owners-table` and `--owners-column` of `obsctl migrate`: who owns what. */
import type { Command } from 'commander';
import { defaultOwners, type OwnerAttribute, type Owners } from '../clickhouse/schema/owners.ts';
import { nearestWord } from '../core/nearest.ts';
import { Problem } from '../core/problem.ts';

export type OwnerOptions = {
  readonly ownerLabel?: readonly string[];
  readonly ownersTable?: string;
  readonly ownersColumn?: readonly string[];
};

/** As they are written: in options and in the stack file. */
const attributeNames = { team: 'Team', owner: 'Owner', cost_center: 'CostCenter' } as const;
const columnNames = { ...attributeNames, namespace: 'Namespace', workload: 'Workload' } as const;

const many = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

export function addOwnerOptions(command: Command): Command {
  return command
    .option('--owner-label <key=label>', 'label with team, owner or cost_center; several', many)
    .option('--owners-table <name>', 'table with owners: [DATABASE.]TABLE, such as a snapshot')
    .option(
      '--owners-column <key=column>',
      'its column with namespace, workload, team, owner or cost_center; several',
      many,
    );
}

/** Undefined when nothing of it is asked for. */
export function ownersOf(options: OwnerOptions, database: string): Owners | undefined {
  const { ownerLabel = [], ownersTable, ownersColumn = [] } = options;
  if (ownerLabel.length + ownersColumn.length === 0 && ownersTable === undefined) return undefined;
  const asked = ownerLabel.map((text) => pair('--owner-label', text, attributeNames));
  const labels = { ...defaultOwners.labels };
  for (const name of Object.values(attributeNames)) {
    const own = asked.filter(([key]) => key === name).map(([, label]) => label);
    if (own.length > 0) labels[name] = own;
  }
  const columns = ownersColumn.map((text) => pair('--owners-column', text, columnNames));
  if (ownersTable === undefined) {
    if (columns.length === 0) return { labels };
    throw new Problem('OBS-1003', '--owners-column without --owners-table', {
      next: 'Say which table it is a column of, as in --owners-table shop.teams.',
    });
  }
  return { labels, table: tableOf(ownersTable, Object.fromEntries(columns), database) };
}

type Columns = Partial<Record<OwnerAttribute | 'Namespace' | 'Workload', string>>;

function tableOf(name: string, columns: Columns, database: string) {
  const hasKey = columns.Namespace !== undefined || columns.Workload !== undefined;
  const { Team, Owner, CostCenter } = columns;
  if (!hasKey || (Team ?? Owner ?? CostCenter) === undefined) {
    const wanted = 'a column of workloads or namespaces, and one with team, owner or cost center';
    throw new Problem('OBS-1003', `--owners-table ${name}: expected ${wanted}`, {
      next: 'Add --owners-column workload=COLUMN and --owners-column team=COLUMN.',
    });
  }
  const dot = name.indexOf('.');
  return dot < 0
    ? { database, name, columns }
    : { database: name.slice(0, dot), name: name.slice(dot + 1), columns };
}

function pair<Value extends string>(
  option: string,
  text: string,
  known: Readonly<Record<string, Value>>,
): readonly [Value, string] {
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(at, 0));
  const [value, rest] = [known[key], text.slice(at + 1)];
  if (value !== undefined && rest !== '' && !/[`\\]/.test(rest)) return [value, rest];
  const near = nearestWord(key, Object.keys(known));
  throw new Problem('OBS-1003', `${option} ${text}: expected KEY=NAME`, {
    next:
      near === undefined
        ? `Use one of ${Object.keys(known).join(', ')}.`
        : `Did you mean “${near}”?`,
  });
}
