/** The parts of a stack that `--only` names; each object belongs to one, namespaces to all. */
import { Problem } from '../../core/problem.ts';
import type { KubernetesObject } from '../../k8s/objects.ts';

export const partNames = [
  'agents',
  'gateway',
  'clickhouse',
  'grafana',
  'dashboards',
  'jobs',
] as const;

export type PartName = (typeof partNames)[number];

/** `namespaces` is no choice: whoever applies one part needs its namespace first. */
export type RenderedPart = {
  readonly name: PartName | 'namespaces';
  readonly objects: readonly KubernetesObject[];
};

/** The names in `--only agents,gateway`; all of them when it is absent. */
export function parseOnly(text: string | undefined): readonly PartName[] {
  if (text === undefined) return partNames;
  const words = text.split(',').map((word) => word.trim());
  return words.map((word) => {
    const found = partNames.find((name) => name === word);
    if (found !== undefined) return found;
    throw new Problem('OBS-1003', `--only ${text}: there is no part “${word}”`, {
      next: `The parts are ${partNames.join(', ')}.`,
    });
  });
}

/** The chosen parts, with the namespaces in which their objects stand. */
export function chooseParts(
  parts: readonly RenderedPart[],
  only: readonly PartName[],
): readonly RenderedPart[] {
  const chosen = parts.filter(({ name }) => name !== 'namespaces' && only.includes(name));
  const used = new Set(
    chosen.flatMap(({ objects }) => objects.map(({ metadata }) => metadata.namespace)),
  );
  const namespaces = parts
    .filter(({ name }) => name === 'namespaces')
    .flatMap(({ objects }) => objects.filter(({ metadata }) => used.has(metadata.name)));
  return [{ name: 'namespaces', objects: namespaces }, ...chosen];
}
