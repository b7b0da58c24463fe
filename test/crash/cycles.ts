/**
 * `--cycles N`: a gateway and an engine are killed at random points
 * under load, and the tables are asked for every id that was answered. Prints one JSON line
 * (contract, section 6); exits 1 when anything is lost, duplicated, or answered too slowly.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Random, seededRandom } from '../support/random.ts';
import { Senders } from './sender.ts';
import { System } from './system.ts';
import { agrees, type Verdict, verify } from './verify.ts';

const undisturbedMsMax = 8_000;
const undisturbedMsACycle = 1_500;
const settleMsMax = 120_000;
const concurrency = 2;
const awayMsMax = 4_000;
const tablesOfLoad = [
  ...['otel_traces', 'otel_logs', 'otel_metrics_gauge', 'otel_red_1s', 'otel_red_1m'],
  'otel_traces_trace_id_ts',
];
const say = (text: string): void => void process.stderr.write(`${text}\n`);

type Counts = Record<
  'gateway' | 'durable' | 'sealed' | 'inserted' | 'engine' | 'token' | 'away' | 'proxy',
  number
>;

export type CycleOptions = {
  readonly cycles: number;
  readonly seed: number;
  readonly isVerbose: boolean;
  /** Load before something is killed: so much, and at random up to twice that. */
  readonly loadMs: number;
  /** A sender's pause between requests. */
  readonly pauseMs: number;
};

/** Runs the cycles and prints one JSON line; false when anything was lost, doubled or too slow. */
export async function runCycles(options: CycleOptions): Promise<boolean> {
  const { cycles, seed, isVerbose, loadMs, pauseMs } = options;
  const load = { concurrency, pauseMs };
  const system = await System.start();
  const none = { gateway: 0, durable: 0, sealed: 0, inserted: 0 };
  const counts: Counts = { ...none, engine: 0, token: 0, away: 0, proxy: 0 };
  const random = seededRandom(seed);
  const disturb = new Disturber(system, counts, random, loadMs);
  try {
    const undisturbedMs = Math.min(undisturbedMsMax, cycles * undisturbedMsACycle);
    const undisturbed = await measureUndisturbed(system, undisturbedMs, load);
    const senders = new Senders({ url: system.gatewayUrl, ...load });
    senders.start();
    const startedMs = performance.now();
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      const what = await disturb.strike(cycle + seed);
      if (isVerbose) say(`cycle ${cycle}: ${what}, ${senders.answeredItems()} answered`);
    }
    const elapsedMs = performance.now() - startedMs;
    const report = await senders.stop();
    await system.settle(settleMsMax);
    const verdict = await verify(system.clickhouseUrl, report);
    const rate = (verdict.answered / elapsedMs) * 1000;
    process.stdout.write(
      `${JSON.stringify({
        cycles,
        answered: verdict.answered,
        stored: verdict.stored,
        lost: verdict.lost,
        duplicated: verdict.duplicated,
        seed,
        spans: verdict.spans,
        rolled_up: verdict.rolledUp,
        rolled_up_minutes: verdict.rolledUpMinutes,
        traces: verdict.traces,
        trace_ranges: verdict.traceRanges,
        refused: report.refused,
        unknown: report.unknown,
        resent: await resent(system),
        kills: counts,
        answered_per_second: Math.round(rate),
        undisturbed_per_second: Math.round(undisturbed),
      })}\n`,
    );
    return judge(verdict, rate, undisturbed, report.rejected);
  } finally {
    await system.stop();
    if (isVerbose) say(system.talk);
  }
}

/** Requests that this gateway, the last of several, knew when they came again. */
async function resent(system: System): Promise<number> {
  const text = await (await fetch(`${system.adminUrl}/metrics`)).text();
  const lines = text.match(/^obsctl_gateway_resent_requests_total\{.*$/gm) ?? [];
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Items answered a second when nothing is killed. Its ids are not looked for. */
async function measureUndisturbed(
  system: System,
  undisturbedMs: number,
  load: { readonly concurrency: number; readonly pauseMs: number },
): Promise<number> {
  const senders = new Senders({ url: system.gatewayUrl, ...load });
  senders.start();
  await pause(undisturbedMs);
  const answered = senders.answeredItems();
  await senders.stop();
  await system.settle(settleMsMax);
  for (const table of tablesOfLoad) {
    const body = `TRUNCATE TABLE otel.${table}`;
    await fetch(system.clickhouseUrl, { method: 'POST', body });
  }
  return (answered / undisturbedMs) * 1000;
}

const kinds = [
  ...['gateway', 'engine', 'token', 'durable', 'lose', 'sealed', 'inserted', 'cut', 'both'],
  ...['hang', 'refuse'],
] as const;

/** One cycle: load for a while, then something ends at a random point and comes back. */
class Disturber {
  readonly #system: System;
  readonly #counts: Counts;
  readonly #random: Random;
  readonly #loadMs: number;

  constructor(system: System, counts: Counts, random: Random, loadMs: number) {
    this.#system = system;
    this.#counts = counts;
    this.#random = random;
    this.#loadMs = loadMs;
  }

  /** Every kind comes up in turn; where within the cycle it strikes is random. */
  async strike(turn: number): Promise<string> {
    const system = this.#system;
    const counts = this.#counts;
    await pause(this.#loadMs + this.#random.below(this.#loadMs));
    const kind = kinds[turn % kinds.length] ?? 'gateway';
    if (kind === 'gateway' || kind === 'both') {
      counts.gateway += 1;
      await system.killGateway();
      if (kind === 'both') {
        counts.engine += 1;
        await system.killEngine();
      }
      // The gateway starts and takes requests whether the engine is back or not.
      await Promise.all([
        system.restartGateway(),
        kind === 'both' ? system.restartEngine() : undefined,
      ]);
    } else if (kind === 'engine') {
      counts.engine += 1;
      await system.killEngine();
      counts.away += 1;
      await pause(this.#random.below(awayMsMax));
      await system.restartEngine();
    } else if (kind === 'token') {
      if (await system.assassinateEngine()) counts.token += 1;
      await system.restartEngine();
    } else if (kind === 'lose' || kind === 'cut' || kind === 'hang' || kind === 'refuse') {
      counts.proxy += 1;
      await system.proxy.set(kind);
      await pause(this.#random.below(awayMsMax));
      // In half of the cases nobody is left who remembers what was sent.
      if (this.#random.oneIn(2)) await system.killGateway();
      await system.proxy.set('pass');
      await system.restartGatewayIfGone();
    } else {
      const point = kind === 'durable' || kind === 'inserted' ? kind : 'sealed';
      counts[point] += 1;
      await system.crashGatewayAt(point);
      await system.restartGateway();
    }
    return kind;
  }
}

function judge(
  verdict: Verdict,
  rate: number,
  undisturbed: number,
  rejected: readonly string[],
): boolean {
  for (const fault of [...verdict.faults, ...rejected.slice(0, 10)]) say(fault);
  const isSlow = rate < undisturbed / 2;
  if (isSlow) say(`answered ${rate} items a second, ${undisturbed} undisturbed`);
  const isRolledUp = agrees(verdict);
  if (!isRolledUp) say(`rollups: ${JSON.stringify(verdict)}`);
  const isWhole = verdict.lost === 0 && verdict.duplicated === 0 && verdict.answered > 0;
  return isWhole && isRolledUp && !isSlow && rejected.length === 0;
}
