/**
 * The part of Grafana's dashboard JSON (schema version 42) that the page draws, and the answers of
 * our own server. Types only: the browser gets an empty module.
 */
type GridPos = {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
};

export type DataLink = {
  readonly title?: string;
  readonly url: string;
  readonly targetBlank?: boolean;
};

type ThresholdStep = { readonly value: number | null; readonly color: string };

export type Thresholds = {
  readonly mode: 'absolute' | 'percentage';
  readonly steps: readonly ThresholdStep[];
};

export type MappingResult = { readonly text?: string; readonly color?: string };

type Mapping =
  | { readonly type: 'value'; readonly options: Readonly<Record<string, MappingResult>> }
  | {
      readonly type: 'range';
      readonly options: {
        readonly from: number | null;
        readonly to: number | null;
        readonly result: MappingResult;
      };
    }
  | { readonly type: 'special' | 'regex'; readonly options: unknown };

/** Everything a field may be told about itself; defaults and overrides have the same shape. */
export type FieldSettings = {
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly displayName?: string;
  readonly noValue?: string;
  readonly color?: { readonly mode: string; readonly fixedColor?: string };
  readonly thresholds?: Thresholds;
  readonly mappings?: readonly Mapping[];
  readonly links?: readonly DataLink[];
  readonly custom?: Readonly<Record<string, unknown>>;
};

type Override = {
  readonly matcher: { readonly id: string; readonly options?: unknown };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
};

type Target = {
  readonly refId: string;
  readonly rawSql?: string;
  readonly format?: number;
  readonly hide?: boolean;
};

export type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly interval?: string;
  readonly gridPos: GridPos;
  readonly targets?: readonly Target[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly fieldConfig?: {
    readonly defaults?: FieldSettings;
    readonly overrides?: readonly Override[];
  };
  readonly links?: readonly DataLink[];
  readonly panels?: readonly Panel[];
  readonly collapsed?: boolean;
};

export type VariableOption = {
  readonly text: string | readonly string[];
  readonly value: string | readonly string[];
};

export type Variable = {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly description?: string;
  readonly hide?: number;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly query?: unknown;
  readonly current?: VariableOption;
  readonly options?: readonly VariableOption[];
};

export type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly description?: string;
  readonly panels: readonly Panel[];
  readonly annotations?: {
    readonly list?: readonly { readonly name: string; readonly iconColor?: string }[];
  };
  readonly templating: { readonly list: readonly Variable[] };
  readonly time?: { readonly from: string; readonly to: string };
  readonly refresh?: string;
};

export type DashboardSummary = {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
};

/** What a variable is set to; several values only where the variable allows it. */
export type VariableValues = Readonly<Record<string, string | readonly string[]>>;

/** An answer of ClickHouse in JSONCompact. */
export type CompactAnswer = {
  readonly meta: readonly { readonly name: string; readonly type: string }[];
  readonly data: readonly (readonly unknown[])[];
  readonly rows?: number;
  readonly statistics?: {
    readonly elapsed: number;
    readonly rows_read: number;
    readonly bytes_read: number;
  };
};

/** An answer of our server when a query cannot be answered. */
export type QueryFault = {
  readonly error: string;
  /** `engine`: ClickHouse refused the query; `away`: it could not be reached. */
  readonly kind: 'engine' | 'away' | 'request' | 'cancelled';
  readonly sql?: string;
};

/** A look at a panel's source when the panel came out empty. */
export type SourceState = { readonly active: boolean; readonly reason: string };
