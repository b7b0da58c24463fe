/**
 * `npm run crash -- --cycles N --seed S`: a gateway and an engine are killed at random points
 * under load, and the tables are asked for every id that was answered. Prints one JSON line
 * (contract, section 6); exits 1 when anything is lost, duplicated, or answered too slowly.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Senders } from './sender.ts';
import { System } from './system.ts';
import { type Verdict, verify } from './verify.ts';

const undisturbedMsMax = 8_000;
const undisturbedMsACycle = 1_500;
const settleMsMax = 120_000;
/** Load before something is killed: so much, and at random up to twice that. */
const loadMsMin = 3_000;
const load = { concurrency: 2, pauseMs: 12 };

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '20' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const cycles = Number(values.cycles);
const undisturbedMs = Math.min(undisturbedMsMax, cycles * undisturbedMsACycle);
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const random = seededRandom(seed);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const system = await System.start();
const counts = { gateway: 0, durable: 0, sealed: 0, inserted: 0, engine: 0, token: 0, away: 0 };
try {
  const undisturbed = await measureUndisturbed();
  const senders = new Senders({ url: system.gatewayUrl, ...load });
  senders.start();
  const startedMs = performance.now();
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    const what = await disturb(cycle);
    if (values.verbose) say(`cycle ${cycle}: ${what}, ${senders.answeredItems()} answered`);
  }
  const elapsedMs = performance.now() - startedMs;
  const report = await senders.stop();
  await system.settle(settleMsMax);
  const verdict = await verify(system.clickhouseUrl, report);
  const rate = (verdict.answered / elapsedMs) * 1000;
  const ok = judge(verdict, rate, undisturbed, report.rejected);
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
      refused: report.refused,
      unknown: report.unknown,
      resent: await resent(),
      kills: counts,
      answered_per_second: Math.round(rate),
      undisturbed_per_second: Math.round(undisturbed),
    })}\n`,
  );
  if (!ok) process.exitCode = 1;
} finally {
  await system.stop();
  if (values.verbose) say(system.talk);
}

/** Requests that this gateway, the last of several, knew when they came again. */
async function resent(): Promise<number> {
  const text = await (await fetch(`${system.adminUrl}/metrics`)).text();
  const lines = text.match(/^obsctl_gateway_resent_requests_total\{.*$/gm) ?? [];
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Items answered a second when nothing is killed. Its ids are not looked for. */
async function measureUndisturbed(): Promise<number> {
  const senders = new Senders({ url: system.gatewayUrl, ...load });
  senders.start();
  await pause(undisturbedMs);
  const answered = senders.answeredItems();
  await senders.stop();
  await system.settle(settleMsMax);
  for (const table of ['otel_traces', 'otel_logs', 'otel_metrics_gauge', 'otel_red_1s']) {
    const body = `TRUNCATE TABLE otel.${table}`;
    await fetch(system.clickhouseUrl, { method: 'POST', body });
  }
  return (answered / undisturbedMs) * 1000;
}

/** One cycle: load for a while, then something ends at a random point and comes back. */
async function disturb(cycle: number): Promise<string> {
  await pause(loadMsMin + random() * loadMsMin);
  const kinds = ['gateway', 'engine', 'token', 'durable', 'sealed', 'inserted', 'both'] as const;
  // Every kind comes up in turn; where within the cycle it strikes is random.
  const kind = kinds[(cycle + seed) % kinds.length];
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
    await pause(random() * 4_000);
    await system.restartEngine();
  } else if (kind === 'token') {
    if (await system.assassinateEngine()) counts.token += 1;
    await system.restartEngine();
  } else {
    counts[kind ?? 'sealed'] += 1;
    await system.crashGatewayAt(kind ?? 'sealed');
    await system.restartGateway();
  }
  return String(kind);
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
  const isRolledUp = verdict.spans === verdict.rolledUp;
  if (!isRolledUp) say(`${verdict.spans} spans are stored, ${verdict.rolledUp} are rolled up`);
  const isWhole = verdict.lost === 0 && verdict.duplicated === 0 && verdict.answered > 0;
  return isWhole && isRolledUp && !isSlow && rejected.length === 0;
}

function seededRandom(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}
