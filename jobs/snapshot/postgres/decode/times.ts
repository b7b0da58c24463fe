/**
 * Dates and times: days and microseconds since 2000-01-01 in PostgreSQL, since 1970-01-01 in
 * ClickHouse; the largest and the smallest number are the infinities.
 */
import type { LongColumn, NumberColumn } from '../../../../clickhouse/native/values/types.ts';
import { bigInt64, int32, isSafe64, pushSafe, safeInt64 } from './binary.ts';
import type { Decode, Edge } from './edge.ts';

const daysTo2000 = 10_957;
const microsADay = 86_400_000_000n;
const microsTo2000 = 946_684_800_000_000;
/** 1900-01-01 and 2299-12-31, in days since 1970: Date32 has no others. */
const dateMin = -25_567;
const dateMax = 120_529;
/** 0001-01-01 00:00:00 and 9999-12-31 23:59:59.999999 in microseconds since 1970. */
const timestampMin = -62_135_596_800_000_000n;
const timestampMax = 253_402_300_799_999_999n;

/** Of any Int32 that is asked for instead of Date32 only the infinities are at the edge. */
export function decodeDate(column: NumberColumn, edge: Edge): Decode {
  const isDate = column.type.startsWith('Date');
  const min = isDate ? dateMin : -0x8000_0000;
  const max = isDate ? dateMax : 0x7fff_ffff;
  return (bytes, from) => {
    const days = int32(bytes, from);
    const value = days + daysTo2000;
    const isInfinite = days === 0x7fff_ffff || days === -0x8000_0000;
    if (isInfinite || value < min || value > max) {
      if (!edge.meet(dateText(days), true)) return false;
      column.pushNumber(value < min || days === -0x8000_0000 ? min : max);
      return true;
    }
    column.pushNumber(value);
    return true;
  };
}

/** Ticks of a microsecond; as a plain Int64 only the infinities are at the edge. */
export function decodeTimestamp(column: LongColumn, edge: Edge): Decode {
  const isTime = column.type.startsWith('DateTime64');
  const min = isTime ? timestampMin : -(2n ** 63n);
  const max = isTime ? timestampMax : 2n ** 63n - 1n;
  const safeMin = isTime ? Number(timestampMin) : Number.NEGATIVE_INFINITY;
  return (bytes, from) => {
    if (isSafe64(bytes, from)) {
      const micros = safeInt64(bytes, from) + microsTo2000;
      if (micros >= safeMin) {
        pushSafe(column, micros);
        return true;
      }
    }
    const raw = bigInt64(bytes, from);
    const value = raw + BigInt(microsTo2000);
    if (infinityOf(raw) !== undefined || value < min || value > max) {
      if (!edge.meet(timestampText(raw), true)) return false;
      column.pushBigInt(raw < 0n ? min : max);
      return true;
    }
    column.pushBigInt(value);
    return true;
  };
}

/** Microseconds since midnight; 24:00:00 is one of PostgreSQL's times and of Time64's. */
export function decodeTime(column: LongColumn): Decode {
  return (bytes, from) => {
    pushSafe(column, safeInt64(bytes, from));
    return true;
  };
}

/** `days` since 2000-01-01, as `date::text` prints them. */
export function dateText(days: number): string {
  if (days === 0x7fff_ffff) return 'infinity';
  if (days === -0x8000_0000) return '-infinity';
  const { text, isBefore } = civil(BigInt(days) + BigInt(daysTo2000));
  return `${text}${isBefore ? ' BC' : ''}`;
}

/** `raw` microseconds since 2000-01-01, as `timestamp::text` prints them. */
export function timestampText(raw: bigint): string {
  const infinity = infinityOf(raw);
  if (infinity !== undefined) return infinity;
  let days = raw / microsADay;
  let micros = raw % microsADay;
  if (micros < 0n) {
    micros += microsADay;
    days -= 1n;
  }
  const { text, isBefore } = civil(days + BigInt(daysTo2000));
  return `${text} ${timeText(Number(micros))}${isBefore ? ' BC' : ''}`;
}

/** `micros` since midnight. */
export function timeText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const whole = parts.map((part) => String(part).padStart(2, '0')).join(':');
  const fraction = String(micros % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

function infinityOf(raw: bigint): string | undefined {
  if (raw === 2n ** 63n - 1n) return 'infinity';
  return raw === -(2n ** 63n) ? '-infinity' : undefined;
}

/** Days since 1970-01-01 as year, month and day of the proleptic Gregorian calendar. */
function civil(daysSince1970: bigint): { text: string; isBefore: boolean } {
  // Counted from a first of March, so that the leap day is a year's last: eras of 400 years.
  const days = daysSince1970 + 719_468n;
  const era = (days >= 0n ? days : days - 146_096n) / 146_097n;
  const ofEra = Number(days - era * 146_097n);
  const year = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) /
      365,
  );
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const shifted = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const full = year + Number(era) * 400 + (month <= 2 ? 1 : 0);
  const isBefore = full <= 0;
  const shown = String(isBefore ? 1 - full : full).padStart(4, '0');
  const two = (part: number): string => String(part).padStart(2, '0');
  return { text: `${shown}-${two(month)}-${two(day)}`, isBefore };
}
