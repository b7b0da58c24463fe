/**
 * ClickHouse's disk fills up in the middle of a run: the table of the run before stays, nothing is
 * left behind, and with room again the next run is whole (issue 8 §4, F31).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { openPostgres } from '../../jobs/snapshot/postgres/open.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { describeWithPeers } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ask, connectTarget, runOnce, snapshotConfig } from '../support/snapshot.ts';

jest.setTimeout(300_000);

/** The engine starts with no less than 256 MiB. */
const diskBytes = 512 * 1024 ** 2;
const leftBytes = 8 * 1024 ** 2;
const smallRows = 1_000;
/** Hashes hardly compress: about 24 MB. */
const largeRows = 400_000;

function mountRefusal(): string | undefined {
  const tried = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return tried.status === 0 ? undefined : 'no right to mount a small file system (root)';
}

describeWithPeers(
  ['postgres'],
  'a disk that fills up',
  ([programs = '']) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'obsctl-small-disk-'));
    const filler = join(dataDir, 'filler');
    let database: PostgresServer;
    let engine: TestEngine;
    let source: Source;
    let server: ClickHouse;

    beforeAll(async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', dataDir]);
      database = await startPostgres(programs);
      engine = await startEngine({ dataDir });
      server = connectTarget(engine.url);
      source = await openPostgres({ dsn: database.dsn(), statementTimeoutMs: 600_000 });
    });
    afterAll(async () => {
      await server?.close();
      await Promise.all([database?.stop(), engine?.stop()]);
      execFileSync('umount', [dataDir]);
      rmSync(dataDir, { recursive: true });
    });

    const fill = async (rows: number): Promise<void> => {
      await database.psql(
        'DROP TABLE IF EXISTS a; CREATE TABLE a (id int PRIMARY KEY, x text, y text);' +
          'INSERT INTO a SELECT i, md5(i::text), md5((-i)::text) ' +
          `FROM generate_series(1, ${rows}) i;` +
          'ANALYZE a',
      );
    };
    const found = async (): Promise<readonly string[]> =>
      await ask(
        engine.url,
        'SELECT (SELECT count() FROM shop.a), (SELECT groupArray(name) ' +
          "FROM system.tables WHERE database = 'shop')",
      );

    it('ends the run with its reason, and with room again the next one is whole', async () => {
      const config = snapshotConfig();
      await fill(smallRows);
      await runOnce({ config, source, server });
      await fill(largeRows);
      const { bavail, bsize } = statfsSync(dataDir);
      writeFileSync(filler, Buffer.alloc(bavail * bsize - leftBytes));
      await expect(runOnce({ config, source, server })).rejects.toThrow(/space|disk/i);
      expect(await found()).toEqual([`${smallRows}\t['a']`]);
      rmSync(filler);
      const report = await runOnce({ config, source, server });
      expect(report.tables[0]?.stored.rows).toBe(largeRows);
      expect(await found()).toEqual([`${largeRows}\t['a']`]);
    });
  },
  mountRefusal(),
);
