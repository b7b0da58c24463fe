/** Disks that fail, fill up, lie about progress or take their time: F7 to F12. */
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startGateway } from '../../support/gateway.ts';
import type { Fault, FaultRun, Finding } from '../fault.ts';
import { inject, lacksStrace } from '../strace.ts';
import { type Trial, trial } from '../trial.ts';

/** Counted calls are those of a thread, so there is one that syncs. */
const oneSyncer = { env: { UV_THREADPOOL_SIZE: '1' } };
const redMsMax = 2_000;
const waitMsMax = 60_000;
const pollMs = 50;
/** The tracer's word of a failed call may come later than the gateway's. */
const heardLateMs = 200;
const smallDiskBytes = 96 * 1024 ** 2;
const fillerBytes = 64 * 1024 ** 2;
/** The least that a gateway of one worker can be given. */
const leastLogBytes = 257 * 1024 ** 2;
const segmentBytes = 64 * 1024 ** 2;

export const diskFaults: readonly Fault[] = [
  { id: 'F7', title: 'fdatasync fails once (EIO)', lacks: lacksStrace, run: failSyncs },
  { id: 'F8', title: 'every sync fails; read-only file system', lacks: lacksStrace, run: failAll },
  { id: 'F9', title: 'disk full (a small file system)', lacks: lacksMount, run: fillDisk },
  { id: 'F10', title: 'interrupted writes (EINTR, EAGAIN)', lacks: lacksStrace, run: interrupt },
  { id: 'F11', title: 'slow disk: 200 ms a sync, and a spike', lacks: lacksStrace, run: slowDown },
  { id: 'F12', title: 'the log full while ClickHouse is away', run: fillLog },
];

/** Why a file system of a given size cannot be had here. */
function lacksMount(): string | undefined {
  const tried = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return tried.status === 0 ? undefined : 'no right to mount a small file system (root)';
}

async function failSyncs(run: FaultRun): Promise<Finding> {
  const times = run.isShort ? 1 : 10;
  return await trial(run, oneSyncer, async (parts) => {
    let redMs = 0;
    for (let time = 0; time < times; time += 1) {
      const when = 1 + run.random.below(5);
      const effect = `error=EIO:when=${when}`;
      redMs = Math.max(redMs, await redWhile(parts, { calls: 'fdatasync', effect }, 1_500));
      await parts.senders.nextAnswer();
    }
    parts.note(`${times} failed syncs, red after at most ${redMs} ms`);
    return { N: redMs <= redMsMax };
  });
}

async function failAll(run: FaultRun): Promise<Finding> {
  const forMs = run.isShort ? 2_500 : 15_000;
  const found = await trial(run, oneSyncer, async (parts) => {
    const before = parts.senders.refusedRequests();
    const sync = { calls: 'fdatasync', effect: 'error=EIO' };
    const redMs = await redWhile(parts, sync, forMs);
    await parts.senders.nextAnswer();
    const write = { calls: 'pwritev,pwrite64,rename,ftruncate', effect: 'error=EROFS' };
    const readOnlyMs = await redWhile(parts, write, forMs);
    const refused = parts.senders.refusedRequests() - before;
    parts.note(`red after ${redMs} and ${readOnlyMs} ms, ${refused} requests refused`);
    return { N: Math.max(redMs, readOnlyMs) <= redMsMax && refused > 0 };
  });
  const started = lacksMount() === undefined ? await startReadOnly() : undefined;
  if (started === undefined) return found;
  const { isRefused, text } = started;
  const L = isRefused && found.criteria.L === true;
  return { criteria: { ...found.criteria, L }, notes: [...found.notes, text] };
}

/** A gateway on a file system that takes nothing must say so and not begin. */
async function startReadOnly(): Promise<{ readonly isRefused: boolean; readonly text: string }> {
  return await withMount('ro,size=8m', async (dir) => {
    try {
      const gateway = await startGateway({ clickhouseUrl: 'http://127.0.0.1:9', dataDir: dir });
      await gateway.kill();
      return { isRefused: false, text: 'it started on a read-only file system' };
    } catch (error) {
      const text = String(error);
      const isRefused = text.includes('OBS-2022');
      return { isRefused, text: isRefused ? 'a read-only start is refused (OBS-2022)' : text };
    }
  });
}

