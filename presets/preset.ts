/**
 * What a preset is: a named bundle of Collector pieces with options of its own. Each has a folder:
 * `config.ts` (zod schema of its options, nothing else, because the stack file imports it),
 * `preset.ts`, `README.md` and `testdata/` (pairs of options and the configuration they give).
 */
import type { AgentName, Contribution, Platform } from '../collector/workload.ts';

export type PresetContext = {
  readonly agent: AgentName;
  readonly target: 'kubernetes' | 'host';
  /** Name of the stack; every object's name starts with it. */
  readonly stack: string;
  /** `k8s.cluster.name`. */
  readonly cluster: string;
  readonly namespace: string;
  readonly agentsNamespace: string;
  readonly collectorVersion: string;
  /** Minor version of Kubernetes, for example 33. */
  readonly kubernetesMinor: number;
  readonly platform: Platform;
  /** `host:port` of the gateway's OTLP gRPC service. */
  readonly gatewayEndpoint: string;
  /** `host:port` of its HTTP listener; absent where only the address above is known. */
  readonly gatewayHttpEndpoint?: string;
  /** The same where it answers OpAMP; absent: agents do not report themselves. */
  readonly opampAddress?: string;
  /** `host:port` of the tier that samples traces; absent: spans go to the gateway. */
  readonly samplerEndpoint?: string;
  /** What the gateway asks of who sends; absent: nothing. */
  readonly gatewayGuard?: GatewayGuard;
  /** How the replicas of an agent share what they scrape; one replica alone where it is absent. */
  readonly sharing?: Sharing;
};

/** Secrets are in the namespace of the agents. */
export type GatewayGuard = {
  readonly isTls: boolean;
  /** Who signed its certificate; absent: one of those that the image trusts. */
  readonly authority?: { readonly secret: string; readonly key: string };
  readonly token?: { readonly secret: string; readonly key: string };
};

/** `own-node`: each replica reads its own node; `shards`: by a hash of the target's address. */
export type Sharing =
  | { readonly kind: 'single' }
  | { readonly kind: 'own-node' }
  | { readonly kind: 'shards'; readonly count: number };

export type Preset<Options> = {
  /** Key in the stack file, snake_case. */
  readonly name: string;
  /** One sentence in the present tense. */
  readonly summary: string;
  /** The agents it may stand in. */
  readonly agents: readonly AgentName[];
  /** Left out, with a warning, on a machine without Kubernetes. */
  readonly needsKubernetes?: true;
  readonly build: (options: Options, context: PresetContext) => Contribution;
};
