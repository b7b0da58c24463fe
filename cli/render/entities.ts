/** The watcher of what runs where, and what it costs, where the stack file asks for them. */
import { watchedKinds } from '../../jobs/metadata/kubernetes/kinds.ts';
import { costObjects } from '../../k8s/cost.ts';
import { entitiesObjects } from '../../k8s/entities.ts';
import type { KubernetesObject } from '../../k8s/objects.ts';
import type { Place } from '../../k8s/place.ts';
import type { Stack } from '../../stack/types.ts';
import { clickhouseTarget } from './clickhouse-address.ts';

type Entities = NonNullable<Stack['entities']>;

const ownerKeys = ['team', 'owner', 'cost_center'] as const;

/** Those that are tags, and those that name owners. */
function labelsOf({ labels, owners }: Entities): readonly string[] {
  if (labels.includes('*')) return labels;
  return [...new Set([...labels, ...ownerKeys.flatMap((key) => owners[key])])];
}

/** What of the stack file tells `obsctl migrate --lookups` who owns what. */
export function ownerArgs({ owners }: Entities): readonly string[] {
  const labels = ownerKeys.flatMap((key) =>
    owners[key].flatMap((label) => ['--owner-label', `${key}=${label}`]),
  );
  if (owners.table === undefined) return labels;
  const { name, ...columns } = owners.table;
  const named = Object.entries(columns).flatMap(([key, column]) =>
    column === undefined ? [] : ['--owners-column', `${key}=${column}`],
  );
  return [...labels, '--owners-table', name, ...named];
}

export function renderEntities(stack: Stack, place: Place): readonly KubernetesObject[] {
  const { entities, cluster } = stack;
  const { image } = stack.gateway;
  // A file without an image was refused when it was read.
  if (entities === undefined || image === undefined) return [];
  const { secret, user_key, password_key } = stack.clickhouse.credentials;
  const { href, port } = clickhouseTarget(stack);
  const common = {
    ...{ image, port, clickhouseUrl: href },
    // The gateway's: it inserts, reads and rebuilds, and may do nothing else.
    secret: { name: secret, userKey: user_key, passwordKey: password_key },
  };
  const watched = {
    ...{ ...common, cluster, labels: labelsOf(entities), annotations: entities.annotations },
    replicas: entities.replicas,
    paths: watchedKinds.map(({ path }) => path),
  };
  const { team, owner, cost_center: costCenter } = entities.owners;
  return [
    ...entitiesObjects(watched, place),
    ...(entities.cost
      ? costObjects({ ...common, labels: { team, owner, costCenter } }, place)
      : []),
  ];
}
