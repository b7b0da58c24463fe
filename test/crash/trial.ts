/**
 * A gateway under load while something goes wrong, judged by the tables afterwards: the frame of
 * most faults of the matrix.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readLetters } from '../../gateway/deliver/dead-letter.ts';
import type { FaultRun, Finding } from './fault.ts';
import { Senders } from './sender.ts';
import { System, type SystemOptions } from './system.ts';
import { agrees, type Verdict, verify } from './verify.ts';
import { Watch } from './watch.ts';

export type Trial = {
  readonly run: FaultRun;
  readonly system: System;
  readonly senders: Senders;
  readonly watch: Watch;
  /** Restarts the gateway; milliseconds from there to the first answer. */
  readonly restart: (env?: Readonly<Record<string, string>>) => Promise<number>;
  readonly note: (text: string) => void;
};

export type TrialOptions = SystemOptions & {
  /** Of the load. */
  readonly paddingBytes?: number;
  readonly pauseMs?: number;
  /** How long everything may take to be delivered afterwards. */
  readonly settleMs?: number;
  /** What a person does once everything that can be delivered is: dead letters are left to them. */
  readonly onSettled?: (system: System) => Promise<void>;
};

/** 512 MiB, and what may be in flight besides. */
const residentMiBMax = 512 + 192;
const restartMsMax = 5_000;
/** On a machine where a start without any log takes long by itself. */
const restartTimesMax = 3;
const warmMs = 700;
const afterMs = 500;
const settleMsMax = 60_000;
const pauseMsDefault = 20;

/**
 * Runs `disturb` under load. What it returns is added to the criteria; A0, D0, B and L are judged
 * here, and R of every restart.
 */
export async function trial(
  run: FaultRun,
  options: TrialOptions,
  disturb: (trial: Trial) => Promise<Finding['criteria']>,
): Promise<Finding> {
  const system = await System.start(options);
  const watch = new Watch(system);
  const notes: string[] = [];
  const restarts: number[] = [];
  try {
    const { paddingBytes = 0, pauseMs = pauseMsDefault } = options;
    const senders = new Senders({ url: system.gatewayUrl, concurrency: 2, pauseMs, paddingBytes });
    senders.start();
    await pause(warmMs);
    const restart = async (env: Readonly<Record<string, string>> = {}): Promise<number> => {
      const startedMs = performance.now();
      await system.restartGateway(env);
      await senders.nextAnswer();
      const elapsedMs = Math.round(performance.now() - startedMs);
      restarts.push(elapsedMs);
      return elapsedMs;
    };
    const note = (text: string): void => void notes.push(text);
    const own = await disturb({ run, system, senders, watch, restart, note });
    await senders.nextAnswer();
    await pause(afterMs);
    const report = await senders.stop();
    await system.settle(options.settleMs ?? settleMsMax);
    await options.onSettled?.(system);
    const verdict = await verify(system.clickhouseUrl, report);
    const left = await readLetters(join(system.gatewayDir, 'dead-letter'));
    if (left.length > 0) notes.push(`${left.length} dead letters left: ${left[0]?.note.reason}`);
    notes.push(...notesOf(verdict), `resident at most ${watch.residentMiBMax} MiB`);
    if (restarts.length > 0) notes.push(`first answer after ${Math.max(...restarts)} ms`);
    if (report.rejected.length > 0) notes.push(`rejected: ${report.rejected[0]}`);
    const restartMs = Math.max(restartMsMax, system.firstStartMs * restartTimesMax);
    const isQuick = restarts.every((elapsedMs) => elapsedMs <= restartMs);
    const R = restarts.length > 0 ? { R: isQuick } : {};
    return { criteria: { ...judge(verdict, watch), ...R, ...own }, notes };
  } finally {
    await watch.stop();
    await system.stop();
    if (process.env['OBSCTL_CRASH_TALK'] !== undefined) run.say(system.talk);
  }
}

function judge(verdict: Verdict, watch: Watch): Finding['criteria'] {
  return {
    A0: verdict.lost === 0 && verdict.answered > 0,
    D0: verdict.duplicated === 0 && agrees(verdict),
    B: watch.residentMiBMax <= residentMiBMax,
    // What was sent behind the fault was answered, or this place was never reached; it is stored.
    L: verdict.lost === 0,
  };
}

function notesOf(verdict: Verdict): readonly string[] {
  const { answered, stored, lost, duplicated } = verdict;
  const notes = [`${answered} answered, ${stored} stored, ${lost} lost, ${duplicated} twice`];
  if (!agrees(verdict)) notes.push(`rollups differ: ${JSON.stringify(verdict)}`);
  return [...notes, ...verdict.faults];
}
