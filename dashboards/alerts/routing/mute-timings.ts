/** Whether a mute timing counts at a moment, as Alertmanager reads its time intervals. */
import type { MuteTiming } from './config.ts';

/** Days and times are those of its location; an end is no longer within. */
export function isMuted({ weekdays, times, location }: MuteTiming, atMs: number): boolean {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: location,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(atMs);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  const day = part('weekday').toLowerCase();
  const minute = `${part('hour')}:${part('minute')}`;
  const onDay = weekdays.length === 0 || weekdays.some((one) => one === day);
  // Hours and minutes with two digits each sort like the times that they are.
  const inTime = times.some(
    ({ start_time: start, end_time: end }) => start <= minute && minute < end,
  );
  return onDay && (times.length === 0 || inTime);
}
