/** `obsctl cost` as a person runs it, over a real engine; amounts are sums done by hand. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { addNodes, addPods, addPoints, addRows, hourMs } from '../../jobs/prices/testdata/world.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';

const nowMs = Date.now();
const nowHour = nowMs - (nowMs % hourMs);
const start = nowHour - 4 * hourMs;
const gb = 1e9;
let engine: TestEngine;
let server: ClickHouse;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-cost-'));
  engine = await startEngine();
  server = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(server);
  const providerId = 'aws:///eu-central-1a/i-0abc';
  await addNodes(server, [{ name: 'n1', from: start, cores: 4, bytes: 16 * gb, providerId }]);
  const pod = { node: 'n1', workload: 'checkout', labels: { team: 'till' } };
  // Deployed again after two hours, with half of the requests.
  const deployedMs = start + 2 * hourMs;
  await addPods(server, [
    { ...pod, name: 'a', from: start, to: deployedMs, millis: 1000, bytes: 4 * gb },
    { ...pod, name: 'b', from: deployedMs, millis: 500, bytes: 2 * gb },
  ]);
  const use = (uid: string, metric: string, fromMs: number, value: number) => ({
    of: { 'k8s.pod.uid': uid, 'k8s.container.name': 'app' },
    ...{ metric, fromMs, values: Array.from({ length: 120 }, () => value) },
  });
  await addPoints(server, [
    use('a', 'container.cpu.usage', start, 0.25),
    use('a', 'container.memory.working_set', start, gb),
    use('b', 'container.cpu.usage', deployedMs, 0.25),
    use('b', 'container.memory.working_set', deployedMs, gb),
  ]);
  await server.run(`INSERT INTO otel.entity_events (Time, Cluster, Type, EntityType, EntityId,
    Namespace, Name, ResourceVersion, Version, Description)
    VALUES (fromUnixTimestamp64Milli(toInt64(${deployedMs + 1})), 'lab', 'image_changed',
      'Deployment', 'd', 'shop', 'checkout', 1, 1, 'Deployment shop/checkout has other images')`);
});
afterAll(async () => {
  await server?.close();
  await engine?.stop();
  await rm(folder, { recursive: true, force: true });
});

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

async function obsctl(...words: string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['cli/main.ts', 'cost', ...words], {
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

const squeezed = (text: string): readonly string[] =>
  text.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim());

describe('obsctl cost', () => {
  it('says that nothing was counted, and what to do', async () => {
    const { code, stderr } = await obsctl('show');
    expect(code).toBe(2);
    expect(stderr).toContain('OBS-6152: no cost was counted from ');
    expect(stderr).toContain('`obsctl cost run --since 24h`');
  });

  it('counts without any price source, and says whose prices it took', async () => {
    const { code, stdout, stderr } = await obsctl('run', '--since', '3h');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    expect(stdout).toMatch(/^counted 4 hours\n {2}default aws 2025-06: \d\.\d node hours\n$/);
    expect(stderr).toContain('no price file and no bill: list prices of 2025-06');
  });

  it('counts with prices of a file from then on', async () => {
    const path = join(folder, 'ours.yaml');
    await writeFile(path, 'currency: EUR\nprices: [{vcpu_hour: 0.03, gb_hour: 0.004}]\n');
    const loaded = await obsctl('prices', 'import', path);
    expect(loaded.stdout).toBe('ours: 1 prices in EUR, loaded\n');
    const again = await obsctl('prices', 'import', path, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ state: 'unchanged', rules: 1 });
    const { stdout } = await obsctl('run', '--since', '5h', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ sources: [{ source: 'file: ours' }] });
    const listed = await obsctl('prices', 'list');
    expect(squeezed(listed.stdout).slice(0, 3)).toEqual([
      'source of vCPU hour GB hour node hour currency',
      'file: ours any 0.03 0.004 – EUR',
      'default aws 2025-06 aws 0.009065211797 0.009065211797 – USD',
    ]);
  });

  it('shows what teams cost, in a month as well', async () => {
    // The hours that are over, so that no sum depends on the minute.
    await server.run(
      `ALTER TABLE otel.cost_hours DELETE WHERE Time >= toDateTime(${nowHour / 1000}, 'UTC')
        OR Time < toDateTime(${start / 1000}, 'UTC') SETTINGS mutations_sync = 1`,
    );
    const { stdout, stderr } = await obsctl('show', '--by', 'team', '--since', '6h', '--json');
    expect(stderr).toBe('');
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ by: 'team', hours: 4 });
    expect(answer.rows).toMatchObject([
      // 4 h × (4 × 0.03 + 16 × 0.004) = 0.736 without the 0.138 of the pods.
      { of: { Team: '' }, isUnallocated: true, cost: '0.598', currency: 'EUR' },
      {
        // 2 h × (1 × 0.03 + 4 × 0.004) + 2 h × (0.5 × 0.03 + 2 × 0.004) = 0.092 + 0.046 = 0.138.
        ...{ of: { Team: 'till' }, isUnallocated: false, cost: '0.138', currency: 'EUR' },
        // 4 h × (0.25 × 0.03 + 1 × 0.004) = 0.046; the rest is 0.092.
        ...{ usageCost: '0.046', idleCost: '0.092', priceSources: ['file: ours'] },
        // 0.138 / 4 × 720
        monthCost: '24.840000000000',
      },
    ]);
    const text = await obsctl('show', '--by', 'workload', '-n', 'shop', '--since', '6h');
    expect(squeezed(text.stdout).slice(0, 2)).toEqual([
      'namespace workloadkind workload cost used idle a month vCPU h used GB h used price',
      'shop Deployment checkout 0.1380 0.0460 0.0920 24.84 EUR 3.00 1.00 12.00 4.00 file: ours',
    ]);
  });

  it('recommends what is used and a tenth more', async () => {
    const { stdout } = await obsctl('recommend', '--since', '6h', '--json');
    // 0.25 cores and a tenth are 0.275, in steps of 0.01 0.28; 1 GB and a tenth are 1.1, in steps
    // of 0.016 1.104. 4 h × (0.28 × 0.03 + 1.104 × 0.004) = 0.051264 of 0.138: 0.086736 too much.
    expect(JSON.parse(stdout)).toMatchObject({
      ...{
        namespace: 'shop',
        workload: 'checkout',
        cpuRequested: '0.750',
        cpuRecommended: '0.280',
      },
      ...{ memoryRequested: '3.000', memoryRecommended: '1.104', currency: 'EUR' },
      overProvisioned: '0.086736000000',
      // by 4 hours, 720 times
      overProvisionedMonth: '15.612480000000',
    });
  });

  it('compares the hours before and after a deployment', async () => {
    const { stdout, stderr } = await obsctl('compare', 'checkout', '-n', 'shop', '--window', '2h');
    expect(stderr).toContain('Deployment shop/checkout has other images');
    expect(squeezed(stdout).slice(1, 3)).toEqual([
      // 1 × 0.03 + 4 × 0.004 = 0.046 an hour, 33.12 in 720; half of it afterwards.
      'before 2 0.0460 0.0115 33.12 EUR 1.0 1.000 0.250 4.000 1.000 file: ours',
      'after 1 0.0230 0.0115 16.56 EUR 1.0 0.500 0.250 2.000 1.000 file: ours',
    ]);
    const none = await obsctl('compare', 'nobody');
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('OBS-6152: no change of images of nobody is recorded');
  });

  it('shows no traffic and says what would feed it, where none was reported', async () => {
    const { code, stdout, stderr } = await obsctl('traffic');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('OBS-6153: no traffic was reported');
    expect(stderr).toContain('`ebpf: {network: true}`');
  });

  it('shows what traffic cost, by which price', async () => {
    const from = { Time: start / 1000, Cluster: 'lab', SourceNamespace: 'shop' };
    const checkout = { ...from, SourceWorkload: 'checkout', SourceZone: 'zone-a' };
    await addRows(server, 'flow_minutes', [
      { ...checkout, DestinationAddress: '203.0.113.7', SourceBytes: 2 * gb },
      {
        ...{ ...checkout, DestinationNamespace: 'shop', DestinationWorkload: 'stock' },
        ...{ DestinationZone: 'zone-b', SourceBytes: 3 * gb, DestinationBytes: gb },
      },
    ]);
    const { stdout, stderr } = await obsctl('traffic', '--since', '6h');
    expect(squeezed(stdout).slice(0, 3)).toEqual([
      'namespace workload GB to zones from zones cost GB to internet cost in all price',
      // (3 + 1) × 0.01 and 2 × 0.09
      'shop checkout 3.000 1.000 0.0400 2.000 0.1800 0.2200 USD default aws 2025-06',
      'shop stock 1.000 3.000 0.0400 0.000 0.0000 0.0400 USD default aws 2025-06',
    ]);
    expect(stderr).toBe('6.000 GB seen; what stays in its zone costs nothing\n');
    const teams = await obsctl('traffic', '--by', 'team', '--since', '6h', '--json');
    expect(JSON.parse(teams.stdout)).toMatchObject({
      ...{ by: 'team', seenBytes: '6000000000' },
      rows: [
        { of: { team: 'till' }, zonesCost: '0.04', internetCost: '0.18', cost: '0.22' },
        { of: { team: '–' }, cost: '0.04', priceSources: ['default aws 2025-06'] },
      ],
    });
    const listed = await obsctl('prices', 'list');
    expect(squeezed(listed.stdout)).toContain('default aws 2025-06 aws 0.01 0.01 0.09 USD');
  });

  it.each([
    [['traffic', '--by', 'teem'], 'Did you mean “team”?'],
    [['show', '--by', 'teem'], 'Did you mean “team”?'],
    [['show', '--month', '2026-13'], '--month 2026-13: expected a month such as 2026-11'],
    [['run', '--since', '60d'], '--since 60d: expected a duration of at most 29 days'],
    [['bills', 'import', 'x', '--format', 'cur'], '--format cur: expected focus'],
    [['bills', 'import', '/nowhere.csv'], 'OBS-6151: /nowhere.csv'],
    [['prices', 'import', '/nowhere.yaml'], 'OBS-6150: /nowhere.yaml'],
  ])('%j is refused', async (words, message) => {
    const { code, stderr } = await obsctl(...words);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
