/** What a push is made of: things that we own in a Grafana, each read, compared and written. */
import type { JsonValue } from '../../core/json.ts';

/** One place at which Grafana has something else than it should. */
export type Change = {
  /** `panels[7 "Errors"].targets[A].rawSql` */
  readonly path: string;
  /** Absent where there is nothing. */
  readonly before?: JsonValue;
  readonly after?: JsonValue;
};

export type ResourceName = {
  readonly kind:
    | 'folder'
    | 'data source'
    | 'dashboard'
    | 'rule group'
    | 'alert rule'
    | 'contact point'
    | 'mute timing'
    | 'notification policy';
  /** Of a rule group: uid of the folder, a slash, and its name. */
  readonly uid: string;
  readonly title: string;
};

/** A thing that Grafana should have. */
export type Resource = ResourceName & {
  /**
   * What Grafana has in its place and how that differs. Throws OBS-4108 where something foreign
   * stands there and OBS-4110 where it could not be written; that stops every other write.
   */
  readonly inspect: () => Promise<Inspection>;
};

export type Inspection = {
  /** `none` when nothing differs. */
  readonly action: 'create' | 'update' | 'none';
  /** Empty for what is to be created. */
  readonly changes: readonly Change[];
  /** Writes exactly over what was read: OBS-4109 when somebody has been faster. */
  readonly write: () => Promise<void>;
};

/** A thing of ours that this version no longer has. */
export type Leftover = ResourceName & { readonly remove: () => Promise<void> };
