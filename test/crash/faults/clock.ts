/** A wall clock that jumps: F19. The lane, its log and the engine are real, the clock is ours. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectClickHouse } from '../../../clickhouse/client.ts';
import { migrate } from '../../../clickhouse/migrate.ts';
import { type Clock, systemClock } from '../../../core/clock.ts';
import { startEngine } from '../../support/engine.ts';
import { runSql } from '../../support/engine-http.ts';
import { openTestLane } from '../../support/lane.ts';
import type { Fault, FaultRun, Finding } from '../fault.ts';

export const clockFaults: readonly Fault[] = [
  { id: 'F19', title: 'the wall clock jumps: an hour, to 1970, to 2040, back', run: jump },
];

const hourMs = 3_600_000;
const items = 100;
const drainMsMax = 30_000;

/** Items carry the real time: what a clock makes of them, and how many may be stored. */
function jumpsFrom(
  nowMs: number,
): readonly (readonly [name: string, byMs: number, takes: boolean])[] {
  return [
    ['no jump', 0, true],
    ['+1 h', hourMs, true],
    ['-1 h', -hourMs, true],
    ['to 1970', -nowMs, false],
    ['back', 0, true],
    ['to 2040', Date.UTC(2040, 0) - nowMs, false],
    ['back again', 0, true],
  ];
}

async function jump(_run: FaultRun): Promise<Finding> {
  const dir = await mkdtemp(join(tmpdir(), 'obsctl-crash-clock-'));
  const engine = await startEngine();
  let byMs = 0;
  const clock: Clock = {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + byMs,
    nowNs: () => systemClock.nowNs() + BigInt(Math.round(byMs)) * 1_000_000n,
  };
  const notes: string[] = [];
  try {
    const connection = connectClickHouse({ url: engine.url });
    await migrate(connection, { database: 'otel' });
    await connection.close();
    const opened = await openTestLane({ dir, clickhouseUrl: engine.url, database: 'otel', clock });
    let expected = 0;
    let first = 0;
    let slowestMs = 0;
    for (const [name, jumpMs, takes] of jumpsFrom(systemClock.nowMs())) {
      byMs = jumpMs;
      const answer = await opened.sendSpans(first, items);
      const rejected = answer.outcome === 'stored' ? answer.rejected : items;
      if (rejected !== (takes ? 0 : items)) notes.push(`${name}: ${rejected} rejected`);
      if (takes) expected += items;
      first += items;
      const startedMs = performance.now();
      await opened.lane.drain(AbortSignal.timeout(drainMsMax));
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    }
    await opened.close();
    const sql = (what: string): Promise<string> => runSql(engine.url, `SELECT ${what}`);
    const stored = Number(await sql('count() FROM otel.otel_traces'));
    const ids = Number(await sql('uniqExact(SpanId) FROM otel.otel_traces'));
    const rates = Number(await sql('sum(Count) FROM otel.otel_red_1s'));
    const days = await sql("uniqExact(toDate(Timestamp, 'UTC')) FROM otel.otel_traces");
    notes.push(
      `${expected} expected, ${stored} stored on ${days} days, slowest ${slowestMs | 0} ms`,
    );
    return {
      criteria: {
        A0: ids === expected && !notes.some((note) => note.includes('rejected')),
        D0: stored === ids && rates === stored,
        L: slowestMs < drainMsMax,
      },
      notes,
    };
  } finally {
    await engine.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
