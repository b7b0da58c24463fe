/**
 * What a workload might request instead: the greater one of what a pod used on average and of what
 * all used together by the pods that are wanted, a tenth more, rounded up. Peaks are in no mean:
 * it is a place to look, not a value to apply.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { workloads } from '../../clickhouse/schema/entities.ts';
import { nameOf } from '../../clickhouse/sql.ts';
import { countedHours, inMonth, inRange, type Range, tableOf } from './ask.ts';
import { priceDigits, textOf, unitsOf } from './decimal.ts';

/** Quantities have so many digits. */
const digits = 9;
const one = 10n ** BigInt(digits);
/** Thousandths of what was used that are recommended. */
const withRoom = 1100n;
/** Ten millicores, and 16 MB. */
const cpuStep = one / 100n;
const memoryStep = (one * 16n) / 1000n;

export type WorkloadUse = {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: string;
  readonly workload: string;
  readonly currency: string;
  /** Pods by hours, and hours that were counted. */
  readonly podHours: string;
  readonly hours: number;
  /** Pods that are wanted; 0 where nothing says. */
  readonly replicas: number;
  readonly cpuCoreHours: string;
  readonly cpuCoreHoursUsed: string;
  readonly memoryGbHours: string;
  readonly memoryGbHoursUsed: string;
  readonly cost: string;
  /** What a core, and 10⁹ bytes, would have cost in all hours of all pods. */
  readonly corePrice: string;
  readonly gbPrice: string;
  readonly priceSources: readonly string[];
};

export type Recommendation = Pick<
  WorkloadUse,
  'cluster' | 'namespace' | 'kind' | 'workload' | 'currency' | 'replicas' | 'priceSources'
> & {
  /** Of a pod: cores and 10⁹ bytes, requested on average and recommended. */
  readonly cpuRequested: string;
  readonly cpuRecommended: string;
  readonly memoryRequested: string;
  readonly memoryRecommended: string;
  /** Allocation without what the recommended requests cost; negative: it requests too little. */
  readonly overProvisioned: string;
  readonly overProvisionedMonth: string;
};

export function recommend(use: WorkloadUse): Recommendation {
  const { cluster, namespace, kind, workload, currency, replicas, priceSources } = use;
  const podHours = unitsOf(use.podHours, digits);
  const wantedHours = BigInt(use.hours) * BigInt(replicas) * one;
  const recommended = (amount: string, step: bigint): bigint => {
    const used = unitsOf(amount, digits);
    const mean = podHours === 0n ? 0n : (used * one) / podHours;
    const wanted = wantedHours === 0n ? 0n : (used * one) / wantedHours;
    const room = ((mean > wanted ? mean : wanted) * withRoom) / 1000n;
    return ((room + step - 1n) / step) * step;
  };
  const perPod = (amount: string): string => {
    const units = podHours === 0n ? 0n : (unitsOf(amount, digits) * one) / podHours;
    return textOf(units, digits, 3);
  };
  const cpu = recommended(use.cpuCoreHoursUsed, cpuStep);
  const memory = recommended(use.memoryGbHoursUsed, memoryStep);
  const priced =
    (cpu * unitsOf(use.corePrice, priceDigits) + memory * unitsOf(use.gbPrice, priceDigits)) / one;
  const over = textOf(unitsOf(use.cost, priceDigits) - priced, priceDigits);
  return {
    ...{ cluster, namespace, kind, workload, currency, replicas, priceSources },
    cpuRequested: perPod(use.cpuCoreHours),
    cpuRecommended: textOf(cpu, digits, 3),
    memoryRequested: perPod(use.memoryGbHours),
    memoryRecommended: textOf(memory, digits, 3),
    overProvisioned: over,
    overProvisionedMonth: inMonth(over, use.hours),
  };
}

/** Of the workloads that were measured, where most can be saved first. */
export async function askRecommendations(
  server: ClickHouse,
  range: Range,
): Promise<readonly Recommendation[]> {
  const hours = await countedHours(server, range);
  const found = await server.rows<Omit<WorkloadUse, 'hours'>>(
    `SELECT use.*, toUInt32(wanted.replicas) AS replicas FROM (
      SELECT toString(Cluster) AS cluster, toString(Namespace) AS namespace,
        toString(WorkloadKind) AS kind, toString(Workload) AS workload,
        toString(Currency) AS currency, toString(sum(Hours)) AS podHours,
        toString(sum(CpuCoreHours)) AS cpuCoreHours,
        toString(sum(CpuCoreHoursUsed)) AS cpuCoreHoursUsed,
        toString(sum(MemoryGbHours)) AS memoryGbHours,
        toString(sum(MemoryGbHoursUsed)) AS memoryGbHoursUsed, toString(sum(Cost)) AS cost,
        toString(toDecimal128(sum(toDecimal256(Hours, 9) * CpuPrice), 12)) AS corePrice,
        toString(toDecimal128(sum(toDecimal256(Hours, 9) * MemoryPrice), 12)) AS gbPrice,
        arraySort(groupUniqArray(toString(PriceSource))) AS priceSources
      FROM ${tableOf(server)}
      WHERE ${inRange(range)} AND Kind = 'pod' AND IsMeasured = 1
      GROUP BY cluster, namespace, kind, workload, currency
    ) AS use LEFT JOIN (
      SELECT toString(Cluster) AS ofCluster, toString(Namespace) AS ofNamespace,
        toString(Kind) AS ofKind, Name AS ofName, argMax(Replicas, ValidFrom) AS replicas
      FROM ${nameOf(server.database)}.${workloads.name} FINAL
      GROUP BY ofCluster, ofNamespace, ofKind, ofName
    ) AS wanted ON use.cluster = wanted.ofCluster AND use.namespace = wanted.ofNamespace
      AND use.kind = wanted.ofKind AND use.workload = wanted.ofName`,
  );
  const all = found.map((use) => recommend({ ...use, hours }));
  const over = ({ overProvisionedMonth }: Recommendation): number => Number(overProvisionedMonth);
  return all.sort((left, right) => over(right) - over(left));
}
