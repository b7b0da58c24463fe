/** A program that a preset brings (OBI, the target allocator, an exporter) as objects. */
import type { Needs, ProgramWorkload } from '../collector/workload.ts';
import { checkSize, disruptionBudget, stateOf, workloadObject } from './agent.ts';
import { metadata, partName } from './labels.ts';
import { ingressTo, policyOf } from './network.ts';
import type { KubernetesObject } from './objects.ts';
import type { Place } from './place.ts';
import type { RuleWithReason } from './rbac.ts';
import { accountObjects } from './rbac-objects.ts';
import { services } from './services.ts';
import { configHash } from './write.ts';

const graceS = 30;

export function programObjects(
  program: ProgramWorkload,
  place: Place,
): readonly KubernetesObject[] {
  const part = { stack: place.stack, name: program.name };
  const namespace = place.agentsNamespace;
  const hasFiles = Object.keys(program.files).length > 0;
  checkSize(Object.values(program.files).join(''), partName(part));
  const rules: readonly RuleWithReason[] = program.rules;
  const { shape } = program;
  const replicas = shape.kind === 'DaemonSet' ? 1 : shape.replicas;
  const needs = withPorts(program);
  const object = workloadObject(part, namespace, shape, {
    part,
    image: program.image,
    args: program.args,
    needs,
    resources: program.resources,
    ...(hasFiles ? { configDir: `/etc/${program.name}` } : {}),
    annotations: hasFiles ? configHash(program.files) : {},
    probes: {},
    state: stateOf(shape, place, undefined),
    token: rules.length > 0,
    everyNode: shape.kind === 'DaemonSet',
    replicas,
    graceS,
    served: program.servicePorts.length > 0,
    platform: place.platform,
    kubernetesMinor: place.kubernetesMinor,
  });
  return [
    ...accountObjects(part, namespace, rules),
    ...(hasFiles
      ? [
          {
            apiVersion: 'v1' as const,
            kind: 'ConfigMap' as const,
            metadata: metadata(part, namespace),
            data: program.files,
          },
        ]
      : []),
    object,
    ...services(part, namespace, shape.kind, program.servicePorts),
    ...disruptionBudget(part, namespace, replicas),
    ...(needs.hostNetwork
      ? []
      : [
          // Where a program sends is its own matter; only what comes in is known.
          policyOf(part, namespace, { ...ingressTo(needs.ports), egress: 'open' }),
        ]),
  ];
}

/** A port with a Service is a port of the container too. */
function withPorts(program: ProgramWorkload): Needs {
  const { needs } = program;
  const missing = program.servicePorts.filter(
    (port) => !needs.ports.some(({ name }) => name === port.name),
  );
  return { ...needs, ports: [...needs.ports, ...missing] };
}
