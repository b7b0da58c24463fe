/**
 * What attacks do to a healthy client: its p99 with and without them, in turn; and what they cost
 * the gateway: memory, and CPU an attempt, which other work on the machine does not change. The
 * gateway has one core to itself; attackers and the client share the other one, the attackers at
 * a lower priority and a fixed rate, so that what is measured is the gateway.
 * `npm run bench -- hostile [--seconds=N] [--only=ID,ID]`; results in docs/reliability.md.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGateway } from '../support/gateway.ts';
import type { AttackReport } from './attack.ts';
import { attacks } from './attacks.ts';
import { type Health, whileHealthy } from './healthy.ts';

type Gateway = Awaited<ReturnType<typeof startGateway>>;

const secondsDefault = 10;
/** Before the first figure: code is compiled, the log's first segments are made. */
const warmSeconds = 5;
const niceness = 10;
const pinProgram = 'taskset';

/** One JSON line an attack (contract, section 6). */
export async function run(): Promise<void> {
  const seconds = Number(option('seconds') ?? secondsDefault);
  const only = option('only')?.split(',');
  const gateway = await startGateway({ clickhouseUrl: 'http://127.0.0.1:9', workers: 1 });
  pin(gateway.pid, 0);
  pin(process.pid, 1);
  try {
    await quiet(gateway, warmSeconds);
    for (const attack of attacks.filter(({ id }) => only?.includes(id) ?? true)) {
      const quietCpu = cpuSeconds(gateway.pid);
      const before = await quiet(gateway, seconds);
      const attackCpu = cpuSeconds(gateway.pid);
      const { health, result } = await whileHealthy(gateway, () =>
        attackFrom(gateway, attack.id, seconds),
      );
      const extraCpu = cpuSeconds(gateway.pid) - attackCpu - (attackCpu - quietCpu);
      const peakBytes = residentBytes(gateway.pid);
      const after = await quiet(gateway, seconds);
      const p99Ms = Math.min(before.p99Ms, after.p99Ms);
      const line = {
        bench: `hostile_${attack.id}`,
        value: health.p99Ms,
        unit: 'ms_p99_of_a_healthy_client',
        peer: { undisturbed: p99Ms },
        ratio: Math.round((health.p99Ms / p99Ms) * 100) / 100,
        fault: attack.fault,
        p50Ms: health.p50Ms,
        slowestMs: health.slowestMs,
        refused: health.refused.length,
        undisturbed: [before.p99Ms, after.p99Ms],
        cpuMsPerAttempt: Math.max(0, Math.round((extraCpu * 1e5) / result.attempts) / 100),
        residentMb: Math.round(peakBytes / 1024 ** 2),
        attempts: result.attempts,
        outcomes: result.outcomes,
        slowestAttemptMs: result.slowestMs,
      };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  } finally {
    await gateway.stop();
  }
}

async function quiet(gateway: Gateway, seconds: number): Promise<Health> {
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return (await whileHealthy(gateway, pause)).health;
}

async function attackFrom(gateway: Gateway, id: string, seconds: number): Promise<AttackReport> {
  const program = join(import.meta.dirname, 'attacker-main.ts');
  const ports = [new URL(gateway.http).port, gateway.grpc.split(':')[1] ?? ''];
  const words = [process.execPath, program, id, ...ports, String(seconds)];
  const child = spawn('nice', ['-n', String(niceness), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => child.on('close', resolve));
  return JSON.parse(text);
}

/** Harmless where there is no taskset: the figures then mean less. */
function pin(pid: number, core: number): void {
  try {
    execFileSync(pinProgram, ['-apc', String(core), String(pid)], { stdio: 'ignore' });
  } catch {
    process.stderr.write('no taskset: attackers and gateway share the cores\n');
  }
}

function residentBytes(pid: number): number {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) * 1024;
}

/** Of all threads, user and system; 0 where there is no /proc. */
function cpuSeconds(pid: number): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  const [, , ...fields] = readFileSync(file, 'utf8')
    .replace(/\(.*\)/, '()')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function option(name: string): string | undefined {
  const word = process.argv.find((one) => one.startsWith(`--${name}=`));
  return word?.slice(name.length + 3);
}
