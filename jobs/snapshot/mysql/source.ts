/** MySQL and MariaDB as a source of snapshots. */
import type { Source, SourceSnapshot } from '../source.ts';
import { readCatalog } from './catalog.ts';
import { type Dsn, parseDsn } from './dsn.ts';
import { takeLock } from './lock.ts';
import { openSession, quoteName, type Session, type SessionOptions } from './session.ts';
import { beginSnapshot } from './snapshot.ts';

export type MysqlOptions = {
  /** `mysql://USER:PASSWORD@HOST:PORT/DATABASE`; without DATABASE all that the user may see. */
  readonly dsn: string;
  /** Demands TLS; `ca` is PEM text, the system's authorities where it is absent. */
  readonly tls?: { readonly ca?: string | undefined } | undefined;
  /** For one chunk, sending included; 0, the default, for no limit. */
  readonly statementTimeoutMs?: number | undefined;
  /** How long the short lock may be waited for; then one connection reads alone. Default 5. */
  readonly lockWaitSeconds?: number | undefined;
};

const lockWaitSecondsDefault = 5;

/** Connects once, so that what is wrong shows at once. Throws a Problem OBS-6120 to OBS-6126. */
export async function openMysql(options: MysqlOptions): Promise<Source> {
  const dsn = parseDsn(options.dsn);
  const settings: SessionOptions = {
    tls: options.tls,
    statementTimeoutMs: options.statementTimeoutMs ?? 0,
    lockWaitSeconds: options.lockWaitSeconds ?? lockWaitSecondsDefault,
  };
  const session = await openSession(dsn, settings);
  return sourceOf(session, dsn, settings);
}

function sourceOf(session: Session, dsn: Dsn, settings: SessionOptions): Source {
  const open: SourceSnapshot[] = [];
  return {
    address: dsn.address,
    quote: quoteName,
    tables: () => readCatalog(session, dsn.database),
    begin: async (readers) => {
      const snapshot = await beginSnapshot(session, dsn, settings, readers);
      open.push(snapshot);
      return snapshot;
    },
    lock: (key) => takeLock(dsn, settings, key),
    close: async () => {
      for (const snapshot of open) await snapshot.end();
      session.close();
    },
  };
}
