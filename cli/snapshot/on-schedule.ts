/** The snapshots of a stack file inside `obsctl up`: on their schedule, with a line a run. */
import { connectClickHouse } from '../../clickhouse/client.ts';
import { systemClock } from '../../core/clock.ts';
import { isProblem } from '../../core/problem.ts';
import type { SnapshotConfig } from '../../jobs/snapshot/config.ts';
import type { RunReport } from '../../jobs/snapshot/run.ts';
import { runOnSchedule } from '../../jobs/snapshot/run-schedule.ts';
import { lastStarts } from '../../jobs/snapshot/runs.ts';
import { type Scheduled, Timetable } from '../../jobs/snapshot/schedule.ts';
import type { CliContext } from '../context.ts';
import { ProgressMetrics } from './progress-metrics.ts';
import { requestTimeoutMs, runOne } from './run-one.ts';

export type RunningSchedule = {
  /** Nothing starts any more, and the run under way is given up; its tables stay as they were. */
  readonly stop: () => Promise<void>;
};

const minuteChars = 'YYYY-MM-DDTHH:MM'.length;

/** Where the machine takes what snapshots write and tell. */
export type SnapshotPlaces = {
  /** With the database of `snapshot_runs`. */
  readonly clickhouseUrl: string;
  /** Of the gateway, which is told how far runs are. */
  readonly otlpHttp: string;
};

export async function startSnapshots(
  snapshots: readonly SnapshotConfig[],
  { clickhouseUrl, otlpHttp }: SnapshotPlaces,
  context: CliContext,
): Promise<RunningSchedule> {
  const scheduled = snapshots.flatMap(({ name, schedule }): Scheduled[] =>
    schedule === undefined ? [] : [{ name, schedule }],
  );
  if (scheduled.length === 0) return { stop: async () => {} };
  const { snapshotSettings: settings } = await import('../../jobs/snapshot/run.ts');
  const { env } = context;
  const server = connectClickHouse({ url: clickhouseUrl, env, requestTimeoutMs, settings });
  const metrics = await ProgressMetrics.start(env, `${otlpHttp}/v1/metrics`);
  const stopped = new AbortController();
  const inner = { ...context, signal: AbortSignal.any([context.signal, stopped.signal]) };
  const say = (name: string, text: string): void => context.stderr(`snapshot ${name}: ${text}\n`);
  const nowMs = systemClock.nowMs();
  // A server that is away holds up neither the gateway nor the next run; nothing is made up for.
  const last = await lastStarts(server).catch((error: unknown) => {
    context.stderr(`snapshots: when they last ran is not known: ${failureText(error)}\n`);
    return new Map(scheduled.map(({ name }) => [name, nowMs]));
  });
  const timetable = new Timetable(scheduled, last, nowMs);
  for (const { name, dueMs } of timetable.all()) say(name, `next run ${whenText(dueMs, nowMs)}`);
  const ended = runOnSchedule({
    timetable,
    clock: systemClock,
    signal: inner.signal,
    run: async (name) => {
      const config = snapshots.find((one) => one.name === name);
      if (config === undefined) return;
      const report = await runOne(config, server, { onProgress: () => {}, metrics }, inner);
      say(name, doneText(report, systemClock.nowMs()));
    },
    onEnd: (name, nextMs, error) => {
      if (error !== undefined) say(name, `${failureText(error)}${nextText(error)}`);
      say(name, `next run ${whenText(nextMs, systemClock.nowMs())}`);
    },
  });
  return {
    stop: async () => {
      stopped.abort();
      await ended;
      await metrics?.stop();
      await server.close();
    },
  };
}

function doneText({ tables, startedMs }: RunReport, nowMs: number): string {
  const rows = tables.reduce((sum, { sent }) => sum + sent.rows, 0).toLocaleString('en');
  const count = tables.length === 1 ? '1 table' : `${tables.length} tables`;
  return `${count}, ${rows} rows, verified, in ${((nowMs - startedMs) / 1000).toFixed(1)} s`;
}

function failureText(error: unknown): string {
  if (!isProblem(error)) return Error.isError(error) ? error.message : String(error);
  const place = error.where === undefined ? '' : `${error.where}: `;
  return `${error.code}: ${place}${error.message}`;
}

function nextText(error: unknown): string {
  const kept = '; the tables stay as they were';
  return isProblem(error) ? `${kept}\n  next: ${error.next}` : kept;
}

function whenText(dueMs: number, nowMs: number): string {
  if (dueMs <= nowMs) return 'now';
  return `${new Date(dueMs).toISOString().slice(0, minuteChars).replace('T', ' ')} UTC`;
}
