/** Which keys a component has and what their values are, as its published schema says. */

/** Values: `duration` as Go writes it (`1h30m`), `id` of another component. */
export type KeyType =
  | 'string'
  | 'number'
  | 'boolean'
  | 'duration'
  | 'id'
  /** Anything: checked nowhere but in the Collector. */
  | 'any'
  | { readonly list: KeyType }
  | { readonly oneOf: readonly string[] }
  | { readonly keys: KeyTable };

export type Key = KeyType | { readonly type: KeyType; readonly since: string };

export type KeyTable = { readonly [key: string]: Key };
