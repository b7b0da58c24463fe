/**
 * The one file that touches chDB's native addon. It uses the addon's own functions rather than
 * chdb's `Session`, because `Session.close()` waits for every query of the process: a 20 s query
 * would hold the connections of all others open. The addon's raw insert is not used: it reads the
 * data as the rest of a script, so rows after an empty line would be lost, or run as a statement.
 * Rules of the addon that callers rely on: one data directory
 * a process; a connection runs one statement at a time and must not be closed while it does;
 * statements on different connections run in parallel on the thread pool.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Problem } from '../../core/problem.ts';

declare const connectionBrand: unique symbol;
export type Connection = { readonly [connectionBrand]: true };

type AddonResult = {
  readonly bytes: Buffer;
  /** Rows and bytes that the statement read. */
  readonly rowsRead: number;
  readonly bytesRead: number;
};

export type Addon = {
  CreateConnection(path: string, args?: readonly string[]): Connection;
  CloseConnection(connection: Connection): void;
  QueryAsyncConnection(connection: Connection, sql: string, format: string): Promise<AddonResult>;
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
