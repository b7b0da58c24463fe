import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { formatProblem, isProblem, type Problem } from '../../core/problem.ts';
import { RecordingLane } from '../../test/support/receiving.ts';
import { Admission } from './admission.ts';
import { startGrpc } from './grpc.ts';
import { startHttp } from './http.ts';
import { probeAddress } from './listen.ts';
import { findPortHolder } from './port-holder.ts';
import type { ReceiveOptions } from './receiver.ts';

const host = '127.0.0.1';

function options(port: number, more: Partial<ReceiveOptions> = {}): ReceiveOptions {
  const admission = new Admission(1_000_000);
  return { host, port, acceptor: new RecordingLane(), admission, clock: systemClock, ...more };
}

async function problemOf(attempt: Promise<unknown>): Promise<Problem> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isProblem(error)) throw new Error(`not a Problem: ${String(error)}`);
  return error;
}

/** A program of its own that listens on a free port until it is killed. */
async function listenElsewhere() {
  const text = `require('node:net').createServer().listen(0, '127.0.0.1', function () {
    console.log(this.address().port);
  })`;
  const child = spawn(process.execPath, ['-e', text, 'the-holder'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve) => {
    child.stdout.once('data', (line: Buffer) => resolve(Number(line.toString())));
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { port, pid: child.pid, stop };
}

const onLinux = process.platform === 'linux' ? it : it.skip;

describe('listening', () => {
  onLinux('on a taken port names the address and the process that holds it', async () => {
    const holder = await listenElsewhere();
    try {
      for (const start of [startHttp, startGrpc]) {
        const problem = await problemOf(start(options(holder.port)));
        expect(problem.code).toBe('OBS-2001');
        expect(formatProblem(problem)).toContain(`${host}:${holder.port}`);
        expect(problem.message).toContain(`pid ${holder.pid}`);
      }
      expect((await problemOf(probeAddress({ host, port: holder.port }))).code).toBe('OBS-2001');
    } finally {
      await holder.stop();
    }
  });

  it('on an address that is not here says so', async () => {
    const problem = await problemOf(startHttp(options(0, { host: '192.0.2.1' })));
    expect(problem.code).toBe('OBS-2002');
    expect(problem.where).toBe('192.0.2.1:0');
  });

  it('probing finds a free port and lets it go', async () => {
    const { port } = await probeAddress({ host, port: 0 });
    const receiver = await startHttp(options(port));
    expect(receiver.address).toEqual({ host, port });
    await receiver.close(0);
  });

  onLinux('with reusePort lets other threads join, and the probe still notices', async () => {
    const receiver = await startGrpc(options(0, { reusePort: true }));
    const { port } = receiver.address;
    const text = `const { parentPort } = require('node:worker_threads');
      const server = require('node:net').createServer();
      server.listen({ port: ${port}, host: '${host}', reusePort: true }, () => {
        parentPort.postMessage('listening');
      });`;
    const worker = new Worker(text, { eval: true });
    const said = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    expect(said).toBe('listening');
    expect((await problemOf(probeAddress({ host, port }))).code).toBe('OBS-2001');
    await worker.terminate();
    await receiver.close(0);
  });
});

describe('the holder of a port', () => {
  onLinux('is found among the running processes', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '::', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await findPortHolder(port)).toMatchObject({ pid: process.pid });
    await new Promise((resolve) => server.close(resolve));
    expect(await findPortHolder(port)).toBeUndefined();
  });

  it('is read from the tables of the kernel: listeners only, either protocol', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'obsctl-proc-'));
    try {
      await mkdir(join(directory, 'net'));
      await mkdir(join(directory, '77', 'fd'), { recursive: true });
      await symlink('socket:[4242]', join(directory, '77', 'fd', '9'));
      await writeFile(join(directory, '77', 'cmdline'), 'otelcol\0--config\0/etc/x.yaml\0');
      const head =
        '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid';
      const rest = '00000000:00000000 00:00000000 00000000     0        0';
      const connected = `   0: 0100007F:10DD 0100007F:9999 01 ${rest} 1111 1 0`;
      await writeFile(join(directory, 'net', 'tcp'), `${head}\n${connected}\n`);
      expect(await findPortHolder(4317, directory)).toBeUndefined();
      const zeros = '0'.repeat(32);
      const listening = `   0: ${zeros}:10DD ${zeros}:0000 0A ${rest} 4242 1 0`;
      await writeFile(join(directory, 'net', 'tcp6'), `${head}\n${listening}\n`);
      expect(await findPortHolder(4317, directory)).toEqual({
        pid: 77,
        command: 'otelcol --config /etc/x.yaml',
      });
      expect(await findPortHolder(4318, directory)).toBeUndefined();
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('is unknown where there is no /proc', async () => {
    expect(await findPortHolder(4317, '/nonexistent')).toBeUndefined();
  });
});
