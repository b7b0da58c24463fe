/**
 * The engine's own hole, with a real kill: strace kills the process as it enters the rename that
 * would put an insert's part in place, after the token has been written.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startEngine } from '../../test/support/engine.ts';
import { ask, type RawAnswer, runSql } from '../../test/support/engine-http.ts';

const tracerName = 'strace';
const canTrace = spawnSync(tracerName, ['-qq', '-e', 'trace=none', 'true']).status === 0;
const itTraced = canTrace ? it : it.skip;

/** Kills the process at its next rename; resolves once strace is attached to every thread. */
async function killAtRename(pid: number): Promise<ChildProcess> {
  const inject = 'inject=rename,renameat,renameat2:error=EIO:signal=SIGKILL:when=1';
  const arguments_ = ['-f', '-e', 'trace=rename,renameat,renameat2', '-e', inject];
  const tracer = spawn(tracerName, [...arguments_, '-p', String(pid)]);
  const [talk] = await once(tracer.stderr.setEncoding('utf8'), 'data');
  if (!String(talk).includes('attached')) throw new Error(`strace: ${talk}`);
  return tracer;
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

describe('a kill between the write of the token and the rename of the part', () => {
  itTraced(
    'leaves a token without a part, and the retry is stored (needs strace: apt install strace)',
    async () => {
      const dataDir = await mkdtemp(join(tmpdir(), 'obsctl-hole-'));
      let engine = await startEngine({ dataDir });
      try {
        const insert = (): Promise<RawAnswer> =>
          ask(engine.url, {
            query: { query: 'INSERT INTO t FORMAT JSONEachRow', insert_deduplication_token: 'x' },
            body: '{"n":1}\n{"n":2}',
          });
        await runSql(
          engine.url,
          'CREATE TABLE t (n UInt32) ENGINE MergeTree ORDER BY n ' +
            'SETTINGS non_replicated_deduplication_window = 100, fsync_after_insert = 1',
        );
        const tracer = await killAtRename(engine.pid);
        await expect(insert()).rejects.toThrow();
        expect(await engine.exited).toBe('SIGKILL');
        tracer.kill();

        const files = await filesBelow(join(dataDir, 'store'));
        const log = files.find((file) => file.endsWith('deduplication_log_1.txt'));
        expect(await readFile(join(dataDir, 'store', log ?? ''), 'utf8')).toMatch(/^1\tall_1_1_0/);
        expect(files.some((file) => file.endsWith('/all_1_1_0'))).toBe(false);

        engine = await startEngine({ dataDir });
        expect(engine.prunedTokens).toBe(1);
        expect((await insert()).status).toBe(200);
        expect((await insert()).status).toBe(200);
        expect(await runSql(engine.url, 'SELECT count() FROM t')).toBe('2');
      } finally {
        await engine.stop();
        await rm(dataDir, { recursive: true, force: true });
      }
    },
  );
});
