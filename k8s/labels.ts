/**
 * Names and recommended labels. Selectors use two labels that never change in an object's life,
 * because a selector is immutable; what may change (versions) stands in no selector.
 */
import type { LabelSelector, Metadata, StringMap } from './objects.ts';

/** One part of a stack: an agent, the gateway, ClickHouse, a job. */
export type Part = {
  readonly stack: string;
  readonly name: string;
  /** What it is a part of, where that is several workloads, as the shards of ClickHouse are. */
  readonly component?: string;
};

export function partName(part: Part): string {
  return `${part.stack}-${part.name}`;
}

function selectorLabels(part: Part): StringMap {
  return {
    'app.kubernetes.io/name': part.name,
    'app.kubernetes.io/instance': part.stack,
  };
}

export function labels(part: Part): StringMap {
  return {
    ...selectorLabels(part),
    [componentLabel]: componentOf(part),
    'app.kubernetes.io/part-of': part.stack,
    'app.kubernetes.io/managed-by': 'obsctl',
  };
}

export function selector(part: Part): LabelSelector {
  return { matchLabels: selectorLabels(part) };
}

/** The pods of all workloads of a component. */
export function componentSelector(part: Part): LabelSelector {
  return {
    matchLabels: {
      'app.kubernetes.io/instance': part.stack,
      [componentLabel]: componentOf(part),
    },
  };
}

const componentLabel = 'app.kubernetes.io/component';

function componentOf(part: Part): string {
  return part.component ?? part.name;
}

/** Metadata of a namespaced object named after its part. */
export function metadata(part: Part, namespace: string, suffix = ''): Metadata {
  return { name: `${partName(part)}${suffix}`, namespace, labels: labels(part) };
}

/**
 * Metadata of what a part has outside its namespace: in the whole cluster, or in another one. The
 * name carries the namespace, so that two stacks of one name do not take each other's rights away.
 */
export function outsideMetadata(part: Part, home: string, namespace?: string): Metadata {
  const name = `${partName(part)}.${home}`;
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: labels(part) };
}
