/** `bin/obsctl` on a machine whose own Node is too old: in a clone, and in the bare package. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findOldNode } from '../support/old-node.ts';
import { type Program, runProgram, startProgram } from '../support/program.ts';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'bin/obsctl');
const loopback = '127.0.0.1:0';
const oldNode = findOldNode();

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-bin-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A gateway without a ClickHouse starts fast and has something to finish at its end. */
function startGateway(node: string, name: string): Program {
  return startProgram(node, [
    ...[program, 'gateway', '--json', '--no-migrate', '--clickhouse', 'http://127.0.0.1:9'],
    ...['--data-dir', join(folder, name), '--grace', '0s'],
    ...['--otlp-grpc', loopback, '--otlp-http', loopback, '--admin', loopback],
  ]);
}

if (oldNode === undefined) {
  it.skip('bin/obsctl on an old Node – needs a Node from 20 to 24.11 on the PATH', () => undefined);
} else {
  const node = oldNode.path;
  describe(`bin/obsctl on the machine's Node ${oldNode.version}`, () => {
    it('hands over to the Node of the clone and its output to us', async () => {
      const { code, stdout } = await runProgram(node, [program, '--version']);
      expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
      expect(code).toBe(0);
    });

    it('hands the exit code back', async () => {
      const { code, stderr } = await runProgram(node, [program, 'explain', 'OBS-9999']);
      expect(stderr).toContain('OBS-1003');
      expect(code).toBe(2);
    });

    it.each(['SIGTERM', 'SIGINT'] as const)('hands %s on and waits for the end', async (signal) => {
      const gateway = startGateway(node, signal);
      const { pid } = JSON.parse(await gateway.line(/^\{/));
      expect(pid).not.toBe(gateway.pid);
      gateway.kill(signal);
      expect((await gateway.ended).code).toBe(0);
      expect(isRunning(pid)).toBe(false);
    });

    it('takes the Ctrl-C of a terminal, which signals both, for one', async () => {
      for (let round = 0; round < 3; round += 1) {
        const gateway = startGateway(node, `round-${round}`);
        const { pid } = JSON.parse(await gateway.line(/^\{/));
        gateway.killGroup('SIGINT');
        expect((await gateway.ended).code).toBe(0);
        expect(isRunning(pid)).toBe(false);
      }
    });

    it('takes impatient presses for one, and kills nobody who is about to end well', async () => {
      const gateway = startGateway(node, 'impatient');
      const { pid } = JSON.parse(await gateway.line(/^\{/));
      // Its end takes a tenth of this, the last part of it without handlers of signals.
      const presses = setInterval(() => gateway.kill('SIGINT'), 2);
      const tired = setTimeout(() => clearInterval(presses), 1_000);
      expect((await gateway.ended).code).toBe(0);
      clearInterval(presses);
      clearTimeout(tired);
      expect(isRunning(pid)).toBe(false);
    });

    it('says what to install where there is no Node to hand over to', async () => {
      const bare = join(folder, 'bare');
      mkdirSync(join(bare, 'bin'), { recursive: true });
      cpSync(program, join(bare, 'bin/obsctl'));
      const { code, stdout, stderr } = await runProgram(node, [join(bare, 'bin/obsctl'), 'demo']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(
        `OBS-1002: obsctl needs Node 24.12 or newer, this is ${oldNode.version}`,
      );
      expect(stderr).toMatch(/next: install Node 24\.12/);
    });

    it('starts through the link that npm makes in node_modules/.bin', async () => {
      const link = join(folder, 'obsctl');
      symlinkSync(program, link);
      expect((await runProgram(node, [link, '--version'])).code).toBe(0);
    });
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
