/** Objects of Kubernetes told to a recorder, as a watch tells them. */
import type { JsonObject } from '../../core/json.ts';
import { entityOf, watchedKinds } from '../../jobs/metadata/kubernetes/kinds.ts';
import type { Recorder } from '../../jobs/metadata/recorder.ts';

/** Tells of an object at a resource version; of labels only `team` is chosen. */
export function see(
  recorder: Recorder,
  kind: string,
  object: JsonObject,
  at: { readonly version: bigint; readonly atMs: number },
): void {
  const watched = watchedKinds.find((one) => one.kind === kind);
  if (watched === undefined) throw new Error(kind);
  const metadata = { ...Object(object['metadata']), resourceVersion: String(at.version) };
  const chosen = { labels: ['team'], annotations: [] };
  recorder.see(entityOf(watched, { ...object, metadata }, chosen), at.atMs);
}
