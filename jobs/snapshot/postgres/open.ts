/** PostgreSQL as a source of snapshots; the facts are in README.md. */
import { Problem } from '../../../core/problem.ts';
import type { Source } from '../source.ts';
import { readCatalog } from './catalog.ts';
import { toProblem } from './failure.ts';
import { takeLock } from './lock.ts';
import { quote } from './select.ts';
import { openSessions, type PostgresOptions, versionMin } from './session.ts';
import { beginSnapshot } from './snapshot.ts';

/** @throws Problem OBS-6060 to OBS-6063 when the server cannot be reached or does not let us in */
export async function openPostgres(options: PostgresOptions): Promise<Source> {
  const sessions = await openSessions(options);
  if (sessions.version < versionMin) {
    throw new Problem('OBS-6068', `the server is of version ${sessions.version}, too old to read`, {
      where: sessions.address,
      next: 'Use PostgreSQL 12 or newer; chunks in parallel need 14.',
    });
  }
  return {
    address: sessions.address,
    quote,
    tables: async () => {
      const session = await sessions.connect();
      try {
        return await readCatalog(session.client, sessions.version);
      } catch (error) {
        throw toProblem(error, sessions.address);
      } finally {
        await session.close();
      }
    },
    begin: (readers) => beginSnapshot(sessions, options, readers),
    lock: (key) => takeLock(sessions, key),
    // Connections belong to the snapshots, which close them.
    close: () => Promise.resolve(),
  };
}
