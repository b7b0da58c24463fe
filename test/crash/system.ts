/**
 * Engine and gateway on ports that stay the same, with a proxy between them that misbehaves when
 * told; each can be killed and started again.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import type { AssassinOrder } from './assassin.ts';
import { FaultyProxy } from './proxy.ts';

export type CrashPoint = 'durable' | 'sealed' | 'inserted';

const assassinLimitMs = 4_000;
const settlePollMs = 200;
const gaugeAgeMs = 1_500;
const startTriesMax = 5;

export type SystemOptions = {
  /** More words of the gateway's command line. */
  readonly args?: readonly string[];
  /** Of every gateway that is started. */
  readonly env?: Readonly<Record<string, string>>;
  readonly workers?: number;
  /** Where the gateway's data lie; otherwise below the system's own folder. */
  readonly gatewayDir?: string;
};

export class System {
  readonly #root: string;
  readonly #options: SystemOptions;
  readonly #engineListen: string;
  readonly #ports: readonly string[];
  /** Between gateway and engine. */
  readonly proxy: FaultyProxy;
  #engine: TestEngine;
  #gateway: TestGateway;
  /** How long the first gateway took to be ready, over an empty directory. */
  readonly firstStartMs: number;
  #gatewayDir: string;
  #workers: number | undefined;
  /** Everything the gateways of before have said. */
  #talk = '';

  private constructor(
    parts: { readonly root: string; readonly engine: TestEngine; readonly proxy: FaultyProxy },
    gateway: TestGateway,
    options: SystemOptions & { readonly firstStartMs: number },
  ) {
    this.firstStartMs = options.firstStartMs;
    this.#root = parts.root;
    this.#engine = parts.engine;
    this.proxy = parts.proxy;
    this.#gateway = gateway;
    this.#options = options;
    this.#gatewayDir = gateway.dataDir;
    this.#workers = options.workers;
    this.#engineListen = new URL(parts.engine.url).host;
    this.#ports = ['--otlp-http', new URL(gateway.http).host];
  }

  static async start(options: SystemOptions = {}): Promise<System> {
    const root = await mkdtemp(join(tmpdir(), 'obsctl-crash-'));
    const engine = await startEngine({ dataDir: join(root, 'clickhouse') });
    const proxy = await FaultyProxy.start(engine.url);
    const dataDir = options.gatewayDir ?? join(root, 'gateway');
    await mkdir(dataDir, { recursive: true });
    const startedMs = performance.now();
    const gateway = await startGateway({ ...options, clickhouseUrl: proxy.url, dataDir });
    const firstStartMs = performance.now() - startedMs;
    return new System({ root, engine, proxy }, gateway, { ...options, firstStartMs });
  }

  /** A folder of its own that goes with the system. */
  get root(): string {
    return this.#root;
  }

  get gatewayDir(): string {
    return this.#gatewayDir;
  }

  get gatewayPid(): number {
    return this.#gateway.pid;
  }

  /** Exit code or signal of the gateway that runs now, once it has ended. */
  get gatewayExited(): Promise<number | string> {
    return this.#gateway.exited;
  }

  /** Everything the gateways have said. */
  get talk(): string {
    return this.#talk + this.#gateway.talk();
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
    try {
      await this.restartGateway({ OBSCTL_CRASH_AT: point });
    } catch (error) {
      // It may come to the point while it reads its log, before it is ready.
      if (String(error).includes('SIGKILL')) return;
      throw error;
    }
    await Promise.race([this.#gateway.exited, pause(assassinLimitMs)]);
    await this.#gateway.kill();
  }

  async restartGateway(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const before = this.#gateway.talk();
    this.#gateway = await this.#launchGateway(env);
    this.#talk += before;
  }

  async restartGatewayIfGone(): Promise<void> {
    if (this.#gateway.hasExited()) await this.restartGateway();
  }

  /** SIGTERM, and what it ended with. */
  stopGateway(): Promise<number | string> {
    return this.#gateway.stop();
  }

  /** What the next start of the gateway finds changed. */
  change(next: { readonly gatewayDir?: string; readonly workers?: number }): void {
    this.#gatewayDir = next.gatewayDir ?? this.#gatewayDir;
    this.#workers = next.workers ?? this.#workers;
  }

  /** A metric without attributes, as the gateway tells it now; -1 when it does not. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.#gateway.admin}/metrics`)).text();
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? -1);
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
      if (performance.now() > deadline) {
        const lines = text.split('\n').filter((line) => !/^#| 0$|^$/.test(line));
        throw new Error(`not settled\n${lines.join('\n')}`);
      }
      await pause(settlePollMs);
    }
  }

  async stop(): Promise<void> {
    await this.#gateway.stop();
    await this.proxy.stop();
    await this.#engine.stop();
    await rm(this.#root, { recursive: true, force: true });
  }

  #launchGateway(env: Readonly<Record<string, string>>): Promise<TestGateway> {
    return retried(() =>
      startGateway({
        clickhouseUrl: this.proxy.url,
        dataDir: this.#gatewayDir,
        args: [...(this.#options.args ?? []), ...this.#ports],
        env: { ...this.#options.env, ...env },
        ...(this.#workers !== undefined && { workers: this.#workers }),
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
