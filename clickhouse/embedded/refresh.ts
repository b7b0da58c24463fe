/**
 * Reads dictionaries again when their lifetime says so. A ClickHouse server does that by itself;
 * the loader of an engine inside another program does it only when it is told to.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import { nameOf } from '../sql.ts';
import type { Engine } from './engine.ts';

const periodMs = 5_000;

/** Those that are loaded, with a lifetime, and older than the middle of it, as a server has it. */
const due = `
  SELECT database, name FROM system.dictionaries
  WHERE status IN ('LOADED', 'FAILED_AND_RELOADING', 'LOADED_AND_RELOADING')
    AND lifetime_max > 0 AND database != ''
    AND last_successful_update_time < now() - intDiv(lifetime_min + lifetime_max, 2)`;

/** Until cancelled. What cannot be read stays as it was, and is tried again. */
export function keepDictionaries(engine: Engine, clock: Clock): Timer {
  let isBusy = false;
  return clock.every(periodMs, () => {
    if (isBusy) return;
    isBusy = true;
    void refresh(engine).finally(() => {
      isBusy = false;
    });
  });
}

async function refresh(engine: Engine): Promise<void> {
  const lines = await engine.ask(due).catch(() => []);
  for (const line of lines) {
    const [database = '', name = ''] = line.split('\t');
    const dictionary = `${nameOf(database)}.${nameOf(name)}`;
    await engine.ask(`SYSTEM RELOAD DICTIONARY ${dictionary}`).catch(() => []);
  }
}
