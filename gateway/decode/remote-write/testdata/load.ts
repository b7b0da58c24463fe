/** Requests like those of a Prometheus server, for benches: seeded, the same bytes each time. */
import { seededRandom } from '../../testdata/load.ts';
import { bitsOf, type Label, type Series, writeRequestV1, writeRequestV2 } from './write-request.ts';

const nodes = 12;
const podsPerNode = 15;

/** Name, type, help, unit, and the label that only such series have. */
type Family = readonly [string, number, string, string, string];

const kinds: readonly Family[] = [
  ['cpu_usage_seconds_total', 1, 'Cumulative cpu time consumed.', 'seconds', 'cpu'],
  ['memory_working_set_bytes', 2, 'Current working set.', 'bytes', 'scope'],
  ['network_receive_bytes_total', 1, 'Cumulative count of bytes received.', 'bytes', 'interface'],
  ['request_duration_seconds_bucket', 3, 'How long requests took.', 'seconds', 'le'],
  ['request_duration_seconds_count', 3, 'How long requests took.', 'seconds', 'code'],
  ['goroutines', 2, 'Number of goroutines that currently exist.', '', 'version'],
];
const prefixes = ['container', 'http', 'apiserver', 'kubelet', 'go', 'etcd', 'node', 'scheduler'];

/** A Prometheus in Kubernetes has hundreds. */
const families: readonly Family[] = prefixes.flatMap((prefix) =>
  kinds.map(([name, type, help, unit, label]): Family => {
    return [`${prefix}_${name}`, type, `${help} By ${prefix}.`, unit, label];
  }),
);

/** Ten labels with the name, sorted as Prometheus sorts them. */
function labelsOf([name, , , , label]: Family, random: () => number): Label[] {
  const node = Math.floor(random() * nodes);
  const pod = Math.floor(random() * podsPerNode);
  const namespace = ['shop', 'kube-system', 'monitoring'][pod % 3]!;
  const host = `ip-10-0-${node}-117.eu-west-1.compute.internal`;
  const labels: Label[] = [
    ['__name__', name],
    ['container', ['app', 'sidecar'][pod % 2]!],
    ['id', `/kubepods/burstable/pod${node}f4${pod}a3c-7c9d-4e55-9c57-0d4b8f6a9f10`],
    ['instance', `10.0.${node}.117:10250`],
    ['job', namespace === 'shop' ? 'shop/checkout' : 'kubelet'],
    [label, String(2 ** Math.floor(random() * 10))],
    ['namespace', namespace],
    ['node', host],
    ['pod', `checkout-7c9d5f6b8-x${node}v${pod}`],
    ['service', 'kubelet'],
  ];
  return labels.toSorted(([left], [right]) => (left < right ? -1 : 1));
}

/** Series of one point each, those of all targets in turn, because senders shard by hash. */
function someSeries(count: number, seed: number, atMs: bigint): Series[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const family = families[Math.floor(random() * families.length)]!;
    const [, type, help, unit] = family;
    const timeMs = atMs - BigInt(Math.floor(random() * 15_000));
    const samples = [{ bits: bitsOf(random() * 1e6), timeMs }];
    return { labels: labelsOf(family, random), samples, type, help, unit };
  });
}

function someHistograms(count: number, seed: number, atMs: bigint): Series[] {
  const random = seededRandom(seed);
  return someSeries(count, seed, atMs).map(({ samples: _, ...series }) => {
    const spans = [-120, 3, 5].map((offset) => ({ offset, length: 12 }));
    const counts = Array.from({ length: 36 }, () => Math.floor(random() * 50));
    const total = counts.reduce((sum, held) => sum + held, 0);
    const positive = { spans, counts };
    const histogram = { count: total, sumBits: bitsOf(random() * 1e4), schema: 3, positive };
    const labels = series.labels.filter(([name]) => name !== 'le');
    return { ...series, labels, histograms: [{ ...histogram, timeMs: atMs }] };
  });
}

/** Bodies for benches; `count` series of one point. */
export const loads = {
  v1: (count: number, seed: number, atMs: bigint) => writeRequestV1(someSeries(count, seed, atMs)),
  v2: (count: number, seed: number, atMs: bigint) => writeRequestV2(someSeries(count, seed, atMs)),
  histograms: (count: number, seed: number, atMs: bigint) =>
    writeRequestV2(someHistograms(count, seed, atMs)),
} as const;

/**
 * `count` series, no two the same, one sample each at `atMs`: what a server scrapes in one round,
 * target by target and family by family, which is the order in which it sends them.
 */
export function distinctSeries(count: number, seed: number, atMs: bigint): readonly Series[] {
  const random = seededRandom(seed);
  const found = new Map<string, Series>();
  while (found.size < count) {
    const family = families[Math.floor(random() * families.length)]!;
    const [, type, help, unit] = family;
    const labels = labelsOf(family, random);
    const samples = [{ bits: bitsOf(random() * 1e6), timeMs: atMs }];
    found.set(labels.join(), { labels, samples, type, help, unit });
  }
  const order = ({ labels }: Series): string => {
    const of = new Map(labels);
    return [of.get('instance'), of.get('__name__'), labels.join()].join(' ');
  };
  const ordered = [...found.values()].map((one) => [order(one), one] as const);
  return ordered.toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, one]) => one);
}
