/** A ClickHouse that misbehaves, forgets or refuses: F13 to F15, and an hour away. */
import { setTimeout as pause } from 'node:timers/promises';
import { runSql } from '../../support/engine-http.ts';
import type { Fault, FaultRun, Finding } from '../fault.ts';
import type { ProxyMode } from '../proxy.ts';
import { trial } from '../trial.ts';

export const clickhouseFaults: readonly Fault[] = [
  {
    id: 'F13',
    title: 'ClickHouse refuses, hangs, cuts, answers 500 and 503, is slow, loses its answer',
    run: misbehave,
  },
  {
    id: 'F15',
    title: "ClickHouse's deduplication window is exceeded",
    run: exceedWindow,
  },
];

const modes: readonly ProxyMode[] = [
  ...(['refuse', 'hang', 'cut', 'error500', 'error503', 'slow', 'lose'] as const),
];
/** A mode that strikes inserts must have struck one. */
const striking: ReadonlySet<ProxyMode> = new Set(['cut', 'error500', 'error503', 'slow', 'lose']);

async function misbehave(run: FaultRun): Promise<Finding> {
  const forMs = run.isShort ? 1_500 : 10_000;
  // Longer than an insert may take: it ends by its own time.
  const hangMs = run.isShort ? 1_500 : 65_000;
  return await trial(run, {}, async ({ system, senders, note }) => {
    const counts: string[] = [];
    let isStruck = true;
    for (const mode of modes) {
      const before = system.proxy.struck;
      await system.proxy.set(mode);
      await pause(mode === 'hang' ? hangMs : forMs);
      // Answers go on while ClickHouse does not.
      await senders.nextAnswer();
      await system.proxy.set('pass');
      await pause(700);
      const struck = system.proxy.struck - before;
      if (striking.has(mode)) counts.push(`${mode} ${struck}`);
      isStruck &&= struck > 0 || !striking.has(mode);
    }
    note(`inserts struck: ${counts.join(', ')}`);
    return { ...(!isStruck && { L: false }) };
  });
}

async function exceedWindow(run: FaultRun): Promise<Finding> {
  const rounds = run.isShort ? 2 : 10;
  return await trial(run, {}, async ({ system, restart, note }) => {
    const setting = 'non_replicated_deduplication_window = 1';
    const tables = ['otel_traces', 'otel_logs', 'otel_metrics_gauge', 'otel_red_1s'];
    for (const table of [...tables, 'obsctl_receipts']) {
      await runSql(system.clickhouseUrl, `ALTER TABLE otel.${table} MODIFY SETTING ${setting}`);
    }
    for (let round = 0; round < rounds; round += 1) {
      await system.proxy.set('lose');
      await pause(1_500);
      if (run.random.oneIn(2)) await system.killGateway();
      await system.proxy.set('pass');
      await system.restartGatewayIfGone();
      await pause(500);
      await system.crashGatewayAt('inserted');
      await restart();
    }
    note(
      `a window of one insert; ${system.proxy.struck} answers lost, ${rounds} kills behind inserts`,
    );
    return {};
  });
}
