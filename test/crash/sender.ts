/**
 * Senders with ids of their own: item `n` of a signal carries the number `n`, so that the tables
 * can be asked for each one. A refused request is sent again as it was, and so is one whose answer
 * got lost: its bytes may be in the log already, and must not be stored twice.
 */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { logsRequest, metricsRequest, tracesRequest } from './payload.ts';

export const itemsARequest = 100;

export const signals = ['traces', 'logs', 'metrics'] as const;
export type CrashSignal = (typeof signals)[number];

export type SenderOptions = {
  /** `http://127.0.0.1:PORT`; the same after each restart. */
  readonly url: string;
  /** Requests under way at once, of each signal. */
  readonly concurrency: number;
  /** Between two requests of one loop: the load is steady, not as fast as it goes. */
  readonly pauseMs: number;
  /** Each log record carries so many bytes more, to fill a log quickly. */
  readonly paddingBytes?: number;
};

/** One flag a request: 1 when it was answered OK. */
export type SenderReport = {
  readonly answered: Readonly<Record<CrashSignal, readonly boolean[]>>;
  /** 503 and the like: sent again. */
  readonly refused: number;
  /** No answer came: sent again. */
  readonly unknown: number;
  /** Answered with something that is neither OK nor to be sent again. */
  readonly rejected: readonly string[];
};

const requestTimeoutMs = 20_000;
const retryMs = 50;

const encoders = { traces: tracesRequest, logs: logsRequest, metrics: metricsRequest };

export class Senders {
  readonly #options: SenderOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #answered: Record<CrashSignal, boolean[]> = { traces: [], logs: [], metrics: [] };
  readonly #loops: Promise<void>[] = [];
  readonly #rejected: string[] = [];
  #refused = 0;
  #unknown = 0;
  #isStopping = false;
  #waiters: (() => void)[] = [];

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  start(): void {
    for (const signal of signals) {
      for (let loop = 0; loop < this.#options.concurrency; loop += 1) {
        this.#loops.push(this.#send(signal));
      }
    }
  }

  answeredItems(): number {
    const requests = signals.flatMap((signal) => this.#answered[signal].filter(Boolean));
    return requests.length * itemsARequest;
  }

  /** The number of the first item of the next request. */
  nextNumber(signal: CrashSignal): number {
    return this.#answered[signal].length * itemsARequest;
  }

  refusedRequests(): number {
    return this.#refused;
  }

  /** Resolves when one more request than now was answered OK. */
  async nextAnswer(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async stop(): Promise<SenderReport> {
    this.#isStopping = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
    return {
      answered: this.#answered,
      refused: this.#refused,
      unknown: this.#unknown,
      rejected: this.#rejected,
    };
  }

  async #send(signal: CrashSignal): Promise<void> {
    while (!this.#isStopping) {
      const answered = this.#answered[signal];
      const index = answered.push(false) - 1;
      const first = index * itemsARequest;
      const body = encoders[signal](first, itemsARequest, this.#options.paddingBytes ?? 0);
      // Every third one compressed, so that the log holds both kinds.
      const isGzip = index % 3 === 0;
      const wire = isGzip ? gzipSync(body) : body;
      for (;;) {
        const status = await this.#post(signal, wire, isGzip);
        if (status === 200) {
          answered[index] = true;
          for (const wake of this.#waiters.splice(0)) wake();
        } else if (status === undefined || status === 503 || status === 429) {
          if (status === undefined) this.#unknown += 1;
          else this.#refused += 1;
          if (this.#isStopping) break;
          await pause(retryMs);
          continue;
        } else this.#rejected.push(`${signal}: status ${status}`);
        break;
      }
      await pause(answered[index] === true ? this.#options.pauseMs : retryMs);
    }
  }

  /** The status, or `undefined` when no answer came. */
  #post(signal: CrashSignal, wire: Uint8Array, isGzip: boolean): Promise<number | undefined> {
    return new Promise((resolve) => {
      const sent = request(`${this.#options.url}/v1/${signal}`, {
        agent: this.#agent,
        method: 'POST',
        timeout: requestTimeoutMs,
        headers: {
          'Content-Type': 'application/x-protobuf',
          'Content-Length': wire.byteLength,
          ...(isGzip && { 'Content-Encoding': 'gzip' }),
        },
      });
      sent.on('response', (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
        response.on('error', () => resolve(undefined));
      });
      sent.on('timeout', () => sent.destroy());
      sent.on('error', () => resolve(undefined));
      sent.on('close', () => resolve(undefined));
      sent.end(wire);
    });
  }
}
