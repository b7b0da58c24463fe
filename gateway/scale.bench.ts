/**
 * What more workers and more connections cost: CPU-seconds per million spans and peak memory of
 * two workers against one, over eight connections, in turn; and resident memory of 10 000
 * connections that have said hello and nothing else. `npm run bench scale`.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { printLine, quantile, rounded } from '../test/support/figures.ts';
import { startGateway, type TestGateway } from '../test/support/gateway.ts';
import {
  cpuSeconds,
  createNullTables,
  type LoadSignal,
  loadSignals,
  Messages,
  sendBurst,
  settleGateway,
  statusBytes,
} from '../test/support/gateway-load.ts';

const [spans] = loadSignals as readonly [LoadSignal];
const database = 'bench';
const rounds = 5;
const senders = 8;
const requestsASender = 60;
const itemsARequest = 999;
const distinctBodies = 8;
/** One less than a server takes: the bench itself may ask for metrics. */
const idleConnections = 9_999;
const connectsAtOnce = 200;
const settleMs = 3_000;
/** HTTP/2's preface and an empty SETTINGS frame. */
const hello: Buffer = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const engine = await startEngine();
  try {
    await createNullTables(engine.url, database);
    await compareWorkers(engine, json);
    await holdConnections(engine, json);
  } finally {
    await engine.stop();
  }
}

async function compareWorkers(engine: TestEngine, json: boolean): Promise<void> {
  const gateways = [await start(engine, 1), await start(engine, 2)];
  try {
    const runs: number[][] = [[], []];
    const load = makeLoad();
    for (const gateway of gateways) await measure(gateway, load);
    for (let round = 0; round < rounds; round += 1) {
      for (const [side, gateway] of gateways.entries()) {
        runs[side]?.push(await measure(gateway, load));
      }
    }
    const [one = [], two = []] = runs;
    const value = quantile(two, 0.5);
    printLine(json, {
      bench: 'scale-two-workers',
      value: rounded(value),
      unit: 'cpu_s_per_million_spans',
      ratio: rounded(value / quantile(one, 0.5)),
      peer: { one_worker: rounded(quantile(one, 0.5)) },
      runs: two.map(rounded),
      peer_runs: one.map(rounded),
    });
    const [oneWorker, twoWorkers] = gateways.map(({ pid }) => statusBytes(pid, 'VmHWM'));
    printLine(json, {
      bench: 'scale-two-workers-peak-memory',
      value: twoWorkers ?? 0,
      unit: 'bytes',
      peer: { one_worker: oneWorker ?? 0 },
      runs: [twoWorkers ?? 0],
    });
  } finally {
    for (const gateway of gateways) await gateway.stop();
  }
}

function start(engine: TestEngine, workers: number): Promise<TestGateway> {
  const args = ['--database', database, '--no-migrate'];
  return startGateway({ clickhouseUrl: engine.url, workers, args });
}

/** Messages of each sender; the same for all rounds, so that none comes twice. */
function makeLoad(): readonly Messages[] {
  return Array.from({ length: senders }, (_, sender) => {
    const bodies = Array.from({ length: distinctBodies }, (_, seed) =>
      spans.make(itemsARequest, sender * distinctBodies + seed),
    );
    return new Messages(bodies, 'identity');
  });
}

/** CPU-seconds of the process per million spans, over connections of their own. */
async function measure(gateway: TestGateway, load: readonly Messages[]): Promise<number> {
  const before = cpuSeconds(gateway.pid);
  await Promise.all(
    load.map((messages) => {
      const common = { address: gateway.grpc, path: spans.path, messages } as const;
      return sendBurst({ ...common, encoding: 'identity', count: requestsASender, atOnce: 2 });
    }),
  );
  await settleGateway(gateway.admin);
  const items = senders * requestsASender * itemsARequest;
  return ((cpuSeconds(gateway.pid) - before) / items) * 1e6;
}

async function holdConnections(engine: TestEngine, json: boolean): Promise<void> {
  const gateway = await start(engine, 1);
  const sockets: Socket[] = [];
  try {
    await measure(gateway, makeLoad());
    await pause(settleMs);
    const before = statusBytes(gateway.pid, 'VmRSS');
    while (sockets.length < idleConnections) {
      const left = Math.min(connectsAtOnce, idleConnections - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: left }, () => greet(gateway)))));
    }
    await pause(settleMs);
    const bytes = statusBytes(gateway.pid, 'VmRSS') - before;
    const closed = sockets.filter((socket) => socket.destroyed).length;
    if (closed > 0) throw new Error(`${closed} of ${idleConnections} connections were ended`);
    printLine(json, {
      bench: 'scale-idle-connections',
      value: bytes,
      unit: 'bytes',
      runs: [bytes],
    });
  } finally {
    for (const socket of sockets) socket.destroy();
    await gateway.stop();
  }
}

/** A connection whose server has answered the hello. */
async function greet(gateway: TestGateway): Promise<Socket> {
  const [host = '', port = ''] = gateway.grpc.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => socket.destroy());
  socket.write(hello);
  await once(socket, 'data');
  return socket;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
