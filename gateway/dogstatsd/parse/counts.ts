/** What a parser met, by reason: nothing is passed over without being counted (DSD-12). */

/** Why a line was not taken. Such a line costs itself and no other (DSD-7, DSD-8). */
export const lineFaults = [
  'form',
  'name',
  'value',
  'not_finite',
  'out_of_range',
  'type',
  'rate',
  'timestamp',
  'event',
  'service_check',
] as const;
export type LineFault = (typeof lineFaults)[number];

/** Parts of lines that were passed over while the line was taken (DSD-5, DSD-7). */
export const ignoredParts = [
  'unknown_field',
  'timestamp_of_type',
  'event_field',
  'service_check_field',
] as const;
export type IgnoredPart = (typeof ignoredParts)[number];

/** Grows only. `lines` is the sum of metrics, events, service checks and all faults. */
export class ParseCounts {
  lines = 0;
  metrics = 0;
  events = 0;
  serviceChecks = 0;
  readonly faults: Float64Array = new Float64Array(lineFaults.length);
  readonly ignored: Float64Array = new Float64Array(ignoredParts.length);

  faultsOf(fault: LineFault): number {
    return this.faults[lineFaults.indexOf(fault)] ?? 0;
  }

  ignoredOf(part: IgnoredPart): number {
    return this.ignored[ignoredParts.indexOf(part)] ?? 0;
  }
}

/** Places in {@link ParseCounts.faults}, for code that must not search. */
export const fault = {
  form: 0,
  name: 1,
  value: 2,
  notFinite: 3,
  outOfRange: 4,
  type: 5,
  rate: 6,
  timestamp: 7,
  event: 8,
  serviceCheck: 9,
} as const;

/** Places in {@link ParseCounts.ignored}. */
export const ignored = {
  unknownField: 0,
  timestampOfType: 1,
  eventField: 2,
  serviceCheckField: 3,
} as const;
