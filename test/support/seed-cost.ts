/** Hours of cost of a node with two pods, and a deployment of one of them. */

const hourMs = 3_600_000;

/** Of an hour, in euros; `unallocated` is what is left. */
const seededCost = {
  ...{ node: 0.4, idle: 0.1, cart: 0.1, cartUsed: 0.05, web: 0.2, webUsed: 0.15 },
  unallocated: 0.1,
} as const;

/** Rows of `cost_hours`: the hour before the first, those of the range, and the one after it. */
export function costHourRows(fromMs: number, toMs: number): readonly object[] {
  const first = Math.floor(fromMs / hourMs) * hourMs - hourMs;
  const count = Math.floor((toMs - first) / hourMs) + 2;
  return Array.from({ length: count }, (_, index) =>
    rowsOfHour((first + index * hourMs) / 1000),
  ).flat();
}

function rowsOfHour(time: number): readonly object[] {
  const common = {
    ...{ Time: time, Cluster: 'shop', Node: 'shop-node-1', Zone: 'a', Hours: '1' },
    ...{ InstanceType: 'm5.large', Currency: 'EUR', PriceSource: 'file: list', IsMeasured: 1 },
    ...{ CpuPrice: '0.03', MemoryPrice: '0.004' },
  };
  const pod = (workload: string, team: string, cost: number, used: number): object => ({
    ...{ ...common, Kind: 'pod', Namespace: 'shop', WorkloadKind: 'Deployment' },
    ...{ Workload: workload, Pod: `${workload}-1`, PodId: workload, Team: team },
    ...{ Cost: String(cost), UsageCost: String(used), CpuCoreHours: '1', MemoryGbHours: '2' },
    ...{ CpuCoreHoursUsed: '0.5', MemoryGbHoursUsed: '1' },
  });
  const { node, idle, cart, cartUsed, web, webUsed, unallocated } = seededCost;
  return [
    { ...common, Kind: 'node', Cost: String(node), IdleCost: String(idle) },
    { ...common, Kind: 'unallocated', Cost: String(unallocated) },
    pod('cart', 'till', cart, cartUsed),
    pod('web', '–', web, webUsed),
  ];
}

/** A row of `entity_events`: the images of cart changed within the range. */
export function deploymentRows(toMs: number): readonly object[] {
  return [
    {
      ...{ Time: toMs - 60_000, Cluster: 'shop', Type: 'image_changed', EntityType: 'Deployment' },
      ...{ EntityId: 'cart', Namespace: 'shop', Name: 'cart', ResourceVersion: 1, Version: 1 },
    },
  ];
}
