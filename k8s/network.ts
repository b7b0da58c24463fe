/**
 * Network policies. Of Collectors: in, the ports that it serves; out, what its configuration names.
 * Where targets are found at run time (scraping, an unknown address) the way out stays open.
 */
import type { CollectorWorkload, Platform, Port } from '../collector/workload.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { metadata, type Part, selector } from './labels.ts';
import type { LabelSelector, NetworkPolicy, NetworkPort } from './objects.ts';
import { namespaceOf, type Place } from './place.ts';

type Ingress = NonNullable<NetworkPolicy['spec']['ingress']>;
type Egress = NonNullable<NetworkPolicy['spec']['egress']>;

/** What is not named is closed, but for `open`. */
type Ways = { readonly ingress?: Ingress; readonly egress?: Egress | 'open' };

/** @param pods those of the part, unless it stands for several */
export function policyOf(
  part: Part,
  namespace: string,
  { ingress, egress }: Ways,
  pods: LabelSelector = selector(part),
): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(part, namespace),
    spec: {
      podSelector: pods,
      policyTypes: egress === 'open' ? ['Ingress'] : ['Ingress', 'Egress'],
      ...(ingress === undefined ? {} : { ingress }),
      ...(egress === undefined || egress === 'open' ? {} : { egress }),
    },
  };
}

/** From everywhere to these ports; closed where there are none. */
export function ingressTo(ports: readonly Port[]): Pick<Ways, 'ingress'> {
  if (ports.length === 0) return {};
  return { ingress: [{ ports: ports.map(({ protocol, port }) => ({ protocol, port })) }] };
}

/**
 * Policies see the port of the pod behind a Service: on OpenShift its DNS pods listen on 5353, and
 * who may only go to 53 resolves nothing there.
 */
export function dnsEgress(platform: Platform): { readonly ports: readonly NetworkPort[] } {
  const numbers = platform === 'openshift' ? [53, 5353] : [53];
  return {
    ports: numbers.flatMap((port): readonly NetworkPort[] => [
      { protocol: 'UDP', port },
      { protocol: 'TCP', port },
    ]),
  };
}

/**
 * The API server's address is not known beforehand. These are the ports that stand behind its
 * Service: of clouds, of kubeadm, k3s and OpenShift, of minikube, of MicroK8s.
 */
export const apiServerPorts: readonly NetworkPort[] = [443, 6443, 8443, 16_443].map((port) => ({
  protocol: 'TCP',
  port,
}));

const kubeletPorts: readonly NetworkPort[] = [{ protocol: 'TCP', port: 10250 }];

/** Where clouds tell a machine about itself. */
const cloudMetadata = '169.254.169.254/32';

/** Their targets are found at run time. */
const discovering = /^(prometheus|receiver_creator|http_check|kafka|load_balancing)(\/|$)/;

export function networkPolicy(
  part: Part,
  workload: CollectorWorkload,
  place: Place,
): NetworkPolicy {
  return policyOf(part, namespaceOf(workload, place), {
    ...ingressTo(workload.needs.ports),
    egress: egressOf(workload, place.platform),
  });
}

/** `open` where nobody can say beforehand. */
function egressOf(workload: CollectorWorkload, platform: Platform): Egress | 'open' {
  const { config } = workload;
  const components = { ...config.receivers, ...config.exporters };
  if (Object.keys(components).some((id) => discovering.test(id))) return 'open';
  const exits: NetworkPort[] = [];
  for (const exporter of [...Object.values(config.exporters), ...reporting(config)]) {
    for (const address of endpoints(exporter)) {
      const port = portOf(address);
      if (port === undefined) return 'open';
      exits.push({ protocol: 'TCP', port });
    }
  }
  const types = [...Object.keys(config.receivers), ...Object.keys(config.processors)];
  const has = (pattern: RegExp) => types.some((id) => pattern.test(id));
  const talksToApi = has(/^k8s/) || config.service.extensions.some((id) => id.startsWith('k8s_'));
  return [
    dnsEgress(platform),
    ...(exits.length === 0 ? [] : [{ ports: distinct(exits) }]),
    ...(talksToApi || has(/^resource_?detection/) ? [{ ports: apiServerPorts }] : []),
    ...(has(/^kubelet_?stats/) ? [{ ports: kubeletPorts }] : []),
    ...(has(/^resource_?detection/)
      ? [
          {
            to: [{ ipBlock: { cidr: cloudMetadata } }],
            ports: [{ protocol: 'TCP' as const, port: 80 }],
          },
        ]
      : []),
  ];
}

/** Where it reports itself to: `server.http` or `server.ws` of the extension `opamp`. */
function reporting({ extensions }: CollectorWorkload['config']): readonly JsonObject[] {
  return Object.entries(extensions)
    .filter(([id]) => /^opamp(\/|$)/.test(id))
    .flatMap(([, { server }]) => Object.values((server ?? {}) as JsonObject) as JsonObject[]);
}

function endpoints(exporter: JsonObject): readonly string[] {
  return Object.entries(exporter).flatMap(([key, value]: [string, JsonValue]) =>
    /endpoint$/.test(key) && typeof value === 'string' ? [value] : [],
  );
}

/** `host:port` or a URL; `undefined` when the port is not in the text. */
export function portOf(address: string): number | undefined {
  const port = /:(\d+)(?:[/?]|$)/.exec(address)?.[1];
  if (port !== undefined) return Number(port);
  if (address.startsWith('https://')) return 443;
  return address.startsWith('http://') ? 80 : undefined;
}

function distinct(ports: readonly NetworkPort[]): readonly NetworkPort[] {
  return [...new Map(ports.map((port) => [`${port.protocol}${port.port}`, port])).values()];
}
