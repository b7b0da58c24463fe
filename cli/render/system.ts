/**
 * From a stack to everything that runs in the cluster: agents, gateway, ClickHouse, Grafana,
 * dashboards and jobs as Kubernetes objects in apply order. The same stack gives the same objects.
 */
import type { CollectorWorkload } from '../../collector/workload.ts';
import { writeConfig } from '../../collector/write.ts';
import { agentObjects } from '../../k8s/agent.ts';
import { namespaceObjects } from '../../k8s/namespaces.ts';
import type { KubernetesObject } from '../../k8s/objects.ts';
import { inApplyOrder } from '../../k8s/order.ts';
import type { Place } from '../../k8s/place.ts';
import { programObjects } from '../../k8s/program.ts';
import type { BuiltAgent } from '../../presets/agents/agent.ts';
import type { Stack } from '../../stack/types.ts';
import { buildAgents, kubernetesMinorOf } from './agents.ts';
import { type ExplainedAccount, explainedAccounts } from './explain-rbac.ts';
import { renderGateway } from './gateway.ts';
import { chooseParts, type PartName, partNames, type RenderedPart } from './parts.ts';
import { renderStorage } from './storage.ts';

export type RenderedSystem = {
  /** In apply order. */
  readonly objects: readonly KubernetesObject[];
  /** The same objects, each in its part. */
  readonly parts: readonly RenderedPart[];
  readonly workloads: readonly CollectorWorkload[];
  readonly accounts: readonly ExplainedAccount[];
  /** The schema of ClickHouse as SQL. */
  readonly ddl: string;
  readonly warnings: readonly string[];
  /** What a person may miss, and why it is so. */
  readonly notes: readonly string[];
};

export type SystemOptions = {
  readonly only?: readonly PartName[];
  /** Writes into each Collector configuration which preset put a key there. */
  readonly provenance?: boolean;
};

export function renderSystem(stack: Stack, options: SystemOptions = {}): RenderedSystem {
  const place = placeOf(stack, options.provenance === true);
  const agents = buildAgents(stack, 'kubernetes');
  const center = stack.gateway.endpoint === undefined ? renderCenter(stack, place) : elsewhere;
  const collectors = [...agents, ...center.collectors];
  const parts: readonly RenderedPart[] = [
    { name: 'agents', objects: agents.flatMap((agent) => objectsOfAgent(agent, place)) },
    ...center.parts,
  ];
  const all = parts.flatMap(({ objects }) => objects);
  const chosen = chooseParts(
    [{ name: 'namespaces', objects: namespaceObjects(all, place) }, ...parts],
    options.only ?? partNames,
  ).map(({ name, objects }) => ({ name, objects: inApplyOrder(objects) }));
  const objects = inApplyOrder(chosen.flatMap((part) => part.objects));
  return {
    objects,
    parts: chosen,
    workloads: collectors.map(({ workload }) => workload),
    accounts: explainedAccounts(objects, collectors, place),
    ddl: center.ddl,
    warnings: [
      ...collectors.flatMap(({ workload }) =>
        workload.warnings.map((text) => `${workload.name}: ${text}`),
      ),
      ...center.warnings,
    ],
    notes: center.notes,
  };
}

type Center = {
  readonly parts: readonly RenderedPart[];
  readonly collectors: readonly BuiltAgent[];
  readonly ddl: string;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
};

/** Agents alone: what they send to is rendered from another stack file. */
const elsewhere: Center = { parts: [], collectors: [], ddl: '', warnings: [], notes: [] };

function renderCenter(stack: Stack, place: Place): Center {
  const gateway = renderGateway(stack, place);
  const { parts, ddl, warnings, notes } = renderStorage(stack, place);
  return {
    parts: [{ name: 'gateway', objects: gateway.objects }, ...parts],
    collectors: gateway.collector === undefined ? [] : [gateway.collector],
    ddl,
    warnings,
    notes,
  };
}

function placeOf(stack: Stack, provenance: boolean): Place {
  const { image } = stack.collector;
  return {
    stack: stack.name,
    namespace: stack.namespace,
    agentsNamespace: stack.agents_namespace,
    kubernetesMinor: kubernetesMinorOf(stack),
    platform: stack.platform,
    ...(image === undefined ? {} : { collectorImage: image }),
    configText: (workload) =>
      writeConfig(workload.config, {
        version: workload.collectorVersion,
        ...(provenance ? { provenance: workload.provenance } : {}),
      }),
  };
}

function objectsOfAgent({ workload, programs }: BuiltAgent, place: Place) {
  return [
    ...agentObjects(workload, place),
    ...programs.flatMap((program) => programObjects(program, place)),
  ];
}
