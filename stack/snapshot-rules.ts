/** What jobs in a cluster (`snapshots`, `entities`) need of the rest of the file. */
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
  return centerRules(stack, ['snapshots', index, 'schedule'], {
    what: 'a snapshot with a schedule',
    elsewhere: 'no snapshot would run',
    out: 'Move the snapshots to the file that renders the gateway, or take the schedule out.',
    local: '; or, for `obsctl up` on one machine, “mode: embedded” under clickhouse',
  });
}

/** The watcher runs in the cluster alone. */
export function entitiesRules(stack: RawMap): readonly PlacelessFault[] {
  const { entities } = stack;
  if (!isRawMap(entities)) return [];
  return centerRules(stack, ['entities'], {
    what: 'the watcher of entities',
    elsewhere: 'nothing would watch',
    out: 'Move the entities to the file that renders the gateway, or take them out.',
    local: '',
  });
}

type Words = {
  readonly what: string;
  readonly elsewhere: string;
  readonly out: string;
  readonly local: string;
};

/** Our own image, beside a gateway of the same file. */
function centerRules(
  stack: RawMap,
  path: readonly (string | number)[],
  { what, elsewhere, out, local }: Words,
): readonly PlacelessFault[] {
  const gateway = mapAt(stack, 'gateway');
  if (gateway['endpoint'] !== undefined) {
    const message = `with gateway.endpoint the agents alone are rendered, so that ${elsewhere}`;
    return [clash(path, message, out)];
  }
  if (gateway['image'] !== undefined) return [];
  return [
    {
      path,
      on: 'key',
      code: 'OBS-1206',
      message: `${what} runs in the image of obsctl, and there is none`,
      expected: "gateway.image, which you make with the project's Dockerfile",
      next: `Add “image: registry.example/obs/obsctl:0.1.0” under gateway${local}.`,
    },
  ];
}
