/** What snapshots may not say, and what a schedule needs of the rest of the file. */
import { carriesPassword } from '../jobs/snapshot/config.ts';
import type { PlacelessFault } from './issues.ts';
import { clash, isRawMap, mapAt, type RawMap } from './raw.ts';

export function snapshotRules(stack: RawMap): readonly PlacelessFault[] {
  const { snapshots } = stack;
  if (!Array.isArray(snapshots)) return [];
  return [...passwordsInDsn(snapshots), ...scheduleWithoutImage(stack, snapshots)];
}

function passwordsInDsn(snapshots: readonly unknown[]): readonly PlacelessFault[] {
  return snapshots.flatMap((one, index) =>
    (['postgres', 'mysql'] as const).flatMap((kind): readonly PlacelessFault[] => {
      const { dsn } = mapAt(one, 'source', kind);
      if (typeof dsn !== 'string' || !carriesPassword(dsn)) return [];
      return [
        {
          path: ['snapshots', index, 'source', kind, 'dsn'],
          on: 'value',
          code: 'OBS-1210',
          message: 'the DSN of a snapshot carries a password',
          expected: 'a reference to the variable that has it',
          next: `Write dsn: "\${env:SHOP_DSN}", and set SHOP_DSN where the snapshot runs.`,
        },
      ];
    }),
  );
}

/** A run in the cluster is of our own image; inside `obsctl up` (`mode: embedded`) it needs none. */
function scheduleWithoutImage(
  stack: RawMap,
  snapshots: readonly unknown[],
): readonly PlacelessFault[] {
  if (mapAt(stack, 'clickhouse')['mode'] === 'embedded') return [];
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
