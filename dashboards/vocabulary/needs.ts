/**
 * What in a stack file feeds a source, as data: `render` leaves out what nothing feeds, and
 * `doctor` names the preset that is off.
 */

/** Options as they must stand: of a list these entries, of an object these keys. */
type Wanted = boolean | string | readonly string[] | { readonly [key: string]: Wanted };

export type Need =
  | {
      /** As it is called in a stack file. */
      readonly preset: string;
      readonly where?: Readonly<Record<string, Wanted>>;
    }
  /** A gateway of ours, and not the stock Collector in its place. */
  | { readonly gateway: 'obsctl' }
  /** Entries of `snapshots`. */
  | { readonly snapshots: true }
  /** `entities`, and what is made of them. */
  | { readonly entities: true };

/** What stands in a stack. */
export type Standing = {
  /** Options of each preset that is on, once an agent; undefined where agents are elsewhere. */
  readonly presets: Readonly<Record<string, readonly unknown[]>> | undefined;
  readonly gateway: 'obsctl' | 'collector';
  /** Whether the file has snapshots; undefined where others may make them. */
  readonly snapshots?: boolean;
  /** Whether entities are recorded; undefined where others may do it. */
  readonly entities?: boolean;
};

/** Whether any of the needs is met; without needs, anybody may feed the source. */
export function isFed(needs: readonly Need[] | undefined, standing: Standing): boolean {
  return needs === undefined || needs.some((need) => isMet(need, standing));
}

function isMet(need: Need, { presets, gateway, snapshots, entities }: Standing): boolean {
  if ('gateway' in need) return gateway === need.gateway;
  if ('snapshots' in need) return snapshots !== false;
  if ('entities' in need) return entities !== false;
  if (presets === undefined) return true;
  return (presets[need.preset] ?? []).some((options) => fits(options, need.where ?? {}));
}

function fits(value: unknown, wanted: Wanted): boolean {
  if (typeof wanted !== 'object') return value === wanted;
  if (Array.isArray(wanted)) {
    return Array.isArray(value) && wanted.every((each) => value.includes(each));
  }
  const own = Object(value);
  return Object.entries(wanted).every(([key, each]) => fits(own[key], each));
}
