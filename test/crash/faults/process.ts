/** What surrounds a gateway: a second one, the network, the clock, other starts: F17 to F19, … */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startEngine } from '../../support/engine.ts';
import { runSql } from '../../support/engine-http.ts';
import { startGateway } from '../../support/gateway.ts';
import type { Fault, FaultRun, Finding } from '../fault.ts';
import { trial } from '../trial.ts';

const fixture = join(import.meta.dirname, '../../../gateway/wal/testdata/v1');
const fixtureTables = [
  { table: 'otel_traces', id: 'SpanId', rows: 60 },
  { table: 'otel_logs', id: 'Body', rows: 40 },
  { table: 'otel_metrics_gauge', id: 'ValueInt', rows: 40 },
] as const;
const main = join(import.meta.dirname, '../../../cli/main.ts');
const refusalMsMax = 1_000;
const bodyMsMax = 30_000;

export const processFaults: readonly Fault[] = [
  { id: 'F17', title: 'two gateways on one data directory', run: startTwice },
  { id: 'F18', title: 'clients that vanish in the middle of a request', run: vanish },
  { id: 'F33', title: 'a full log of format 1 is delivered by this version', run: upgrade },
  { id: 'W1', title: 'another number of workers at each start', run: changeWorkers },
  { id: 'W2', title: 'lane directories moved into another data directory', run: moveLanes },
];

async function startTwice(run: FaultRun): Promise<Finding> {
  const tries = run.isShort ? 3 : 10;
  return await trial(run, {}, async ({ system, note }) => {
    let fastestMs = Number.POSITIVE_INFINITY;
    let otherMs = Number.POSITIVE_INFINITY;
    let isRefused = true;
    for (let index = 0; index < tries; index += 1) {
      // Below a file no directory can be made: the same program, refused for another reason.
      otherMs = Math.min(otherMs, await timeOf(['gateway', '--data-dir', join(main, 'none')]));
      const startedMs = performance.now();
      const dataDir = system.gatewayDir;
      const text = await startGateway({ clickhouseUrl: system.clickhouseUrl, dataDir }).then(
        async (second) => {
          await second.kill();
          return 'it started';
        },
        (error: unknown) => String(error),
      );
      fastestMs = Math.min(fastestMs, performance.now() - startedMs);
      isRefused &&= text.includes('OBS-2020') && text.includes(String(system.gatewayPid));
    }
    const ownMs = Math.round(fastestMs - otherMs);
    note(`refused ${tries} times, ${ownMs} ms after a gateway refused for its directory`);
    // Where such a start takes long by itself, a second is less than what it varies by.
    return { R: isRefused && ownMs <= Math.max(refusalMsMax, otherMs / 2) };
  });
}

/** A program of ours from its start to its end. */
async function timeOf(words: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [main, ...words], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('close', resolve));
  return performance.now() - startedMs;
}

async function vanish(run: FaultRun): Promise<Finding> {
  const clients = run.isShort ? 50 : 500;
  const declaredBytes = 256 * 1024;
  return await trial(run, {}, async ({ system, note }) => {
    const { hostname, port } = new URL(system.gatewayUrl);
    const sockets = Array.from({ length: clients }, (_, index) => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      const head = `POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n`;
      socket.write(`${head}Content-Length: ${declaredBytes}\r\n\r\n`);
      socket.write(Buffer.alloc(run.random.below(declaredBytes - 1)));
      // Every second one is cut; the others stay half open and say nothing more.
      if (index % 2 === 0) void pause(200).then(() => socket.destroy());
      return socket;
    });
    await pause(1_000);
    const heldBytes = await system.metric('obsctl_gateway_in_flight_size_bytes');
    if (run.isShort) for (const socket of sockets) socket.destroy();
    else await pause(bodyMsMax + 2_000);
    await pause(1_500);
    const leftBytes = await system.metric('obsctl_gateway_in_flight_size_bytes');
    for (const socket of sockets) socket.destroy();
    note(`${clients} clients held ${heldBytes} bytes, afterwards ${leftBytes}`);
    // What the load has under way is far less than one of these bodies.
    return { B: leftBytes < declaredBytes };
  });
}

/** What `gateway/wal/testdata/v1` holds that ClickHouse did not have: 60 spans, 40 and 40. */
async function upgrade(_run: FaultRun): Promise<Finding> {
  const dir = await mkdtemp(join(tmpdir(), 'obsctl-crash-format-'));
  const engine = await startEngine();
  try {
    await cp(fixture, dir, { recursive: true });
    // As long as the fixture may be old: the tables would drop its rows otherwise.
    const retention = 'traces=10000d,logs=10000d,metrics=10000d';
    const words = ['gateway', '--drain', '--data-dir', dir, '--clickhouse', engine.url];
    const gateway = [...words, '--retention', retention];
    await timeOf(['migrate', '--clickhouse', engine.url, '--retention', retention]);
    await timeOf(gateway);
    // Its tokens and its positions are those of before: a second one has nothing to do.
    await timeOf(gateway);
    const found: string[] = [];
    for (const { table, id } of fixtureTables) {
      const sql = `SELECT count(), uniqExact(${id}) FROM otel.${table}`;
      found.push(`${table} ${(await runSql(engine.url, sql)).replace('\t', ' rows, ids ')}`);
    }
    const expected = fixtureTables.map(({ table, rows }) => `${table} ${rows} rows, ids ${rows}`);
    const isSame = found.join() === expected.join();
    return { criteria: { A0: isSame, D0: isSame }, notes: found };
  } finally {
    await engine.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function changeWorkers(run: FaultRun): Promise<Finding> {
  const counts = run.isShort ? [3, 1] : [3, 1, 2, 4, 1, 2, 1];
  return await trial(run, { workers: 2 }, async ({ system, restart, note }) => {
    for (const workers of counts) {
      await system.proxy.set('refuse');
      await pause(400);
      await system.killGateway();
      system.change({ workers });
      await restart();
      await system.proxy.set('pass');
      await pause(400);
    }
    const lanes = await readdir(join(system.gatewayDir, 'lanes'));
    note(`2 workers, then ${counts.join(', ')}; ${lanes.length} lanes`);
    return {};
  });
}

async function moveLanes(run: FaultRun): Promise<Finding> {
  const moves = run.isShort ? 1 : 5;
  const folder = await mkdtemp(join(tmpdir(), 'obsctl-crash-moved-'));
  try {
    return await trial(run, { workers: 2 }, async ({ system, restart, note }) => {
      for (let move = 0; move < moves; move += 1) {
        await system.proxy.set('refuse');
        await pause(500);
        await system.killGateway();
        const next = join(folder, `machine-${move}`);
        // As by tar and a network: the bytes arrive, nothing else of the old place does.
        await cp(join(system.gatewayDir, 'lanes'), join(next, 'lanes'), { recursive: true });
        await rename(system.gatewayDir, `${system.gatewayDir}-left`);
        system.change({ gatewayDir: next });
        await restart();
        await system.proxy.set('pass');
        await pause(500);
      }
      note(`${moves} moves with data that ClickHouse did not have`);
      return {};
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
