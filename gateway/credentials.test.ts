import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../clickhouse/client.ts';
import { followCredentials } from '../clickhouse/credentials.ts';
import { launchEngine } from '../clickhouse/embedded/launch.ts';
import { createInsertClient } from './deliver/insert-client.ts';

describe('credentials in files', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'obsctl-credentials-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** As a kubelet does it: the whole file is exchanged. */
  function put(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    return path;
  }

  it('go before values and follow the file', () => {
    const passwordFile = put('password', 'first\n');
    const credentials = followCredentials({ user: 'a', password: 'value', passwordFile });
    expect(credentials()).toEqual({ user: 'a', password: 'first' });
    put('password', 'second');
    expect(credentials()).toEqual({ user: 'a', password: 'second' });
  });

  it('are named when the file is gone', () => {
    const credentials = followCredentials({
      user: undefined,
      password: undefined,
      passwordFile: join(folder, 'absent'),
    });
    expect(credentials).toThrow(
      expect.objectContaining({ code: 'OBS-3008', where: join(folder, 'absent') }),
    );
  });

  it('open a server again after its password was changed, without a restart', async () => {
    const users = put('users', 'agent:right\n');
    chmodSync(users, 0o600);
    const engine = await launchEngine({
      dataDir: join(folder, 'data'),
      listen: '127.0.0.1:0',
      usersFile: users,
      env: process.env,
      stderr: () => {},
    });
    const passwordFile = put('password', 'wrong');
    const credentials = followCredentials({ user: 'agent', password: undefined, passwordFile });
    const client = createInsertClient({
      url: engine.url,
      database: 'default',
      credentials,
      connectionsMax: 1,
    });
    const clickhouse = connectClickHouse({ url: engine.url, credentials });
    try {
      expect(await client.ping(10_000)).toBe(false);
      await expect(clickhouse.run('SELECT 1')).rejects.toMatchObject({ code: 'OBS-3004' });
      put('password', 'right');
      expect(await client.ping(10_000)).toBe(true);
      await clickhouse.run('SELECT 1');
      rmSync(passwordFile);
      const result = await client.run({ sql: 'SELECT 1', settings: {}, timeoutMs: 10_000 });
      expect(result).toMatchObject({ ok: false, kind: 'retryable', ambiguous: false });
    } finally {
      client.destroy();
      await clickhouse.close();
      engine.process.kill();
      await engine.exited;
    }
  });
});
