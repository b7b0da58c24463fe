/**
 * Sends results into the gateway, each until it is stored: what is closed is emitted once. A result
 * that is sent again after a crash has the same bytes and times of its own, so the gateway knows it
 * (`lane/resends.ts`).
 */
import { Agent } from 'node:http';
import type { Clock } from '../../../core/clock.ts';
import { type OwnTarget, postOwn } from '../../own-post.ts';
import type { ResultPlace } from './records.ts';

export type Result = ResultPlace & { readonly body: Uint8Array };

export type EmitterOptions = {
  readonly target: OwnTarget;
  readonly clock: Clock;
  /** The results of the CLOSE at this position are stored. */
  readonly onDone: (closePosition: number) => Promise<void>;
  /** A result that the gateway will never take. */
  readonly onRejected: (status: number) => void;
};

type Job = { readonly closePosition: number; readonly results: readonly Result[] };

const pauseMsMin = 100;
const pauseMsMax = 5_000;

export class Emitter {
  readonly #options: EmitterOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #jobs: Job[] = [];
  #running: Promise<void> | undefined;
  #isStopping = false;

  constructor(options: EmitterOptions) {
    this.#options = options;
  }

  /** How many CLOSEs are not stored yet. */
  get waiting(): number {
    return this.#jobs.length;
  }

  /** The position of the oldest of them. */
  get oldest(): number | undefined {
    return this.#jobs[0]?.closePosition;
  }

  /** The position of the oldest result that is still needed. */
  get neededFrom(): number | undefined {
    const [job] = this.#jobs;
    return job && Math.min(job.closePosition, ...job.results.map(({ position }) => position));
  }

  emit(job: Job): void {
    this.#jobs.push(job);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing waits, or after `graceMs`; what is left is in the log. */
  async stop(graceMs: number): Promise<void> {
    const timer = this.#options.clock.sleep(graceMs);
    await Promise.race([this.#running, timer]);
    this.#isStopping = true;
    this.#agent.destroy();
  }

  async #run(): Promise<void> {
    for (let job = this.#jobs[0]; job !== undefined && !this.#isStopping; job = this.#jobs[0]) {
      for (const result of job.results) await this.#send(result);
      if (this.#isStopping) return;
      this.#jobs.shift();
      await this.#options.onDone(job.closePosition);
    }
  }

  async #send({ signal, body }: Result): Promise<void> {
    const { clock, target, onRejected } = this.#options;
    for (let pauseMs = pauseMsMin; !this.#isStopping; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
      const status = await postOwn(this.#agent, target, `/v1/${signal}`, body);
      if (status === 200) return;
      if (status !== undefined && status >= 400 && status < 500 && status !== 429) {
        onRejected(status);
        return;
      }
      await clock.sleep(pauseMs);
    }
  }
}
