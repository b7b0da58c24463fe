/**
 * One connection with everything pinned that changes what is read: time zone, character set, SQL
 * mode, isolation, limits. What the server's defaults are then makes no difference (research:
 * protocols.md §4.6 point 2).
 */
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2';
import type { Dsn } from './dsn.ts';
import { problemOf } from './problems.ts';

export type SessionOptions = {
  readonly tls?: { readonly ca?: string | undefined } | undefined;
  /** A statement that takes longer is ended by the server; 0 for no limit. */
  readonly statementTimeoutMs: number;
  /** How long anything may wait for a lock, the short global one included. */
  readonly lockWaitSeconds: number;
};

export type Row = readonly (string | null)[];

export type Session = {
  readonly connection: Connection;
  readonly isMariaDb: boolean;
  /** `10.11.19-MariaDB`. */
  readonly version: string;
  /** For messages. */
  readonly address: string;
  /** All values as text. `doing` is for the message when it fails. */
  readonly query: (sql: string, doing: string) => Promise<readonly Row[]>;
  /** Called once, at once when it is over already, with why the connection ended. */
  readonly onLost: (told: (error: Error) => void) => () => void;
  /** What runs on it fails. */
  readonly close: () => void;
};

const connectTimeoutMs = 10_000;
/** A reader is idle for as long as the others need. */
const idleSecondsMax = 86_400;
/** ClickHouse may be slower than the server; the pause is ours, not a lost client. */
const writeSecondsMax = 3600;

/** Connects and pins. Throws a Problem. */
export async function openSession(dsn: Dsn, options: SessionOptions): Promise<Session> {
  const { address } = dsn;
  const connection = await connect(dsn, options);
  let lost: Error | undefined;
  const waiting = new Set<(error: Error) => void>();
  const lose = (error: Error): void => {
    lost ??= error;
    for (const told of waiting) told(lost);
    waiting.clear();
  };
  connection.on('error', lose);
  const query = (sql: string, doing: string): Promise<readonly Row[]> =>
    new Promise((resolve, reject) => {
      const asked = { sql, rowsAsArray: true, typeCast: textOf };
      connection.query(asked, (error, rows) => {
        if (error) reject(problemOf(error, address, doing));
        else resolve(Array.isArray(rows) ? (rows as unknown as Row[]) : []);
      });
    });
  try {
    const [row] = await query('SELECT VERSION()', 'asking for the version');
    const version = row?.[0] ?? '';
    const isMariaDb = version.includes('MariaDB');
    for (const sql of pins(isMariaDb, options)) await query(sql, 'setting up the session');
    return {
      connection,
      isMariaDb,
      version,
      address,
      query,
      onLost: (told) => {
        if (lost === undefined) waiting.add(told);
        else told(lost);
        return () => waiting.delete(told);
      },
      close: () => {
        connection.destroy();
        lose(new Error('the connection was closed'));
      },
    };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** A name in SQL: `` `a``b` ``. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A text in SQL, as hex, so that no SQL mode and no character changes its meaning. */
export function quoteText(text: string): string {
  return text === '' ? "''" : `_utf8mb4 0x${Buffer.from(text).toString('hex')}`;
}

function pins(isMariaDb: boolean, options: SessionOptions): readonly string[] {
  const timeout = isMariaDb
    ? `max_statement_time = ${options.statementTimeoutMs / 1000}`
    : `max_execution_time = ${options.statementTimeoutMs}`;
  const settings = [
    "time_zone = '+00:00'",
    // No mode at all: zero dates are read as they are, `"` quotes texts, blanks stay cut.
    "sql_mode = ''",
    timeout,
    `net_write_timeout = ${writeSecondsMax}`,
    `wait_timeout = ${idleSecondsMax}`,
    `lock_wait_timeout = ${options.lockWaitSeconds}`,
    // Without it MySQL gives at most 18 446 744 073 709 551 615 rows, which is all.
    'sql_select_limit = DEFAULT',
  ];
  return [
    'SET NAMES utf8mb4',
    `SET SESSION ${settings.join(', ')}`,
    'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    'SET SESSION TRANSACTION READ ONLY',
  ];
}

async function connect(dsn: Dsn, options: SessionOptions): Promise<Connection> {
  const { host, port, user, password, database, address } = dsn;
  const settings: ConnectionOptions = {
    ...{ host, port, user, password, charset: 'utf8mb4', connectTimeout: connectTimeoutMs },
    // A server must never be able to ask this machine for a file.
    flags: ['-LOCAL_FILES'],
    ...(database !== '' && { database }),
    ...(options.tls !== undefined && {
      ssl: {
        verifyIdentity: true,
        rejectUnauthorized: true,
        ...(options.tls.ca !== undefined && { ca: options.tls.ca }),
      },
    }),
  };
  const connection = createConnection(settings);
  try {
    await new Promise<void>((resolve, reject) => {
      connection.once('error', reject);
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    connection.on('error', () => undefined);
    connection.destroy();
    throw problemOf(error, address, 'connecting');
  }
  connection.removeAllListeners('error');
  return connection;
}

function textOf(field: { readonly string: (encoding?: BufferEncoding) => string | null }) {
  return field.string('utf8');
}
