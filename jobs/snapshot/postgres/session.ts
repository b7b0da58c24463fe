/**
 * Connections with everything pinned that changes what values look like or how long we hold on to
 * others: what a role, a database or the environment set is overwritten (research: protocols.md
 * §4.2, where a role's time zone shifted every timestamptz).
 */
import { Client, type ClientConfig } from 'pg';
import type { Problem } from '../../../core/problem.ts';
import type { Address, Host } from './address.ts';
import { parseAddress, printAddress } from './address.ts';
import { toProblem } from './failure.ts';

export type PostgresOptions = {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`; several hosts by comma. */
  readonly dsn: string;
  /** PEM; given, the certificate of the server is checked against it. */
  readonly tls?: { readonly ca?: string };
  /** For each query, and so for each chunk. */
  readonly statementTimeoutMs?: number;
  /** Of several hosts a standby where there is one. */
  readonly preferReplica?: boolean;
  /** `apply` takes what row-level security shows; by default a table under it is refused. */
  readonly rowSecurity?: 'refuse' | 'apply';
  /** A single value above is met as one at the edge. */
  readonly valueBytesMax?: number;
};

/** Opens connections to one server, all alike. */
export type Sessions = {
  /** Host, port and database. */
  readonly address: string;
  readonly isReplica: boolean;
  /** `server_version_num`: 150018. */
  readonly version: number;
  readonly connect: () => Promise<Session>;
};

export type Session = {
  readonly client: Client;
  /** Of its process on the server. */
  readonly pid: number;
  /** Why the connection is gone, once it is. */
  readonly lost: () => Problem | undefined;
  readonly close: () => Promise<void>;
};

const statementTimeoutMsDefault = 3_600_000;
const connectTimeoutMs = 15_000;
const lockTimeoutMs = 10_000;
const keepAliveAfterMs = 30_000;
/** `attgenerated`, and `pg_partition_tree`. */
export const versionMin = 120_000;

/** Finds the server to read from: the first host, or the first standby. */
export async function openSessions(options: PostgresOptions): Promise<Sessions> {
  const address = parseAddress(options.dsn);
  let chosen: Sessions | undefined;
  let fault: unknown;
  for (const host of address.hosts) {
    try {
      const found = await lookAt(host, address, options);
      chosen ??= found;
      if (found.isReplica) chosen = found;
      if (options.preferReplica !== true || found.isReplica) break;
    } catch (error) {
      fault ??= error;
    }
  }
  if (chosen === undefined) throw fault;
  return chosen;
}

async function lookAt(host: Host, address: Address, options: PostgresOptions): Promise<Sessions> {
  const where = printAddress(host, address.database);
  const sets = settings(options).join('; ');
  let tls = tlsOf(host, address, options);
  const connect = async (): Promise<Session> => {
    const config = { ...configOf(host, address), ssl: tls };
    const session = await connectClient(config, where);
    try {
      await session.client.query(sets);
    } catch (error) {
      await session.close();
      throw toProblem(error, where);
    }
    return session;
  };
  let session: Session;
  try {
    session = await connect();
  } catch (error) {
    const refused = Error.isError(error) && /does not support SSL/.test(error.message);
    if (address.tls !== 'prefer' || !refused || options.tls?.ca !== undefined) throw error;
    // What libpq does with `prefer`: without TLS where the server has none.
    tls = false;
    session = await connect();
  }
  try {
    const sql = `SELECT pg_is_in_recovery() AS replica,
      current_setting('server_version_num')::pg_catalog.int4 AS version`;
    const { rows } = await session.client.query<{ replica: boolean; version: number }>(sql);
    const [{ replica, version } = { replica: false, version: 0 }] = rows;
    return { address: where, isReplica: replica, version, connect };
  } finally {
    await session.close();
  }
}

type Tls = Exclude<ClientConfig['ssl'], undefined>;

function tlsOf(host: Host, address: Address, options: PostgresOptions): Tls {
  const ca = options.tls?.ca;
  if (host.host.startsWith('/') || (address.tls === 'disable' && ca === undefined)) return false;
  const isChecked = ca !== undefined || address.tls.startsWith('verify-');
  return {
    rejectUnauthorized: isChecked,
    ...(ca !== undefined && { ca }),
    ...(address.tls === 'verify-ca' && { checkServerIdentity: () => undefined }),
  };
}

function configOf(host: Host, address: Address): ClientConfig {
  return {
    host: host.host,
    port: host.port,
    user: address.user,
    // A function, because an empty text would have the driver look into the environment.
    password: () => address.password,
    database: address.database,
    application_name: 'obsctl',
    client_encoding: 'UTF8',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
  };
}

async function connectClient(config: ClientConfig, where: string): Promise<Session> {
  const client = new Client(config);
  let lost: Problem | undefined;
  let isClosing = false;
  // Without a listener an idle connection that breaks off would end the process.
  client.on('error', (error) => {
    lost ??= toProblem(error, where);
  });
  client.on('end', () => {
    if (!isClosing) lost ??= toProblem(new Error('the connection broke off'), where);
  });
  try {
    await client.connect();
  } catch (error) {
    await end(client);
    throw toProblem(error, where);
  }
  const pid = 'processID' in client ? Number(client.processID) : 0;
  const close = async (): Promise<void> => {
    isClosing = true;
    await end(client);
  };
  return { client, pid, lost: () => lost, close };
}

/** In the middle of a query the driver closes the socket, else it says goodbye. */
async function end(client: Client): Promise<void> {
  await client.end().catch(() => undefined);
}

/**
 * `lc_monetary` stays: by it a `money` has its count of decimals (`cash_numeric`), so pinning it
 * would move the point. `row_security` off makes the server refuse what a policy would filter.
 */
function settings(options: PostgresOptions): readonly string[] {
  const timeout = options.statementTimeoutMs ?? statementTimeoutMsDefault;
  return [
    "SET TIME ZONE 'UTC'",
    'SET datestyle = ISO, YMD',
    'SET intervalstyle = iso_8601',
    'SET extra_float_digits = 3',
    'SET bytea_output = hex',
    'SET xmloption = content',
    'SET xmlbinary = base64',
    'SET default_transaction_read_only = on',
    `SET statement_timeout = ${Math.round(timeout)}`,
    `SET lock_timeout = ${lockTimeoutMs}`,
    'SET idle_in_transaction_session_timeout = 0',
    // Of 14 and 17: set only where they are known, without an error where they are not.
    `SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings
       WHERE name IN ('idle_session_timeout', 'transaction_timeout')`,
    `SET row_security = ${options.rowSecurity === 'apply' ? 'on' : 'off'}`,
  ];
}
