/** A ClickHouse that misbehaves, forgets or refuses: F13 to F15, and an hour away. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readLetters } from '../../../gateway/deliver/dead-letter.ts';
import { runSql } from '../../support/engine-http.ts';
import type { Fault, FaultRun, Finding } from '../fault.ts';
import type { ProxyMode } from '../proxy.ts';
import type { System } from '../system.ts';
import { trial } from '../trial.ts';

export const clickhouseFaults: readonly Fault[] = [
  {
    id: 'F13',
    title: 'ClickHouse refuses, hangs, cuts, answers 500 and 503, is slow, loses its answer',
    run: misbehave,
  },
  {
    id: 'F14',
    title: 'rows that ClickHouse refuses for good, and a view that fails',
    run: poison,
  },
  {
    id: 'F15',
    title: "ClickHouse's deduplication window is exceeded",
    run: exceedWindow,
  },
];

const main = join(import.meta.dirname, '../../../cli/main.ts');
const standstillMsMax = 30_000;
const settleMsMax = 60_000;
const pollMs = 250;
/** The longest that an insert whose connection was cut works on. */
const quietMs = 2_000;

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
    for (const mode of modes) {
      const before = system.proxy.struck;
      await system.proxy.set(mode);
      await pause(mode === 'hang' ? hangMs : forMs);
      // Blocks wait for rows: an insert to strike may take a few seconds to come.
      const isStriking = striking.has(mode);
      await until(async () => !isStriking || system.proxy.struck > before);
      // Answers go on while ClickHouse does not.
      await senders.nextAnswer();
      await system.proxy.set('pass');
      await pause(700);
      const struck = system.proxy.struck - before;
      if (isStriking) counts.push(`${mode} ${struck}`);
    }
    note(`inserts struck: ${counts.join(', ')}`);
    return {};
  });
}

/**
 * Each thousandth log record violates a constraint; meanwhile a view behind the points fails. The
 * spans must not wait for either. Then both are repaired and the dead letters are replayed.
 */
async function poison(run: FaultRun): Promise<Finding> {
  const forMs = run.isShort ? 1_000 : 40_000;
  // A block that was being searched when the constraint went is set aside after the first replay.
  const onSettled = async (system: System): Promise<void> => {
    await replayAll(system.gatewayDir, system.clickhouseUrl);
  };
  return await trial(run, { onSettled }, async ({ system, restart, note }) => {
    const sql = (text: string): Promise<string> => runSql(system.clickhouseUrl, text);
    const bad = 'toUInt64OrZero(Body) % 1000 = 7';
    await sql(`ALTER TABLE otel.otel_logs ADD CONSTRAINT poison CHECK NOT (${bad})`);
    const columns = '(n UInt64, bad UInt8) ENGINE = MergeTree ORDER BY n';
    const window = 'SETTINGS non_replicated_deduplication_window = 10000';
    await sql(`CREATE TABLE otel.seen ${columns} ${window}`);
    // An insert that began without the view would end without it.
    await system.proxy.set('refuse');
    await pause(quietMs);
    await sql(`CREATE MATERIALIZED VIEW otel.view TO otel.seen AS ${viewQuery(failing)}`);
    const first = Number(await sql('SELECT max(ValueInt) FROM otel.otel_metrics_gauge'));
    await system.proxy.set('pass');
    const spans = watchSpans(sql);
    const isPoisoned = async (): Promise<boolean> =>
      (await system.metric('obsctl_gateway_parked_seals')) > 0 &&
      (await readLetters(join(system.gatewayDir, 'dead-letter'))).length > 0;
    await until(isPoisoned);
    await system.killGateway();
    await restart();
    await until(isPoisoned);
    await pause(forMs);
    const worstMs = await spans.stop();
    const parked = await system.metric('obsctl_gateway_parked_seals');
    await sql(`ALTER TABLE otel.view MODIFY QUERY ${viewQuery('toUInt8(0)')}`);
    await sql('ALTER TABLE otel.otel_logs DROP CONSTRAINT poison');
    const healed = await healedView(sql, first);
    const letters = await replayAll(system.gatewayDir, system.clickhouseUrl);
    note(`spans stood still for at most ${Math.round(worstMs)} ms; ${parked} seals were parked`);
    note(`${letters} letters replayed; ${healed.text}`);
    const isServed = worstMs <= standstillMsMax && parked > 0 && letters > 0;
    return { ...(!(isServed && healed.isWhole) && { L: false }) };
  });
}

/** How long the number of spans stood still at most. */
function watchSpans(sql: (text: string) => Promise<string>): { stop: () => Promise<number> } {
  let isOver = false;
  let worstMs = 0;
  const watching = (async () => {
    let grownMs = performance.now();
    for (let spans = 0; !isOver; await pause(pollMs)) {
      const now = Number(await sql('SELECT count() FROM otel.otel_traces'));
      if (now > spans) grownMs = performance.now();
      spans = now;
      worstMs = Math.max(worstMs, performance.now() - grownMs);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      return worstMs;
    },
  };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + settleMsMax;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await pause(pollMs);
  }
}

const failing = 'throwIf(ValueInt > 0)';

function viewQuery(bad: string): string {
  return `SELECT toUInt64(ValueInt) AS n, ${bad} AS bad FROM otel.otel_metrics_gauge`;
}

/** Whether every point that came behind the view is in it once; waits for what is under way. */
async function healedView(
  sql: (text: string) => Promise<string>,
  first: number,
): Promise<{ readonly isWhole: boolean; readonly text: string }> {
  const behind = `toUInt64(ValueInt) > ${first}`;
  const missing =
    `SELECT count() FROM otel.otel_metrics_gauge WHERE ${behind} ` +
    'AND toUInt64(ValueInt) NOT IN (SELECT n FROM otel.seen)';
  const deadline = performance.now() + settleMsMax;
  let left = await sql(missing);
  while (left !== '0' && performance.now() < deadline) {
    await pause(200);
    left = await sql(missing);
  }
  const twice = await sql('SELECT count() - uniqExact(n) FROM otel.seen');
  const text = `the view lacks ${left} points and has ${twice} twice`;
  return { isWhole: left === '0' && twice === '0', text };
}

/** How many letters were stored. */
async function replayAll(dataDir: string, clickhouseUrl: string): Promise<number> {
  const words = ['replay', '--all', '--json', '--data-dir', dataDir, '--clickhouse', clickhouseUrl];
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return text.split('\n').filter((line) => line.includes('"stored"')).length;
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
