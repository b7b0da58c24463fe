/** What a lane makes of its delivery's events: counters, and words for a person. */
import { isShard } from '../deliver/shards.ts';
import type { DeliveryEvents } from '../deliver/unit-carrier.ts';
import type { LaneParts } from './lane-types.ts';

export function deliveryEvents(parts: LaneParts): DeliveryEvents {
  const { counters, log } = parts;
  return {
    insert: (unit, outcome, elapsedMs) => {
      counters.insert(unit, outcome, elapsedMs);
      if (outcome === 'acknowledged') parts.at?.('inserted');
    },
    deadLetter: (unit, reason) => {
      counters.deadLetter(unit.table, unit.rows);
      log('error', `${unit.rows} rows of ${unit.table} set aside as dead letters: ${reason}`);
    },
    parked: (table, isParked, message) => {
      counters.parked(isShard(table) ? 'shard' : table, isParked);
      if (!isParked) log('info', `${table} takes rows again`);
      else log('error', `${table} takes no rows, what is for it waits in the log: ${message}`);
    },
    differs: (seal, table, reason) => {
      log('error', `seal ${seal.id}: ${table} decoded again differs: ${reason}`);
    },
    up: (isUp, message) => {
      if (isUp) log('info', 'ClickHouse takes inserts again');
      else log('warn', `ClickHouse does not take inserts, the log keeps them: ${message}`);
    },
  };
}
