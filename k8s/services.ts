/** Services before the pods of a part: one for clients, and one that names each pod. */
import type { CollectorWorkload, Port } from '../collector/workload.ts';
import { metadata, type Part, selector } from './labels.ts';
import type { LabelSelector, Service } from './objects.ts';

/** Headless ones go with a StatefulSet, whose pods they name. */
export function services(
  part: Part,
  namespace: string,
  kind: CollectorWorkload['shape']['kind'],
  ports: readonly Port[],
): readonly Service[] {
  return [
    ...(ports.length > 0 ? [clientService(part, namespace, kind, ports)] : []),
    ...(kind === 'StatefulSet' ? [headlessService(part, namespace, ports)] : []),
  ];
}

/** @param pods those of the part, unless it stands for several */
export function clientService(
  part: Part,
  namespace: string,
  kind: CollectorWorkload['shape']['kind'],
  ports: readonly Port[],
  pods: LabelSelector = selector(part),
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(part, namespace),
    spec: {
      type: 'ClusterIP',
      // What is sent to an agent on every node stays on the node.
      ...(kind === 'DaemonSet' ? { internalTrafficPolicy: 'Local' as const } : {}),
      selector: pods.matchLabels,
      ports: ports.map(servicePort),
    },
  };
}

export const headlessSuffix = '-headless';

/** @param early whether pods find each other before they are ready */
export function headlessService(
  part: Part,
  namespace: string,
  ports: readonly Port[],
  early = false,
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(part, namespace, headlessSuffix),
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      ...(early ? { publishNotReadyAddresses: true as const } : {}),
      selector: selector(part).matchLabels,
      ...(ports.length === 0 ? {} : { ports: ports.map(servicePort) }),
    },
  };
}

function servicePort(port: Port) {
  return { name: port.name, port: port.port, protocol: port.protocol, targetPort: port.name };
}
