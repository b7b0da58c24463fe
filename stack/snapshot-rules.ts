/** What a schedule under `snapshots` needs of the rest of the file. */
import { nearestWord } from '../core/nearest.ts';
import type { PlacelessFault } from './issues.ts';
import { clash, isRawMap, mapAt, type RawMap } from './raw.ts';

/** A product alert stands on a snapshot of the same file. */
export function productRules(stack: RawMap): readonly PlacelessFault[] {
  const { product } = mapAt(stack, 'alerts');
  const { snapshots } = stack;
  if (!Array.isArray(product)) return [];
  const known = (Array.isArray(snapshots) ? snapshots : []).flatMap((one: unknown) =>
    isRawMap(one) && typeof one['name'] === 'string' ? [one['name']] : [],
  );
  return product.flatMap((one: unknown, index) => {
    const name = isRawMap(one) ? one['snapshot'] : undefined;
    if (typeof name !== 'string' || known.includes(name)) return [];
    const nearest = nearestWord(name, known);
    return [
      {
        path: ['alerts', 'product', index, 'snapshot'],
        on: 'value',
        code: 'OBS-1205',
        message: `there is no snapshot “${name}”`,
        ...(known.length > 0 && { expected: `one of ${known.join(', ')}` }),
        next:
          nearest === undefined
            ? 'Add it under snapshots, or name one that is there.'
            : `Did you mean “${nearest}”?`,
      } as const,
    ];
  });
}

/** A run in the cluster is of our own image; inside `obsctl up` (`mode: embedded`) of none. */
export function snapshotRules(stack: RawMap): readonly PlacelessFault[] {
  const { snapshots } = stack;
  if (!Array.isArray(snapshots) || mapAt(stack, 'clickhouse')['mode'] === 'embedded') return [];
  const index = snapshots.findIndex((one) => isRawMap(one) && one['schedule'] !== undefined);
  if (index === -1) return [];
  const path = ['snapshots', index, 'schedule'];
  const gateway = mapAt(stack, 'gateway');
  if (gateway['endpoint'] !== undefined) {
    return [
      clash(
        path,
        'with gateway.endpoint the agents alone are rendered, so that no snapshot would run',
        'Move the snapshots to the file that renders the gateway, or take the schedule out.',
      ),
    ];
  }
  if (gateway['image'] !== undefined) return [];
  return [
    {
      path,
      on: 'key',
      code: 'OBS-1206',
      message: 'a snapshot with a schedule runs in the image of obsctl, and there is none',
      expected: "gateway.image, which you make with the project's Dockerfile",
      next:
        'Add “image: registry.example/obs/obsctl:0.1.0” under gateway; or, for `obsctl up` on ' +
        'one machine, “mode: embedded” under clickhouse.',
    },
  ];
}
