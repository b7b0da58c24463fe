/** ClickHouse away for long under load: memory, disk, and how it drains when it is back. */
import { setTimeout as pause } from 'node:timers/promises';
import { runSql } from '../../support/engine-http.ts';
import type { Fault, FaultRun, Finding } from '../fault.ts';
import { type Trial, trial } from '../trial.ts';

export const outageFaults: readonly Fault[] = [
  {
    id: 'H1',
    title: 'ClickHouse away for long under load, newest first when it is back',
    run: (run) => away(run, 'newest'),
  },
  {
    id: 'H2',
    title: 'the same, oldest first',
    run: (run) => away(run, 'oldest'),
  },
];

const awayMsShort = 8_000;
const awayMsFull = 12 * 60_000;
/** Of a sender between requests; over an hour the load is one that a disk holds. */
const pauseMsUsual = 15;
const pauseMsLong = 60;
const sampleMs = 1_000;
const settleMs = 60 * 60_000;
const growthMiBMax = 96;
/** With the newest first, what comes after the outage is not behind what came during it. */
const freshMsMax = 20_000;

async function away(run: FaultRun, order: 'newest' | 'oldest'): Promise<Finding> {
  const formMs = run.isShort ? awayMsShort : awayMsFull;
  const awayMs = run.minutes === undefined ? formMs : run.minutes * 60_000;
  const pauseMs = awayMs > awayMsFull ? pauseMsLong : pauseMsUsual;
  const options = { args: ['--delivery-order', order], pauseMs, settleMs };
  return await trial(run, options, async (parts) => {
    const { system, senders, watch, note } = parts;
    const before = await rateOver(parts, 3_000);
    await system.proxy.set('refuse');
    const beganMs = performance.now();
    await pause(awayMs / 4);
    const earlyMiB = watch.residentMiBMax;
    await pause(awayMs - (performance.now() - beganMs));
    const lateMiB = watch.residentMiBMax;
    const lagSeconds = await system.metric('obsctl_gateway_lag_seconds');
    const logMiB = Math.round((await system.metric('obsctl_gateway_wal_size_bytes')) / 1024 ** 2);
    const backlog = await system.metric('obsctl_gateway_sealed_backlog');
    await system.proxy.set('pass');
    const backMs = performance.now();
    const answeredAtReturn = senders.answeredItems();
    const freshMs = await freshness(parts);
    const drainedMs = (await drained(parts, lagSeconds)) - backMs;
    const during =
      ((senders.answeredItems() - answeredAtReturn) / (performance.now() - backMs)) * 1000;
    note(`${Math.round(awayMs / 1000)} s away: lag ${Math.round(lagSeconds)} s, ${backlog} seals`);
    note(`log ${logMiB} MiB, resident ${earlyMiB} MiB after a quarter, ${lateMiB} at the end`);
    const words = `new data visible after ${Math.round(freshMs)} ms`;
    note(`back: ${words}, drained after ${Math.round(drainedMs)} ms`);
    note(`answered a second: ${Math.round(before)} before, ${Math.round(during)} while it drained`);
    const isFlat = lateMiB <= earlyMiB + growthMiBMax;
    const isFresh = order === 'oldest' || freshMs <= freshMsMax;
    const isTold = lagSeconds * 1000 >= awayMs * 0.9;
    return { ...(!isFlat && { B: false }), ...(!(isFresh && isTold) && { L: false }) };
  });
}

async function rateOver({ senders }: Trial, forMs: number): Promise<number> {
  const answered = senders.answeredItems();
  await pause(forMs);
  return ((senders.answeredItems() - answered) / forMs) * 1000;
}

/** Until a point that was answered from now on is found. */
async function freshness({ system, senders }: Trial): Promise<number> {
  const first = senders.nextNumber('metrics');
  const sinceMs = performance.now();
  for (;;) {
    const sql = `SELECT max(ValueInt) FROM otel.otel_metrics_gauge WHERE ValueInt >= ${first}`;
    if (Number(await runSql(system.clickhouseUrl, sql)) > 0) return performance.now() - sinceMs;
    if (performance.now() - sinceMs > settleMs) return Number.POSITIVE_INFINITY;
    await pause(100);
  }
}

/** When the lag was back at a few seconds. */
async function drained({ system }: Trial, lagSeconds: number): Promise<number> {
  const deadline = performance.now() + settleMs;
  const enough = Math.min(10, lagSeconds / 2);
  while ((await system.metric('obsctl_gateway_lag_seconds')) > enough) {
    if (performance.now() > deadline) return Number.POSITIVE_INFINITY;
    await pause(sampleMs / 4);
  }
  return performance.now();
}
