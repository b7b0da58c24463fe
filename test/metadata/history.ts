/** The history of pods that churned: as it is stored, and as their maker knows it. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import type { PodRecord } from './churn.ts';

export type History = {
  readonly pods: readonly unknown[];
  readonly events: readonly string[];
  readonly gaps: readonly unknown[];
};

/** What the tables of entities hold of the pods of the namespace `default`. */
export async function storedHistory(clickhouse: ClickHouse): Promise<History> {
  const from = "FROM otel.entity_pods FINAL WHERE Namespace = 'default'";
  const pods = await clickhouse.rows<Record<string, unknown>>(
    'SELECT Id AS uid, any(Name) AS name, max(IsGone) AS gone, ' +
      "arraySort(groupArray((ResourceVersion, Images['app']))) AS versions, " +
      'arrayCompact(arrayMap(one -> one.2, versions)) AS images, ' +
      `if(gone = 1, argMax(Node, ResourceVersion), '') AS node, ` +
      `if(gone = 1, argMax(Addresses, ResourceVersion), []) AS addresses ` +
      `${from} GROUP BY Id ORDER BY Id`,
  );
  const events = await clickhouse.rows<{ event: string }>(
    "SELECT concat(EntityId, ' ', Type, ' ', After['Images.app']) AS event " +
      "FROM otel.entity_events FINAL WHERE EntityType = 'Pod' AND Namespace = 'default' " +
      "AND Type IN ('created', 'deleted', 'image_changed', 'recreated', 'migrated') " +
      'ORDER BY event',
  );
  const gaps = await clickhouse.rows(
    'SELECT Id, froms, tos FROM (SELECT Id, arraySort(groupArray(ValidFrom)) AS froms, ' +
      `arraySort(groupArray(ValidTo)) AS tos ${from} GROUP BY Id) ` +
      'WHERE arrayPopFront(froms) != arrayPopBack(tos)',
  );
  const shown = pods.map(({ versions: _, ...pod }) => pod);
  return { pods: shown, events: events.map(({ event }) => event), gaps };
}

/** The same from what the one who made the pods knows. */
export function expectedHistory(records: readonly PodRecord[]): History {
  // Each second belongs to one version, from the creation on.
  return { pods: expectedPods(records), events: expectedEvents(records), gaps: [] };
}

function expectedPods(records: readonly PodRecord[]): readonly unknown[] {
  const byId = (left: PodRecord, right: PodRecord): number => (left.uid < right.uid ? -1 : 1);
  return [...records].sort(byId).map(({ uid, name, images, last }) => {
    const { nodeName = '' } = (last?.['spec'] ?? {}) as { nodeName?: string };
    const { podIPs = [] } = (last?.['status'] ?? {}) as { podIPs?: { ip: string }[] };
    return {
      ...{ uid, name, gone: last === undefined ? 0 : 1, images },
      node: nodeName,
      addresses: podIPs.map(({ ip }) => ip).sort(),
    };
  });
}

function expectedEvents(records: readonly PodRecord[]): readonly string[] {
  return records
    .flatMap(({ uid, images, last }) => [
      `${uid} created `,
      ...images.slice(1).map((image) => `${uid} image_changed ${image}`),
      ...(last === undefined ? [] : [`${uid} deleted `]),
    ])
    .sort();
}
