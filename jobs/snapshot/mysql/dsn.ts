/** The address of a MySQL source, read without ever repeating it: it holds a password. */
import { Problem } from '../../../core/problem.ts';

export type Dsn = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Empty for all databases that the user may see. */
  readonly database: string;
  /** For messages: `HOST:PORT/DATABASE`. */
  readonly address: string;
};

const portDefault = 3306;

/** `mysql://USER:PASSWORD@HOST:PORT/DATABASE`; also `mariadb:`. Throws OBS-6120. */
export function parseDsn(text: string): Dsn {
  const url = URL.parse(text);
  if (url === null) throw refusal('it is not a URL');
  if (!/^(mysql|mariadb):$/.test(url.protocol)) {
    throw refusal('it begins neither with `mysql://` nor with `mariadb://`');
  }
  if (url.hostname === '') throw refusal('it names no host');
  if (url.username === '') throw refusal('it names no user');
  if (url.search !== '' || url.hash !== '') {
    throw refusal('it has parameters: TLS and timeouts are keys of the source');
  }
  const database = decoded(url.pathname.slice(1), 'the database');
  // A `/` in a password ends the host too soon: the rest of it would be told as the database.
  if (/[@/]/.test(database)) {
    throw refusal('there is an `@` or a `/` after the host: in a password write `%40` and `%2F`');
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? portDefault : Number(url.port);
  return {
    host: decoded(host, 'the host'),
    port,
    user: decoded(url.username, 'the user'),
    password: decoded(url.password, 'the password'),
    database,
    address: `${url.hostname}:${port}${database === '' ? '' : `/${database}`}`,
  };
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal(`${what} has a \`%\` that is not the start of an encoded character`);
  }
}

function refusal(reason: string): Problem {
  return new Problem('OBS-6120', `the address of a MySQL source cannot be used: ${reason}`);
}
