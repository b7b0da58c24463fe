/**
 * The one file that touches chDB's native addon. It uses the addon's own functions rather than
 * chdb's `Session`, for two reasons that were measured: `Session.close()` waits for every query of
 * the process (a 20 s query would hold all connections open), and its insert takes text formats
 * only while the addon takes any bytes. Rules of the addon that callers rely on: one data directory
 * a process; a connection runs one statement at a time and must not be closed while it does;
 * statements on different connections run in parallel on the thread pool.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Problem } from '../../core/problem.ts';

declare const connectionBrand: unique symbol;
export type Connection = { readonly [connectionBrand]: true };

export type AddonResult = {
  readonly bytes: Buffer;
  /** Rows and bytes that the statement read. */
  readonly rowsRead: number;
  readonly bytesRead: number;
};

export type AddonInsertResult = { readonly rowsWritten: number; readonly bytesWritten: number };

export type Addon = {
  CreateConnection(path: string, args?: readonly string[]): Connection;
  CloseConnection(connection: Connection): void;
  QueryAsyncConnection(connection: Connection, sql: string, format: string): Promise<AddonResult>;
  /** Absent in addons without the raw entry: then inserts go through a file. */
  InsertRawAsyncConnection?(
    connection: Connection,
    prefix: string,
    data: Buffer,
    countLines: boolean,
  ): Promise<AddonInsertResult>;
};

const required = ['CreateConnection', 'CloseConnection', 'QueryAsyncConnection'] as const;

/** Loads the addon or says what to do instead. */
export function loadAddon(): Addon {
  const require = createRequire(import.meta.url);
  let addon: unknown;
  try {
    // Not among the package's exports; the path is stable for the exact version in the lock file.
    const loader: unknown = require(join(dirname(require.resolve('chdb')), 'dist', 'loader.js'));
    addon = (loader as { loadNative: () => unknown }).loadNative();
  } catch (error) {
    throw new Problem('OBS-3101', Error.isError(error) ? error.message : String(error), {
      cause: error,
      reach: 'outside',
    });
  }
  for (const name of required) {
    if (typeof (addon as Record<string, unknown>)[name] !== 'function') {
      throw new Problem('OBS-3101', `this chdb package has no function ${name}`, {
        reach: 'outside',
      });
    }
  }
  return addon as Addon;
}
