/** The watcher of what runs where, where the stack file asks for it. */
import { watchedKinds } from '../../jobs/metadata/kubernetes/kinds.ts';
import { entitiesObjects } from '../../k8s/entities.ts';
import type { KubernetesObject } from '../../k8s/objects.ts';
import type { Place } from '../../k8s/place.ts';
import type { Stack } from '../../stack/types.ts';
import { clickhouseTarget } from './clickhouse-address.ts';

export function renderEntities(stack: Stack, place: Place): readonly KubernetesObject[] {
  const { entities, cluster } = stack;
  const { image } = stack.gateway;
  // A file without an image was refused when it was read.
  if (entities === undefined || image === undefined) return [];
  const { secret, user_key, password_key } = stack.clickhouse.credentials;
  const { href, port } = clickhouseTarget(stack);
  const input = {
    ...{ image, cluster, port },
    labels: entities.labels,
    annotations: entities.annotations,
    replicas: entities.replicas,
    paths: watchedKinds.map(({ path }) => path),
    clickhouseUrl: href,
    // The gateway's: it inserts and reads, and may do nothing else.
    secret: { name: secret, userKey: user_key, passwordKey: password_key },
  };
  return entitiesObjects(input, place);
}
