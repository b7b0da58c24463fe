/** `obsctl entities list` and `events` as a person runs them, over a real engine. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { entityOf, watchedKinds } from '../../jobs/metadata/kubernetes/kinds.ts';
import { Recorder } from '../../jobs/metadata/recorder.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';

const nowMs = Date.now();
const minuteMs = 60_000;
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(clickhouse);
  const store = new EntityStore(clickhouse, 'lab');
  const recorder = new Recorder(await store.recorded(await store.positions(), nowMs));
  see(recorder, 1, 'shop:1', nowMs - 30 * minuteMs);
  see(recorder, 2, 'shop:2', nowMs - 10 * minuteMs);
  recorder.lose('u1', 3n, nowMs - 5 * minuteMs);
  await store.write(recorder.take());
  await clickhouse.close();
});
afterAll(() => engine?.stop());

function see(recorder: Recorder, version: number, image: string, atMs: number): void {
  const watched = watchedKinds.find(({ kind }) => kind === 'Pod');
  if (watched === undefined) throw new Error('no pods');
  const pod = {
    metadata: {
      ...{ uid: 'u1', name: 'web-0', namespace: 'shop', resourceVersion: String(version) },
      creationTimestamp: new Date(nowMs - 30 * minuteMs).toISOString(),
      ownerReferences: [{ kind: 'StatefulSet', uid: 's', name: 'web', controller: true }],
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image }] },
    status: { phase: 'Running', podIP: '10.0.0.7' },
  };
  recorder.see(entityOf(watched, pod, { labels: [], annotations: [] }), atMs);
}

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

async function obsctl(...words: string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['cli/main.ts', 'entities', ...words], {
    env: { ...process.env, NODE_NO_WARNINGS: '1', CLICKHOUSE_URL: `${engine.url}/otel` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

describe('obsctl entities', () => {
  it('lists what is there now, and what was there then', async () => {
    expect(await obsctl('list')).toEqual({ code: 0, stdout: '', stderr: 'nothing\n' });
    const at = new Date(nowMs - 20 * minuteMs).toISOString();
    const then = await obsctl('list', 'pods', '-n', 'shop', '--at', at);
    expect(then.stdout).toBe(
      'namespace  name   phase    node    workload  addresses\n' +
        'shop       web-0  Running  node-1  web       10.0.0.7\n',
    );
  });

  it('shows what happened, the latest first, of a workload or of a type', async () => {
    const all = await obsctl('events', 'web', '--json');
    const types = all.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).Type);
    expect(types[0]).toMatch(/^(deleted|address_detached)$/);
    expect(types).toContain('image_changed');
    const changed = await obsctl('events', '--type', 'image_changed');
    expect(changed.stdout).toMatch(
      /^time +description\n.+Pod shop\/web-0 has other images: Images\.app shop:1 → shop:2\n$/,
    );
    expect((await obsctl('events', '--since', '1m')).stderr).toBe('nothing\n');
  });

  it.each([
    [['list', 'podz'], 'Did you mean “pods”?'],
    [['list', '--at', 'noon'], '--at noon: expected a time'],
    [['list', '--limit', '0'], '--limit 0: expected a number'],
    [['events', '--since', 'ever'], '--since ever: expected a duration'],
    [['watch', '--lease', 'one'], '--lease one: expected NAMESPACE/NAME'],
  ])('refuses %j', async (words, text) => {
    const { code, stderr } = await obsctl(...words);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(text) });
  });
});
