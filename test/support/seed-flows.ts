/** Traffic of the seeded shop: what every minute of it was, and who had the addresses in it. */

/** Bytes a minute, each way, of each pair; the address is of `search` for the first half only. */
export const seededPairs = [
  { from: ['cart', 'eu-1a'], to: ['payment', 'eu-1b'], sent: 60_000, answered: 540_000, most: 4 },
  { from: ['cart', 'eu-1a'], to: ['stock', 'eu-1a'], sent: 6000, answered: 0, most: 2 },
] as const;

const seededAddress = '10.1.0.9';
/** Bytes a minute to the address. */
export const toAddress = 1200;

const seconds = (ms: number): number => Math.floor(ms / 1000);

export function flowRows(fromMs: number, toMs: number): readonly object[] {
  const rows: object[] = [];
  for (let at = seconds(fromMs); at < seconds(toMs); at += 60) {
    const common = { Time: at, Cluster: 'prod', Protocol: 'tcp', DestinationPort: 443 };
    for (const { from, to, sent, answered, most } of seededPairs) {
      rows.push({
        ...common,
        ...{ SourceNamespace: 'shop', SourceWorkload: from[0], SourceZone: from[1] },
        ...{ DestinationNamespace: 'shop', DestinationWorkload: to[0], DestinationZone: to[1] },
        ...{ SourceBytes: sent, DestinationBytes: answered, Opened: 1, ConcurrentMax: most },
      });
    }
    rows.push({
      ...common,
      ...{ SourceNamespace: 'shop', SourceWorkload: 'cart', SourceBytes: toAddress },
      ...{ DestinationAddress: seededAddress, ConcurrentMax: 1 },
    });
  }
  return rows;
}

/** One pod has the address until the middle, another one from then on. */
export function flowPods(fromMs: number, toMs: number): readonly object[] {
  const [from, middle, to] = [fromMs, (fromMs + toMs) / 2, toMs].map(seconds);
  const pod = (name: string, since = 0, until = 0): object => ({
    ...{ Cluster: 'prod', Id: `flow-${name}`, Namespace: 'shop', Name: `${name}-1` },
    ...{ Workload: name, WorkloadKind: 'Deployment', Addresses: [seededAddress] },
    ...{ ValidFrom: `${since}.000`, ValidTo: `${until}.000`, Version: 1 },
  });
  return [pod('search', from, middle), pod('mail', middle, (to ?? 0) + 3600)];
}
