/** One run of one snapshot, from its stack file's words to its report. */
import { randomBytes } from 'node:crypto';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { systemClock } from '../../core/clock.ts';
import type { SnapshotConfig } from '../../jobs/snapshot/config.ts';
import type { RunProgress, RunReport } from '../../jobs/snapshot/run.ts';
import type { CliContext } from '../context.ts';
import type { ProgressMetrics } from './progress-metrics.ts';

/** A checksum reads all rows of a table before it answers. */
export const requestTimeoutMs = 30 * 60_000;

export type RunWords = {
  readonly onProgress: (progress: RunProgress) => void;
  readonly metrics: ProgressMetrics | undefined;
  /** All rows, also of tables of which only changes would be read. */
  readonly isFull?: boolean;
};

export async function runOne(
  config: SnapshotConfig,
  server: ClickHouse,
  { onProgress, metrics, isFull = false }: RunWords,
  context: CliContext,
): Promise<RunReport> {
  const startedMs = systemClock.monotonicMs();
  const ended = (outcome: 'ok' | 'failed'): void =>
    metrics?.ended(config.name, outcome, systemClock.monotonicMs() - startedMs);
  const tell = (progress: RunProgress): void => {
    onProgress(progress);
    metrics?.progress(config.name, progress);
  };
  try {
    const report = await copyFrom(config, server, { onProgress: tell, isFull }, context);
    ended('ok');
    return report;
  } catch (error) {
    ended('failed');
    throw error;
  }
}

async function copyFrom(
  config: SnapshotConfig,
  server: ClickHouse,
  { onProgress, isFull }: Required<Pick<RunWords, 'onProgress' | 'isFull'>>,
  context: CliContext,
): Promise<RunReport> {
  const { openSource } = await import('./open.ts');
  const { runSnapshot } = await import('../../jobs/snapshot/run.ts');
  const { source, home } = await openSource(config, context);
  try {
    return await runSnapshot({
      config,
      source,
      server,
      ...(home !== undefined && { home }),
      clock: systemClock,
      run: runName(systemClock.nowMs()),
      isFull,
      onProgress,
      signal: context.signal,
    });
  } finally {
    await source.close();
  }
}

/** Sorts by time; no two are the same. */
function runName(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${time}_${randomBytes(2).toString('hex')}`;
}
