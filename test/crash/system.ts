/** Engine and gateway on ports that stay the same; each can be killed and started again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import type { AssassinOrder } from './assassin.ts';

export type CrashPoint = 'durable' | 'sealed' | 'inserted';

const assassinLimitMs = 4_000;
const settlePollMs = 200;
const gaugeAgeMs = 1_500;
const startTriesMax = 5;

export class System {
  readonly #root: string;
  #engine: TestEngine;
  #gateway: TestGateway;
  readonly #engineListen: string;
  readonly #gatewayArgs: readonly string[];
  /** Everything the gateways have said. */
  talk = '';

  private constructor(root: string, engine: TestEngine, gateway: TestGateway) {
    this.#root = root;
    this.#engine = engine;
    this.#gateway = gateway;
    this.#engineListen = new URL(engine.url).host;
    this.#gatewayArgs = ['--otlp-http', new URL(gateway.http).host];
  }

  static async start(): Promise<System> {
    const root = await mkdtemp(join(tmpdir(), 'obsctl-crash-'));
    const engine = await startEngine({ dataDir: join(root, 'clickhouse') });
    const gateway = await startGateway({
      clickhouseUrl: engine.url,
      dataDir: join(root, 'gateway'),
    });
    return new System(root, engine, gateway);
  }

  get gatewayUrl(): string {
    return this.#gateway.http;
  }

  get adminUrl(): string {
    return this.#gateway.admin;
  }

  get clickhouseUrl(): string {
    return this.#engine.url;
  }

  async killGateway(): Promise<void> {
    await this.#gateway.kill();
  }

  /** Starts it again so that it kills itself at `point`; resolves when it has. */
  async crashGatewayAt(point: CrashPoint): Promise<void> {
    await this.#gateway.kill();
    this.talk += this.#gateway.talk();
    this.#gateway = await this.#launchGateway({ OBSCTL_CRASH_AT: point });
    await Promise.race([this.#gateway.exited, pause(assassinLimitMs)]);
    await this.#gateway.kill();
  }

  async restartGateway(): Promise<void> {
    this.talk += this.#gateway.talk();
    this.#gateway = await this.#launchGateway({});
  }

  async killEngine(): Promise<void> {
    await this.#engine.kill();
  }

  /** Kills the engine between a token's write and what follows it. */
  async assassinateEngine(): Promise<boolean> {
    const order: AssassinOrder = {
      pid: this.#engine.pid,
      dataDir: this.#engine.dataDir,
      limitMs: assassinLimitMs,
    };
    const worker = new Worker(new URL('./assassin.ts', import.meta.url), { workerData: order });
    const hit = await new Promise<boolean>((resolve, reject) => {
      worker.on('message', (message: { hit: boolean }) => resolve(message.hit));
      worker.on('error', reject);
    });
    await this.#engine.kill();
    return hit;
  }

  async restartEngine(): Promise<void> {
    this.#engine = await retried(() =>
      startEngine({ dataDir: join(this.#root, 'clickhouse'), listen: this.#engineListen }),
    );
  }

  /** Resolves when ClickHouse has acknowledged everything in the log. */
  async settle(limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    // Gauges are up to half a second old.
    await pause(gaugeAgeMs);
    for (;;) {
      const response = await fetch(`${this.#gateway.admin}/metrics`);
      const text = await response.text();
      const value = (name: string): number =>
        Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? -1);
      const backlog = value('obsctl_gateway_sealed_backlog');
      const open = value('obsctl_gateway_open_rows');
      const lag = value('obsctl_gateway_lag_seconds');
      if (backlog === 0 && open === 0 && lag === 0) return;
      if (performance.now() > deadline) throw new Error(`not settled\n${text}`);
      await pause(settlePollMs);
    }
  }

  async stop(): Promise<void> {
    await this.#gateway.stop();
    this.talk += this.#gateway.talk();
    await this.#engine.stop();
    await rm(this.#root, { recursive: true, force: true });
  }

  #launchGateway(env: Readonly<Record<string, string>>): Promise<TestGateway> {
    return retried(() =>
      startGateway({
        clickhouseUrl: this.#engine.url,
        dataDir: join(this.#root, 'gateway'),
        args: this.#gatewayArgs,
        env,
      }),
    );
  }
}

/** A port may stay taken for a moment after a kill. */
async function retried<Value>(start: () => Promise<Value>): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start();
    } catch (error) {
      if (tries === startTriesMax) throw error;
      await pause(settlePollMs);
    }
  }
}
