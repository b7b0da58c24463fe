/**
 * `obsctl entities watch` beside pods that churn on a real API server for minutes, as fast as it
 * takes them: its connection cut at random all the while, in the first half itself killed at
 * random as well, in the second left alone so that its memory tells whether it grows. The history
 * must be their maker's own record exactly. `npm run bench churn`; fewer pods or other minutes by
 * `OBSCTL_BENCH_PODS` and `OBSCTL_BENCH_MINUTES`.
 */
import assert from 'node:assert';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { peers } from '../../tools/peers/list.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { median, printLine, rounded } from '../support/figures.ts';
import { cpuSeconds, statusBytes } from '../support/gateway-load.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { type Program, startProgram } from '../support/program.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { Churn } from './churn.ts';
import { type CuttingProxy, startCuttingProxy, writeKubeconfig } from './following.ts';
import { expectedHistory, storedHistory } from './history.ts';

const pods = Number(process.env['OBSCTL_BENCH_PODS'] ?? 2_000);
const minutes = Number(process.env['OBSCTL_BENCH_MINUTES'] ?? 10);
const stepsATurn = 40;
const cutsInMs = 20_000;
const killsInMs = 60_000;
const sampleMs = 1_000;
const caughtUpMsMax = 300_000;
const obsctl = join(import.meta.dirname, '../../bin/obsctl');
const fromPods = "FROM otel.entity_pods FINAL WHERE Namespace = 'default'";

type Site = {
  readonly cluster: ControlPlane;
  readonly engine: TestEngine;
  readonly clickhouse: ClickHouse;
  readonly proxy: CuttingProxy;
  readonly kubeconfig: string;
};

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const programs = peers.find(({ name }) => name === 'kubernetes')?.find();
  assert(programs !== undefined, 'needs kubernetes: npm run peers kubernetes');
  const [cluster, engine] = await Promise.all([
    startControlPlane({ programs, nodes: 3 }),
    startEngine(),
  ]);
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  const proxy = await startCuttingProxy(cluster.port);
  try {
    await migrate(clickhouse);
    const server = `https://127.0.0.1:${proxy.port}`;
    const kubeconfig = writeKubeconfig(cluster, { server, token: cluster.adminToken });
    await churnFor({ cluster, engine, clickhouse, proxy, kubeconfig }, json);
  } finally {
    proxy.stop();
    await clickhouse.close();
    await engine.stop();
    await cluster.stop();
  }
}

async function churnFor(site: Site, json: boolean): Promise<void> {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stderr.write(`seed ${seed}\n`);
  const random = seededRandom(seed);
  const churn = new Churn(site.cluster, random);
  const watch = new Watch(site);
  try {
    await churn.fill(pods);
    await untilCount(site, `SELECT uniqExact(Id) AS n ${fromPods}`, pods);
    const started = performance.now();
    const endMs = started + minutes * 60_000;
    const halfMs = started + minutes * 30_000;
    const disturbing = Promise.all([
      repeat(endMs, cutsInMs, random, () => void site.proxy.cut()),
      repeat(halfMs, killsInMs, random, async () => await watch.killAndStart()),
    ]);
    let steps = 0;
    while (performance.now() < endMs) {
      await churn.turn(stepsATurn);
      steps += stepsATurn;
    }
    await disturbing;
    const lagS = await caughtUp(site, churn);
    const { records } = churn;
    assert.deepEqual(await storedHistory(site.clickhouse), expectedHistory(records), `${seed}`);
    print(json, { watch, steps, lagS, seed, events: expectedHistory(records).events.length });
  } finally {
    watch.stop();
  }
}

type Figures = {
  readonly watch: Watch;
  readonly steps: number;
  readonly lagS: number;
  readonly seed: number;
  readonly events: number;
};

function print(json: boolean, { watch, steps, lagS, seed, events }: Figures): void {
  const { samples, kills, cpuS } = watch;
  const fifth = Math.ceil(samples.length / 5);
  const early = median(samples.slice(fifth, fifth * 2));
  const late = median(samples.slice(-fifth));
  printLine(json, {
    bench: 'churn',
    value: Math.round(late / 1024 ** 2),
    unit: 'resident_MiB_at_the_end',
    ratio: rounded(late / early),
    peer: { its_own_second_fifth: Math.round(early / 1024 ** 2) },
    most: Math.round(Math.max(...samples) / 1024 ** 2),
    runs: everyTenth(samples).map((bytes) => Math.round(bytes / 1024 ** 2)),
    ...{ pods, minutes, changes: steps, events, kills, seed },
    seconds_to_catch_up: rounded(lagS),
    cpu_s_of_the_last_life: rounded(cpuS),
  });
}

function everyTenth(samples: readonly number[]): readonly number[] {
  const step = Math.max(1, Math.floor(samples.length / 10));
  return samples.filter((_, at) => at % step === 0);
}

/** The watcher, started again after each kill; what the life that is left alone takes. */
class Watch {
  readonly #site: Site;
  #program: Program;
  #timer: NodeJS.Timeout;
  kills = 0;
  cpuS = 0;
  /** Resident bytes of the present life, each second. */
  samples: number[] = [];

  constructor(site: Site) {
    this.#site = site;
    this.#program = this.#start();
    this.#timer = setInterval(() => this.#sample(), sampleMs);
  }

  async killAndStart(): Promise<void> {
    clearInterval(this.#timer);
    this.#program.kill('SIGKILL');
    await this.#program.ended;
    this.kills += 1;
    this.samples = [];
    this.#program = this.#start();
    this.#timer = setInterval(() => this.#sample(), sampleMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#program.killGroup('SIGKILL');
  }

  #start(): Program {
    const { engine, kubeconfig } = this.#site;
    const words = ['entities', 'watch', '--cluster', 'lab', '--kubeconfig', kubeconfig];
    const url = ['--clickhouse', `${engine.url}/otel`];
    return startProgram(process.execPath, [obsctl, ...words, ...url]);
  }

  #sample(): void {
    this.samples.push(statusBytes(this.#program.pid, 'VmRSS'));
    this.cpuS = cpuSeconds(this.#program.pid);
  }
}

async function repeat(
  endMs: number,
  withinMs: number,
  random: Random,
  act: () => void | Promise<void>,
): Promise<void> {
  for (;;) {
    await sleep(random.below(withinMs));
    if (performance.now() > endMs) return;
    await act();
  }
}

/** Waits until the tables know all pods and all that are gone; gives the seconds it took. */
async function caughtUp(site: Site, churn: Churn): Promise<number> {
  const started = performance.now();
  const { records } = churn;
  const gone = records.filter(({ last }) => last !== undefined);
  await untilCount(site, `SELECT uniqExact(Id) AS n ${fromPods} AND IsGone = 1`, gone.length);
  await untilCount(site, `SELECT uniqExact(Id) AS n ${fromPods}`, records.length);
  return (performance.now() - started) / 1000;
}

async function untilCount({ clickhouse }: Site, sql: string, wanted: number): Promise<void> {
  const deadline = performance.now() + caughtUpMsMax;
  for (;;) {
    const [row] = await clickhouse.rows<{ n: string }>(sql);
    if (Number(row?.n) === wanted) return;
    assert(performance.now() < deadline, `${row?.n} instead of ${wanted}: ${sql}`);
    await sleep(500);
  }
}