async function fillDisk(run: FaultRun): Promise<Finding> {
  const rounds = run.isShort ? 1 : 4;
  return await withMount(`size=${smallDiskBytes}`, async (gatewayDir) => {
    const options = { gatewayDir, paddingBytes: 3_000, pauseMs: 5 };
    return await trial(run, options, async ({ system, senders, watch, note }) => {
      const filler = join(gatewayDir, 'filler');
      let redMs = 0;
      for (let round = 0; round < rounds; round += 1) {
        await system.proxy.set('refuse');
        writeFileSync(filler, Buffer.alloc(fillerBytes));
        const before = senders.refusedRequests();
        const beganMs = await until(() => senders.refusedRequests() > before);
        redMs = Math.max(
          redMs,
          (await until(() => watch.redAfterMs(beganMs, 'disk_') < waitMsMax, beganMs)) - beganMs,
        );
        await pause(500);
        rmSync(filler);
        // Recovers alone, also while ClickHouse is away.
        await senders.nextAnswer();
        await system.proxy.set('pass');
        await pause(1_000);
      }
      note(`${rounds} times full, red after at most ${Math.round(redMs)} ms`);
      return { N: redMs <= redMsMax };
    });
  });
}

async function interrupt(run: FaultRun): Promise<Finding> {
  const forMs = run.isShort ? 1_000 : 6_000;
  return await trial(run, oneSyncer, async ({ system, note }) => {
    for (const error of ['EINTR', 'EAGAIN']) {
      const effect = `error=${error}:when=${1 + run.random.below(3)}+${2 + run.random.below(4)}`;
      const held = await inject(system.gatewayPid, { calls: 'pwritev,pwrite64', effect });
      await pause(forMs);
      await held.lift();
    }
    note('short writes: F5 and crash-model.test.ts, on the simulated disk');
    return {};
  });
}

async function slowDown(run: FaultRun): Promise<Finding> {
  const forMs = run.isShort ? 2_000 : 20_000;
  const spikeMs = run.isShort ? 1_500 : 10_000;
  return await trial(run, oneSyncer, async ({ system, senders, note }) => {
    const before = senders.answeredItems();
    const slow = { calls: 'fdatasync', effect: 'delay_enter=200000' };
    const held = await inject(system.gatewayPid, slow);
    await pause(forMs);
    await held.lift();
    const answered = senders.answeredItems() - before;
    const spike = { calls: 'fdatasync', effect: `delay_enter=${spikeMs * 1000}:when=1` };
    const again = await inject(system.gatewayPid, spike);
    await pause(spikeMs + 500);
    await again.lift();
    note(`${Math.round((answered / forMs) * 1000)} items a second at 200 ms a sync`);
    return {};
  });
}

async function fillLog(run: FaultRun): Promise<Finding> {
  const options = { args: ['--wal-size', '1Mi'], paddingBytes: 12_000, pauseMs: 0 };
  return await trial(run, options, async ({ system, senders, watch, note }) => {
    await system.proxy.set('refuse');
    const before = senders.refusedRequests();
    const beganMs = await until(() => senders.refusedRequests() > before);
    const redMs =
      (await until(() => watch.redAfterMs(beganMs, 'disk_budget') < waitMsMax, beganMs)) - beganMs;
    await pause(run.isShort ? 500 : 20_000);
    const usedBytes = folderBytes(join(system.gatewayDir, 'lanes'));
    await system.proxy.set('pass');
    await senders.nextAnswer();
    const isBounded = usedBytes <= leastLogBytes + segmentBytes + 1024 ** 2;
    note(
      `full at ${Math.round(usedBytes / 1024 ** 2)} MiB on disk, red after ${Math.round(redMs)} ms`,
    );
    return { N: redMs <= redMsMax, ...(!isBounded && { B: false }) };
  });
}

/** Injects for a while; how long until readiness was red, and never silent. */
async function redWhile(
  { system, watch }: Trial,
  injection: { readonly calls: string; readonly effect: string },
  forMs: number,
): Promise<number> {
  const held = await inject(system.gatewayPid, injection);
  const sinceMs = performance.now();
  // On a busy disk it takes a while until the call comes that is to fail.
  await until(() => held.firstMs() !== undefined);
  const readMs = Math.max(sinceMs, (held.firstMs() ?? sinceMs) - heardLateMs);
  await pause(forMs);
  await held.lift();
  return watch.redAfterMs(readMs, 'disk_error');
}

/** When it came true, by the monotonic clock; throws after a minute. */
async function until(isSo: () => boolean, sinceMs = performance.now()): Promise<number> {
  while (!isSo()) {
    if (performance.now() - sinceMs > waitMsMax) throw new Error('it did not come to pass');
    await pause(pollMs);
  }
  return performance.now();
}

async function withMount<Value>(
  options: string,
  task: (dir: string) => Promise<Value>,
): Promise<Value> {
  const dir = await mkdtemp(join(tmpdir(), 'obsctl-crash-disk-'));
  spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir]);
  try {
    return await task(dir);
  } finally {
    spawnSync('umount', ['-l', dir]);
    await rm(dir, { recursive: true, force: true });
  }
}

function folderBytes(dir: string): number {
  let bytes = 0;
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).blocks * 512;
  }
  return bytes;
}
