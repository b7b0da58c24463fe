/** What `render` says on stderr: warnings, notes, the Pod Security levels, licences. */
import { isWorkload, type KubernetesObject, templateOf } from '../../k8s/objects.ts';
import { podSecurityReport } from '../../k8s/pod-security.ts';
import { technologyOf } from './images.ts';
import type { RenderedSystem } from './system.ts';

export function talkOf({ objects, warnings, notes }: RenderedSystem): readonly string[] {
  return [
    ...warnings.map((text) => `warning: ${text}`),
    ...notes.map((text) => `note: ${text}`),
    ...podSecurityReport(objects).map(
      ({ kind, namespace, name, level }) => `pod security: ${kind} ${namespace}/${name}: ${level}`,
    ),
    ...imagesOf(objects).map(
      (image) => `image: ${image} (${technologyOf(image)?.licence ?? 'yours'})`,
    ),
  ];
}

/** Every image that a workload runs, each once. */
export function imagesOf(objects: readonly KubernetesObject[]): readonly string[] {
  const images = objects.filter(isWorkload).flatMap((workload) => {
    const { initContainers = [], containers } = templateOf(workload).spec;
    return [...initContainers, ...containers].map(({ image }) => image);
  });
  return [...new Set(images)].sort();
}
