/** How long tables keep things, as it is typed: `traces=7d,logs=2w`. */
import { Problem } from '../core/problem.ts';
import { parseDurationMs } from '../core/units.ts';

const dayMs = 86_400_000;

/** Whole days by name; only `names` are known. */
export function parseRetention<Name extends string>(
  text: string | undefined,
  names: readonly Name[],
): Partial<Record<Name, number>> {
  const days: Partial<Record<Name, number>> = {};
  for (const item of text?.split(',') ?? []) {
    const [name, duration] = item.split('=');
    const found = names.find((one) => one === name?.trim());
    const ms = parseDurationMs(duration?.trim() ?? '');
    if (found === undefined || ms === undefined || ms < dayMs || ms % dayMs !== 0) {
      throw new Problem('OBS-1003', `--retention ${item}: expected NAME=DAYS, whole days`, {
        next: `Write for example traces=7d; the names are ${names.join(', ')}.`,
      });
    }
    days[found] = ms / dayMs;
  }
  return days;
}
