/**
 * Who and what a line speaks of: tags and origin as attributes of OpenTelemetry.
 *
 * | DogStatsD | becomes |
 * | --- | --- |
 * | tag `service:` | resource `service.name` |
 * | tag `env:` | resource `deployment.environment.name` |
 * | tag `version:` | resource `service.version` |
 * | tag `host:` | resource `host.name` |
 * | `c:<id>`, `c:ci-<id>`, `c:cid-<id>` | resource `container.id` |
 * | `c:in-<inode>` without an id beside it | resource `dogstatsd.cgroup.inode` |
 * | `e:…,pu-<uid>`, tag `dd.internal.entity_id:<uid>` | resource `k8s.pod.uid` |
 * | `e:…,cn-<name>` | resource `k8s.container.name` |
 * | tag `dd.internal.card:`, field `card:` | nothing: they tell an agent which tags to add |
 * | any other tag | attribute; the value is empty where the tag has no colon |
 *
 * A key that comes several times has its values in order with commas between them, which no value
 * can contain (DSD-3, DSD-5).
 */

export type Attribute = readonly [key: string, value: string];

export type Labels = {
  /** Ascending by key, as the attributes are. */
  readonly resource: readonly Attribute[];
  readonly attributes: readonly Attribute[];
};

/** What `c:` and `e:` said; empty where they said nothing. */
export type Origin = {
  readonly containerId: string;
  readonly inode: string;
  readonly podUid: string;
  readonly containerName: string;
};

export const noOrigin: Origin = { containerId: '', inode: '', podUid: '', containerName: '' };

const resourceKeys: ReadonlyMap<string, string> = new Map([
  ['service', 'service.name'],
  ['env', 'deployment.environment.name'],
  ['version', 'service.version'],
  ['host', 'host.name'],
  ['dd.internal.entity_id', 'k8s.pod.uid'],
]);
/** What the agent's clients send for a pod that they do not know. */
const noEntity = 'dd.internal.entity_id:none';
const cardinalityTag = 'dd.internal.card:';

/** Origin out of the texts behind `c:` and `e:`; what cannot be read says nothing (DSD-5). */
export function parseOrigin(local: string, external: string): Origin {
  const items = local.split(',');
  const isList = items.length > 1;
  let containerId = '';
  let inode = '';
  for (const item of items) {
    if (item.startsWith('ci-')) containerId = item.slice(3);
    else if (item.startsWith('cid-')) containerId = item.slice(4);
    else if (/^in-\d+$/.test(item)) inode = item.slice(3);
    else if (!isList && !item.startsWith('in-')) containerId = item;
  }
  let podUid = '';
  let containerName = '';
  for (const item of external.split(',')) {
    if (item.startsWith('pu-')) podUid = item.slice(3);
    else if (item.startsWith('cn-')) containerName = item.slice(3);
  }
  return { containerId, inode: containerId === '' ? inode : '', podUid, containerName };
}

/** Tags without those that say nothing, each once, ascending: the same for every order. */
export function canonicalTags(tags: readonly string[]): readonly string[] {
  const kept = tags
    .filter((tag) => tag !== '' && !tag.startsWith(cardinalityTag))
    .map((tag) => (tag.indexOf(':') === tag.length - 1 ? tag.slice(0, -1) : tag));
  return [...new Set(kept)].filter((tag) => tag !== '').sort();
}

/** Attributes of canonical tags and an origin; what `host` says goes before a tag. */
export function labelsOf(tags: readonly string[], origin: Origin, host = ''): Labels {
  const resource = new Map<string, string>();
  const attributes = new Map<string, string>();
  for (const tag of tags) {
    const colon = tag.indexOf(':', 1);
    const key = colon < 0 ? tag : tag.slice(0, colon);
    const value = colon < 0 ? '' : tag.slice(colon + 1);
    const resourceKey = resourceKeys.get(key);
    if (resourceKey === undefined || value === '') append(attributes, key, value);
    else if (tag !== noEntity) append(resource, resourceKey, value);
  }
  if (host !== '') resource.set('host.name', host);
  for (const [key, value] of [
    ['container.id', origin.containerId],
    ['dogstatsd.cgroup.inode', origin.inode],
    ['k8s.pod.uid', origin.podUid],
    ['k8s.container.name', origin.containerName],
  ] as const) {
    if (value !== '') resource.set(key, value);
  }
  return { resource: [...resource].sort(byKey), attributes: [...attributes].sort(byKey) };
}

function append(into: Map<string, string>, key: string, value: string): void {
  const before = into.get(key);
  into.set(key, before === undefined || before === '' ? value : `${before},${value}`);
}

function byKey(left: Attribute, right: Attribute): number {
  return left[0] < right[0] ? -1 : 1;
}
