/**
 * `obsctl entities watch` against a real API server whose pods churn, cut off and killed: the
 * history in ClickHouse is what the one who made the pods knows, and each event is there once.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { templateOf, type Workload } from '../../k8s/objects.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type Program, startProgram } from '../support/program.ts';
import { seededRandom } from '../support/random.ts';
import { renderFile } from '../support/rendered.ts';
import { Churn } from './churn.ts';
import { startCuttingProxy, writeKubeconfig } from './following.ts';
import { expectedHistory, storedHistory } from './history.ts';

const startMsMax = 120_000;
const churnMsMax = 240_000;
const caughtUpMsMax = 60_000;
/** Many more, for minutes: `npm run bench churn`. */
const pods = 60;
const rounds = 8;
const stepsARound = Math.ceil(pods / 2);
/** About what a start takes. */
const startsInMs = 4_000;
const cutsInMs = 1_000;
const stackFile = join(import.meta.dirname, 'testdata/entities.yaml');
const obsctl = join(import.meta.dirname, '../../bin/obsctl');

describeWithPeer('kubernetes', 'a watcher of entities', (programs) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let cluster: ControlPlane;
  let engine: TestEngine;
  let clickhouse: ClickHouse;
  let watcher: Program;
  const watchers: Program[] = [];
  const stops: (() => void)[] = [];

  beforeAll(async () => {
    [cluster, engine] = await Promise.all([
      startControlPlane({ programs, nodes: 3 }),
      startEngine(),
    ]);
    clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
    await migrate(clickhouse);
  }, startMsMax);
  afterEach(() => {
    for (const one of watchers) one.killGroup('SIGKILL');
    for (const stop of stops.splice(0)) stop();
  });
  afterAll(async () => {
    await clickhouse?.close();
    await engine?.stop();
    await cluster?.stop();
  });

  const run = (words: readonly string[]): Program => {
    const url = ['--clickhouse', `${engine.url}/otel`];
    const program = startProgram(process.execPath, [obsctl, ...words, ...url]);
    watchers.push(program);
    return program;
  };
  const start = (kubeconfig: string): Program =>
    run(['entities', 'watch', '--cluster', 'lab', '--kubeconfig', kubeconfig]);

  const waitFor = async (sql: string, wanted: number): Promise<void> => {
    const deadline = performance.now() + caughtUpMsMax;
    for (;;) {
      const [row] = await clickhouse.rows<{ n: string }>(sql);
      if (Number(row?.n) === wanted) return;
      if (performance.now() > deadline) {
        throw new Error(`${row?.n} instead of ${wanted}: ${sql}\n${watcher.talk()}`);
      }
      await sleep(200);
    }
  };

  it(
    'holds what their maker knows of pods that churn, although cut off and killed each round',
    async () => {
      const random = seededRandom(seed);
      const from = "FROM otel.entity_pods FINAL WHERE Namespace = 'default'";
      const churn = new Churn(cluster, random);
      const proxy = await startCuttingProxy(cluster.port);
      stops.push(proxy.stop);
      const server = `https://127.0.0.1:${proxy.port}`;
      const kubeconfig = writeKubeconfig(cluster, { server, token: cluster.adminToken });
      watcher = start(kubeconfig);
      await churn.fill(pods);
      // Who has never looked cannot know what was gone before.
      await waitFor(`SELECT uniq(Id) AS n ${from}`, pods);
      for (let round = 0; round < rounds; round += 1) {
        const cutting = churn.turn(stepsARound);
        await sleep(random.below(cutsInMs));
        proxy.cut();
        await cutting;
        // Sometimes before it has looked at all.
        await sleep(random.below(startsInMs));
        watcher.kill('SIGKILL');
        await watcher.ended;
        // What happens now nobody watches.
        await churn.turn(Math.ceil(stepsARound / 4));
        watcher = start(kubeconfig);
      }
      const { records } = churn;
      const gone = records.filter(({ last }) => last !== undefined);
      await waitFor(`SELECT uniq(Id) AS n ${from} AND IsGone = 1`, gone.length);
      await waitFor(`SELECT uniq(Id) AS n ${from}`, records.length);
      const stored = await storedHistory(clickhouse);
      expect({ seed, ...stored }).toEqual({ seed, ...expectedHistory(records) });
    },
    churnMsMax,
  );

  it(
    'is rendered with the rights that it needs, and another takes its place',
    async () => {
      const rendered = await renderFile(stackFile, ['--only', 'jobs']);
      await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
      const deployment = rendered.objects.find(
        ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'lab-entities',
      ) as Workload;
      const { args = [] } = templateOf(deployment).spec.containers[0] ?? {};
      const token = await cluster.tokenOf('observability', 'lab-entities');
      const kubeconfig = writeKubeconfig(cluster, { server: cluster.url, token });
      // Its pod has an address of its own; here the two share one.
      const local = args.map((word) => (word.includes('MY_POD_IP') ? '127.0.0.1:0' : word));
      const both = [0, 1].map(() => run([...local, '--kubeconfig', kubeconfig]));
      const first = await Promise.race(both.map(async (one) => await watching(one)));
      const second = both.find((one) => one !== first) as Program;
      for (const one of both) expect(await livezOf(one)).toEqual({ status: 200, text: 'ok\n' });
      first.kill('SIGKILL');
      const team = { metadata: { name: 'labelled', labels: { team: 'till', other: 'x' } } };
      const spec = { containers: [{ name: 'app', image: 'shop:1' }] };
      await cluster.ask('POST', '/api/v1/namespaces/default/pods', { ...team, spec });
      const from = "FROM otel.entity_pods FINAL WHERE Name = 'labelled'";
      await waitFor(`SELECT uniq(Id) AS n ${from} AND Labels = map('team', 'till')`, 1);
      expect(second.talk()).toMatch(/^health http:\S+\nwatching https:\S+ as cluster lab\n$/);
      second.kill('SIGTERM');
      expect(await second.ended).toMatchObject({ code: 0 });
    },
    churnMsMax,
  );
});

/** The one that waits is as healthy as the one that writes. */
async function livezOf(program: Program): Promise<{ status: number; text: string }> {
  await program.said('/livez\n');
  const [, url = ''] = /^health (\S+)$/m.exec(program.talk()) ?? [];
  const answer = await fetch(url);
  return { status: answer.status, text: await answer.text() };
}

async function watching(program: Program): Promise<Program> {
  await program.said('watching');
  return program;
}
