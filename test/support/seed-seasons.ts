/**
 * Weeks of requests as people make them: by day and by weekday, with growth, noise that lasts for
 * hours, a holiday, and faults where they are asked for. The same seed gives the same weeks.
 */
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const weekMs = 7 * 24 * hourMs;
/** Width of a row by minutes; it stands in the last minute of its slot. */
const slotMs = 10 * minuteMs;

export type Fault = {
  readonly service: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Factors at a moment of the fault, from 0 at its start to 1 at its end. */
  readonly requests?: (at: number) => number;
  readonly latency?: (at: number) => number;
  /** Share that fails beside the usual ones. */
  readonly errors?: (at: number) => number;
};

export type SeasonalService = {
  readonly name: string;
  /** Requests a second on average, at the start. */
  readonly rate: number;
  /** How much the night and the weekend are below the day: 0 not, 1 to nothing. */
  readonly swing: number;
  readonly weekend: number;
  readonly growthPerWeek: number;
  /** Of a slot, and of what goes on for hours; shares. */
  readonly noise: number;
  readonly wander: number;
  readonly errors: number;
  readonly p95Ms: number;
};

export type Seasons = {
  readonly services: readonly SeasonalService[];
  /** A Monday, 00:00 UTC. */
  readonly startMs: number;
  readonly weeks: number;
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** A day with a third of the requests. */
  readonly holidayMs: number;
};

type Slot = { readonly requests: number; readonly failed: number; readonly p95Ms: number };
export type RedRow = Readonly<Record<string, unknown>>;

/** Rows of otel_red_1h for all weeks, and of otel_red_1m from `minutesFromMs` on. */
export function seasonRows(
  seasons: Seasons,
  minutesFromMs: number,
): { readonly hours: readonly RedRow[]; readonly minutes: readonly RedRow[] } {
  const hours: RedRow[] = [];
  const minutes: RedRow[] = [];
  seasons.services.forEach((service, index) => {
    const random = randomFrom(seasons.seed + index * 7919);
    let wander = 0;
    let slots: Slot[] = [];
    const endMs = seasons.startMs + seasons.weeks * weekMs;
    for (let atMs = seasons.startMs; atMs < endMs; atMs += slotMs) {
      // About three hours until it has forgotten where it was.
      wander = 0.945 * wander + service.wander * 0.327 * gauss(random);
      const slot = slotOf(seasons, service, atMs, wander, random);
      slots.push(slot);
      if (atMs >= minutesFromMs) {
        minutes.push(...rowsOf(service.name, atMs + slotMs - minuteMs, [slot]));
      }
      if ((atMs + slotMs) % hourMs !== 0) continue;
      hours.push(...rowsOf(service.name, atMs + slotMs - hourMs, slots));
      slots = [];
    }
  });
  return { hours, minutes };
}

function slotOf(
  seasons: Seasons,
  service: SeasonalService,
  atMs: number,
  wander: number,
  random: () => number,
): Slot {
  const { startMs, holidayMs, faults } = seasons;
  const hour = ((atMs - startMs) / hourMs) % 24;
  const day = Math.floor((atMs - startMs) / (24 * hourMs)) % 7;
  // Least at 4 in the morning, most at 16.
  const daily = 1 - service.swing * (0.5 + 0.5 * Math.cos(((hour - 4) / 24) * 2 * Math.PI));
  const weekly = day >= 5 ? 1 - service.weekend : 1;
  const holiday = atMs >= holidayMs && atMs < holidayMs + 24 * hourMs ? 0.35 : 1;
  const growth = (1 + service.growthPerWeek) ** ((atMs - startMs) / weekMs);
  const fault = faults.find(
    (each) => each.service === service.name && atMs >= each.fromMs && atMs < each.toMs,
  );
  const at = fault === undefined ? 0 : (atMs - fault.fromMs) / (fault.toMs - fault.fromMs);
  const noise = Math.exp(service.noise * gauss(random) + wander);
  const usual = service.rate * daily * weekly * holiday * growth * noise;
  const mean = usual * (fault?.requests?.(at) ?? 1) * (slotMs / 1000);
  const requests = Math.max(0, Math.round(mean + Math.sqrt(mean) * gauss(random)));
  const share = service.errors * Math.exp(0.5 * gauss(random)) + (fault?.errors?.(at) ?? 0);
  const failed = requests * Math.min(1, share);
  return {
    requests,
    failed: Math.min(requests, Math.max(0, Math.round(failed + Math.sqrt(failed) * gauss(random)))),
    p95Ms: service.p95Ms * Math.exp(0.08 * gauss(random)) * (fault?.latency?.(at) ?? 1),
  };
}

/** How requests lie below and above the 95th percentile, as powers of two; shares add up to 1. */
const shape: readonly (readonly [log2: number, share: number])[] = [
  [-4, 0.15],
  [-3, 0.3],
  [-2, 0.25],
  [-1, 0.15],
  [-0.25, 0.08],
  [0, 0.04],
  [0.5, 0.02],
  [1.5, 0.01],
];

function rowsOf(service: string, atMs: number, slots: readonly Slot[]): RedRow[] {
  return (['Unset', 'Error'] as const).flatMap((status) => {
    const buckets = new Map<number, number>();
    let count = 0;
    for (const slot of slots) {
      const own = status === 'Error' ? slot.failed : slot.requests - slot.failed;
      let left = own;
      for (const [log2, share] of shape) {
        const here = Math.min(left, Math.round(own * share));
        left -= here;
        const index = Math.floor((Math.log2(slot.p95Ms * 1e6) + log2) * 8);
        buckets.set(index, (buckets.get(index) ?? 0) + here);
      }
      count += own - left;
    }
    const sorted = [...buckets].filter(([, n]) => n > 0).sort(([a], [b]) => a - b);
    if (count === 0) return [];
    return [
      {
        Time: atMs / 1000,
        ServiceName: service,
        SpanName: 'GET /',
        SpanKind: 'Server',
        StatusCode: status,
        Count: count,
        DurationSum: 0,
        DurationMin: 0,
        DurationMax: 0,
        'Buckets.Index': sorted.map(([index]) => index),
        'Buckets.Count': sorted.map(([, n]) => n),
      },
    ];
  });
}

function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** mulberry32: small, and the same on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
