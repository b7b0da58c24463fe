/** What a victim called durable against what its directory holds afterwards. */
import { systemClock } from '../../../core/clock.ts';
import { openWal } from '../../../gateway/wal/wal.ts';
import { numberedBody, victimOptions } from './records.ts';

/** The victim never acknowledges its newest forty: those must be there in any case. */
const keptAlways = 40;

/** Faults in words; empty when the directory keeps what was promised. */
export async function judgeVictim(
  dir: string,
  durable: ReadonlySet<number>,
  printed: readonly number[],
): Promise<readonly string[]> {
  const faults: string[] = [];
  const { wal, recovery } = await openWal({ ...victimOptions(dir), clock: systemClock });
  const from = wal.acknowledged('sink');
  const numbers: number[] = [];
  for await (const { meta, body } of wal.read(from, wal.durablePosition())) {
    const number = meta.settingsFingerprint;
    numbers.push(number);
    if (!numberedBody(number).equals(body)) faults.push(`record ${number} has other bytes`);
  }
  const present = new Set(numbers);
  if (present.size !== numbers.length) faults.push('a record is there twice');
  const lowest = Math.min(...numbers);
  const newest = Math.max(...printed) - keptAlways;
  for (const number of durable) {
    if (number >= lowest && !present.has(number)) faults.push(`record ${number} is lost`);
  }
  for (const number of printed) {
    if (number > newest && !present.has(number)) faults.push(`record ${number} is lost`);
  }
  for (const { from: start, to, reason } of recovery.damaged) {
    faults.push(`damaged: ${start} to ${to}: ${reason}`);
  }
  wal.invariants();
  await wal.close();
  return faults;
}
