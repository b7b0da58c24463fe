/**
 * The victim of `gateway/wal/kill.test.ts`: appends numbered records as fast as the disk takes
 * them, prints each number once its record is durable, acknowledges now and then, and waits to be
 * killed. Arguments: directory, first number.
 */
import { systemClock } from '../../../core/clock.ts';
import { acquireDirectoryLock } from '../../../gateway/wal/lock.ts';
import { openWal } from '../../../gateway/wal/wal.ts';
import { numberedBody, numberedMeta, victimOptions } from './records.ts';

const dir = String(process.argv[2]);
acquireDirectoryLock(dir);
const { wal } = await openWal({ ...victimOptions(dir), clock: systemClock });
let number = Number(process.argv[3]);

async function appendForever(): Promise<never> {
  for (;;) {
    const mine = number;
    number += 1;
    const end = wal.append(numberedMeta(mine), numberedBody(mine));
    await wal.durable(end);
    process.stdout.write(`${mine}\n`);
    if (mine % 50 === 0) {
      // Behind the acknowledged record everything may go; the number says how far that is.
      const position = wal.durablePosition();
      for await (const { meta, next } of wal.read(wal.acknowledged('sink'), position)) {
        if (meta.settingsFingerprint > mine - 40) break;
        void wal.acknowledge('sink', next);
      }
    }
  }
}

await Promise.all(Array.from({ length: 8 }, appendForever));
