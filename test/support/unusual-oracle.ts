/**
 * What `service-unusual` has to say of rows of {@link seasonRows}, in plain arithmetic: written
 * from the rule's description and not from its SQL, and fast enough for every ten minutes of
 * weeks.
 */
import type { RedRow } from './seed-seasons.ts';

export type Verdict = {
  readonly service: string;
  readonly measure: 'requests' | 'errors' | 'latency';
  readonly direction: 'above' | 'below';
  readonly value: number;
};

type Cell = { requests: number; failed: number; buckets: Map<number, number> };

const week = 7 * 86_400;

export class UnusualOracle {
  readonly #hours: ReadonlyMap<string, ReadonlyMap<number, Cell>>;
  readonly #minutes: ReadonlyMap<string, ReadonlyMap<number, Cell>>;

  constructor(rows: { readonly hours: readonly RedRow[]; readonly minutes: readonly RedRow[] }) {
    this.#hours = cellsOf(rows.hours);
    this.#minutes = cellsOf(rows.minutes);
  }

  /** Scores above 0 at `now`, seconds, a whole ten minutes. */
  judge(now: number): readonly Verdict[] {
    return [...this.#hours].flatMap(([service, hours]) => this.#judgeOne(service, hours, now));
  }

  #judgeOne(service: string, hours: ReadonlyMap<number, Cell>, now: number): Verdict[] {
    const middle = now - 900;
    const totals = [0, 1, 2, 3, 4].map((nth) => totalOf(hours, now - nth * week));
    const [totalNow = 0] = totals;
    const rates: number[] = [];
    const ratios: number[] = [];
    const latencies: number[] = [];
    for (let nth = 1; nth <= 4; nth += 1) {
      const total = totals[nth] ?? 0;
      if (total === 0) continue;
      let rate = 0;
      for (const [start, cell] of nearOf(hours, middle - nth * week)) {
        const distance = Math.abs(start + 1800 - (middle - nth * week));
        rate += (cell.requests / 3600) * Math.max(0, 1 - distance / 3600);
        ratios.push(cell.failed / cell.requests);
        latencies.push(p95Of(cell.buckets));
      }
      rates.push(rate * Math.min(2, Math.max(0.5, totalNow / total)));
    }
    if (rates.length < 3) return [];
    const recent = recentOf(this.#minutes.get(service) ?? new Map(), now);
    const restless = restlessness(hours, now);
    return scores(recent, { rates, ratios, latencies, restless }).map((each) => ({
      service,
      ...each,
    }));
  }
}

type Usual = Readonly<Record<'rates' | 'ratios' | 'latencies', readonly number[]>> & {
  readonly restless: number;
};

function scores(
  recent: Cell,
  { rates, ratios, latencies, restless }: Usual,
): Omit<Verdict, 'service'>[] {
  const found: Omit<Verdict, 'service'>[] = [];
  const add = (
    measure: Verdict['measure'],
    actual: number,
    values: readonly number[],
    chance: (usual: number) => number,
  ): void => {
    const usual = median(values);
    const mad = 1.4826 * median(values.map((each) => Math.abs(each - usual)));
    const value = Math.abs(actual - usual) / Math.sqrt(mad ** 2 + chance(usual));
    if (value > 0) found.push({ measure, direction: actual > usual ? 'above' : 'below', value });
  };
  const { requests, failed } = recent;
  const expected = median(rates) * 1800;
  const log = (count: number): number => Math.log((count + 1) / (expected + 1));
  const own = 1.4826 * median(rates.map((rate) => Math.abs(log(rate * 1800))));
  const spreads = Math.abs(log(requests)) / Math.sqrt(Math.max(own, restless) ** 2 + 0.08 ** 2);
  const value = Math.min(spreads, Math.abs(requests - expected) / Math.sqrt(expected + 1));
  if (value > 0) {
    const direction = requests > expected ? 'above' : 'below';
    found.push({ measure: 'requests', direction, value });
  }
  const share = failed / requests;
  if (ratios.length >= 6 && failed >= 10 && share >= median(ratios) + 0.01) {
    add('errors', share, ratios, (e) => 0.002 ** 2 + (0.3 * e) ** 2 + (e * (1 - e)) / requests);
  }
  const p95 = p95Of(recent.buckets);
  if (latencies.length >= 6 && requests >= 100 && p95 > median(latencies)) {
    add('latency', p95, latencies, (e) => (0.12 * e) ** 2);
  }
  return found;
}

function cellsOf(rows: readonly RedRow[]): ReadonlyMap<string, ReadonlyMap<number, Cell>> {
  const services = new Map<string, Map<number, Cell>>();
  for (const row of rows) {
    const name = String(row['ServiceName']);
    const cells = services.get(name) ?? new Map<number, Cell>();
    services.set(name, cells);
    const cell = cells.get(Number(row['Time'])) ?? empty();
    cells.set(Number(row['Time']), cell);
    const counts = row['Buckets.Count'] as readonly number[];
    cell.requests += Number(row['Count']);
    if (row['StatusCode'] === 'Error') cell.failed += Number(row['Count']);
    (row['Buckets.Index'] as readonly number[]).forEach((index, place) => {
      cell.buckets.set(index, (cell.buckets.get(index) ?? 0) + (counts[place] ?? 0));
    });
  }
  return services;
}

const empty = (): Cell => ({ requests: 0, failed: 0, buckets: new Map() });

/** Requests of the hours that were over within the week before `end`. */
function totalOf(hours: ReadonlyMap<number, Cell>, end: number): number {
  let total = 0;
  for (let start = Math.floor(end / 3600 - 1) * 3600; start > end - 3600 - week; start -= 3600) {
    total += hours.get(start)?.requests ?? 0;
  }
  return total;
}

/** How much an hour differs from the same one a week later, as a standard deviation of logs. */
function restlessness(hours: ReadonlyMap<number, Cell>, now: number): number {
  const steps: number[] = [];
  for (
    let start = Math.floor(now / 3600 - 1) * 3600;
    start > now - 3600 - 4 * week;
    start -= 3600
  ) {
    const [here, before] = [hours.get(start), hours.get(start - week)];
    if (here === undefined || before === undefined) continue;
    steps.push(Math.log(here.requests / before.requests));
  }
  const usual = median(steps);
  return (1.4826 * median(steps.map((each) => Math.abs(each - usual)))) / Math.SQRT2;
}

function nearOf(hours: ReadonlyMap<number, Cell>, middle: number): readonly [number, Cell][] {
  const found: [number, Cell][] = [];
  for (let start = Math.floor(middle / 3600 - 3) * 3600; start < middle + 7200; start += 3600) {
    const cell = hours.get(start);
    if (cell !== undefined && Math.abs(start + 1800 - middle) < 5400) found.push([start, cell]);
  }
  return found;
}

function recentOf(minutes: ReadonlyMap<number, Cell>, now: number): Cell {
  const recent = empty();
  for (let time = now - 1800 + 60; time <= now; time += 60) {
    const cell = minutes.get(time);
    if (cell === undefined) continue;
    recent.requests += cell.requests;
    recent.failed += cell.failed;
    for (const [index, count] of cell.buckets) {
      recent.buckets.set(index, (recent.buckets.get(index) ?? 0) + count);
    }
  }
  return recent;
}

/** Seconds: the middle of the bucket that the 95th of a hundred lies in. */
function p95Of(buckets: ReadonlyMap<number, number>): number {
  const sorted = [...buckets].sort(([left], [right]) => left - right);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let below = 0;
  for (const [index, count] of sorted) {
    below += count;
    if (below >= Math.ceil(0.95 * total)) return 2 ** ((index + 0.5) / 8) / 1e9;
  }
  return Number.NaN;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const place = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
