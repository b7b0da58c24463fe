/**
 * What scrape jobs ask: service discovery lists and watches; a target behind the API server's or
 * the kubelet's own authorization asks for its path.
 */
import type { JsonObject, JsonValue } from '../core/json.ts';
import { Problem } from '../core/problem.ts';
import { type Ask, type AskContext, inNamespaces, list, object, text, texts } from './rbac-ask.ts';

const listWatch = ['list', 'watch'];

/** Resources that a role of Prometheus's Kubernetes discovery watches, by API group. */
const discovered: Readonly<Record<string, readonly (readonly [string, readonly string[]])[]>> = {
  node: [['', ['nodes']]],
  pod: [['', ['pods']]],
  service: [['', ['services']]],
  endpoints: [['', ['endpoints', 'services', 'pods']]],
  endpointslice: [
    ['discovery.k8s.io', ['endpointslices']],
    ['', ['services', 'pods']],
  ],
  ingress: [['networking.k8s.io', ['ingresses']]],
};

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const aggregatedEks = '/apis/metrics.eks.amazonaws.com/';

export function asksOfPrometheus(
  config: JsonObject,
  id: string,
  context: AskContext,
): readonly Ask[] {
  return list(object(config, 'config'), 'scrape_configs').flatMap((job) => {
    const where = `${id} job ${text(job, 'job_name')}`;
    return [...asksOfDiscovery(job, where, context), ...asksOfTargets(job, where)];
  });
}

function asksOfDiscovery(job: JsonObject, where: string, context: AskContext): readonly Ask[] {
  return list(job, 'kubernetes_sd_configs').flatMap((discovery) => {
    const role = text(discovery, 'role');
    const named = object(discovery, 'namespaces');
    const own = named['own_namespace'] === true ? [context.namespace ?? ''] : [];
    const namespaces = role === 'node' ? [] : [...own, ...texts(named, 'names')];
    const reason = `${where} discovers targets by ${role}`;
    const asks = (discovered[role] ?? []).map(
      ([group, resources]): Ask => ({ group, resources, verbs: listWatch, reason }),
    );
    const attach = object(discovery, 'attach_metadata');
    const attached = ['node', 'namespace'].filter((kind) => attach[kind] === true);
    return [
      ...inNamespaces(namespaces, asks),
      ...attached.map(
        (kind): Ask => ({
          resources: [`${kind}s`],
          verbs: listWatch,
          reason: `${where} attaches labels of the ${kind}`,
        }),
      ),
    ];
  });
}

function asksOfTargets(job: JsonObject, where: string): readonly Ask[] {
  const words = strings(job);
  if (words.some((word) => /\/nodes\/.*\/proxy\//.test(word))) {
    throw new Problem('OBS-1303', 'the job reaches nodes through the API server', { where });
  }
  if (!words.includes(serviceAccountToken)) return [];
  const path = text(job, 'metrics_path') || '/metrics';
  const kubelet =
    list(job, 'kubernetes_sd_configs').some((discovery) => text(discovery, 'role') === 'node') ||
    words.some((word) => word.endsWith(':10250'));
  if (kubelet) {
    const resource = path.startsWith('/stats') ? 'nodes/stats' : 'nodes/metrics';
    const reason = `${where} reads the kubelet's ${path}`;
    return [{ resources: [resource], verbs: ['get'], reason }];
  }
  if (path.startsWith(aggregatedEks)) {
    const plane = path.includes('/ksh/') ? 'ksh' : 'kcm';
    return [
      {
        group: 'metrics.eks.amazonaws.com',
        resources: [`${plane}/metrics`],
        verbs: ['get'],
        reason: `${where} reads the managed control plane's ${path}`,
      },
    ];
  }
  return [{ urls: [path], verbs: ['get'], reason: `${where} reads ${path} with its own token` }];
}

/** Every string below a value. Configurations are shallow; depth is bounded by the file's. */
function strings(value: JsonValue): readonly string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap((item: JsonValue) => strings(item));
}
