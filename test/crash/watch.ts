/** Looks at a gateway from outside, ten times a second: readiness, its causes, and memory. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { System } from './system.ts';

const periodMs = 100;
const askMsMax = 1_000;

type Reading = { readonly atMs: number; readonly text: string };

export class Watch {
  readonly #system: System;
  readonly #readings: Reading[] = [];
  #residentBytesMax = 0;
  #isStopping = false;
  readonly #loop: Promise<void>;

  constructor(system: System) {
    this.#system = system;
    this.#loop = this.#run();
  }

  get residentMiBMax(): number {
    return Math.round(this.#residentBytesMax / 1024 ** 2);
  }

  /** How long after `sinceMs` `/readyz` was red with `cause`; infinite when it was not. */
  redAfterMs(sinceMs: number, cause: string): number {
    const found = this.#readings.find(
      ({ atMs, text }) => atMs >= sinceMs && text.includes('not ready') && text.includes(cause),
    );
    return found === undefined ? Number.POSITIVE_INFINITY : Math.round(found.atMs - sinceMs);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const text = await this.#readiness();
      this.#readings.push({ atMs: performance.now(), text });
      const resident = residentBytes(this.#system.gatewayPid);
      this.#residentBytesMax = Math.max(this.#residentBytesMax, resident);
      await pause(periodMs);
    }
  }

  async #readiness(): Promise<string> {
    try {
      const signal = AbortSignal.timeout(askMsMax);
      return await (await fetch(`${this.#system.adminUrl}/readyz`, { signal })).text();
    } catch {
      return 'no answer';
    }
  }
}

export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
