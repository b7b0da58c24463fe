/**
 * The two namespaces of a stack, labelled for Pod Security: the agents' one for the level that its
 * pods need, the other restricted. One namespace for both takes the higher level. They name no
 * stack: several may share them, and would take turns in writing the label.
 */
import type { KubernetesObject, Namespace } from './objects.ts';
import type { Place } from './place.ts';
import { highestLevel, type Level, podSecurityReport } from './pod-security.ts';

/** Namespaces for these objects; other namespaces that they name belong to somebody else. */
export function namespaceObjects(
  objects: readonly KubernetesObject[],
  place: Pick<Place, 'namespace' | 'agentsNamespace'>,
): readonly Namespace[] {
  const report = podSecurityReport(objects);
  const used = new Set(objects.map((object) => object.metadata.namespace));
  return [...new Set([place.namespace, place.agentsNamespace])]
    .filter((name) => used.has(name))
    .map((name) => {
      const inside = report.filter((workload) => workload.namespace === name);
      return namespaceObject(name, highestLevel(inside.map(({ level }) => level)));
    });
}

function namespaceObject(name: string, level: Level): Namespace {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: {
        'app.kubernetes.io/managed-by': 'obsctl',
        'pod-security.kubernetes.io/enforce': level,
        'pod-security.kubernetes.io/audit': level,
        'pod-security.kubernetes.io/warn': level,
      },
    },
  };
}
