/** What the catalog knows of a component, and the two homes a component's module can have. */
import type { ComponentKind, Signal } from '../types.ts';

export type Stability = 'stable' | 'beta' | 'alpha' | 'development' | 'unmaintained';

/** The real Collectors that are built to validate against, by the version's first two numbers. */
export type Binary = '0.149' | '0.155' | '0.161';

/** One way through a connector. */
export type Route = { readonly from: Signal; readonly to: Signal };

type Renamed = {
  readonly from: string;
  /** First version that knows the new name; the old one goes on as an alias that warns. */
  readonly version: string;
};

export type ComponentInfo = {
  readonly kind: ComponentKind;
  /** The newest name. */
  readonly type: string;
  /** Go module, which keeps its path when the type is renamed. */
  readonly module: string;
  /** Stability by signal; a connector has the signals it takes in; an extension has none. */
  readonly signals: Readonly<Partial<Record<Signal, Stability>>>;
  /** Only of connectors. */
  readonly routes?: readonly Route[];
  /** Only of extensions. */
  readonly stability?: Stability;
  readonly renamed?: Renamed;
  /** Real binaries of ours that contain it; none means: judged by this catalog alone. */
  readonly binaries: readonly Binary[];
};

export type Extra = Partial<Pick<ComponentInfo, 'routes' | 'stability' | 'renamed' | 'binaries'>>;

type Signals = ComponentInfo['signals'];

const coreHome = 'go.opentelemetry.io/collector';
const contribHome = 'github.com/open-telemetry/opentelemetry-collector-contrib';

/** A component of the core repository. */
export function core(
  kind: ComponentKind,
  type: string,
  folder: string,
  signals: Signals,
  extra: Extra = {},
): ComponentInfo {
  return { kind, type, module: `${coreHome}/${kind}/${folder}`, signals, binaries: [], ...extra };
}

/** A component of the contrib repository. */
export function contrib(
  kind: ComponentKind,
  type: string,
  folder: string,
  signals: Signals,
  extra: Extra = {},
): ComponentInfo {
  const module = `${contribHome}/${kind}/${folder}`;
  return { kind, type, module, signals, binaries: [], ...extra };
}

/** All three signals at the same stability. */
export function every(stability: Stability): Signals {
  return { traces: stability, metrics: stability, logs: stability };
}

export const allBinaries: readonly Binary[] = ['0.149', '0.155', '0.161'];
