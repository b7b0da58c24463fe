/** Debian's PostgreSQL 15: where the system has it, else unpacked into the cache. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpack, unpackedProgram } from './debian.ts';
import { existing, type Peer } from './peer.ts';

const name = 'postgres';
const systemDir = '/usr/lib/postgresql';
const versionMin = 14;

export const postgres: Peer = {
  name,
  required: true,
  purpose: "Debian's PostgreSQL, that snapshots are read from, with a standby",
  minutes: 1,
  megabytes: 120,
  // The server, its clients, and those of its libraries that a small system may lack.
  steps: unpack(name, [
    ...['postgresql-15=15.*', 'postgresql-client-15=15.*', 'libpq5=15.*', 'libicu72', 'libxml2'],
    ...['libldap-2.5-0', 'libsasl2-2', 'libgssapi-krb5-2', 'libkrb5-3', 'libk5crypto3'],
    'libkrb5support0',
  ]),
  // The folder of `initdb`, `postgres`, `pg_basebackup` and `psql`.
  find: () =>
    ofSystem() ??
    (unpackedProgram(name, 'usr/lib/postgresql/15/bin/initdb') &&
      unpackedProgram(name, 'usr/lib/postgresql/15/bin')),
};

/** The newest that has all programs; TID range scans need 14. */
function ofSystem(): string | undefined {
  if (existing(systemDir) === undefined) return undefined;
  return readdirSync(systemDir)
    .map(Number)
    .filter((version) => version >= versionMin)
    .sort((left, right) => right - left)
    .map((version) => join(systemDir, String(version), 'bin'))
    .find((dir) =>
      ['initdb', 'postgres', 'pg_basebackup', 'psql'].every(
        (program) => existing(join(dir, program)) !== undefined,
      ),
    );
}
