/**
 * The address of a database as libpq's URIs write it, taken apart. Its text is never repeated in
 * a message: a malformed one may hold its password anywhere.
 */
import { Problem } from '../../../core/problem.ts';

type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export type Host = { readonly host: string; readonly port: number };

export type Address = {
  /** Tried in this order; a path beginning with `/` is the folder of a Unix socket. */
  readonly hosts: readonly Host[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: TlsMode;
};

const portDefault = 5432;
const modes: Readonly<Record<string, TlsMode>> = {
  disable: 'disable',
  allow: 'prefer',
  prefer: 'prefer',
  require: 'require',
  'verify-ca': 'verify-ca',
  'verify-full': 'verify-full',
};
/** What other clients read from the same text; here it has no meaning. */
const passedOver = new Set(['application_name', 'connect_timeout', 'channel_binding']);

/** @throws Problem OBS-6060 that names the faulty part, and none of its text. */
export function parseAddress(dsn: string): Address {
  const form = /^postgres(?:ql)?:\/\/(?:([^@]*)@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^@#]*))?$/;
  const found = form.exec(dsn);
  if (found === null) throw fault('it is not of the form postgres://USER:PASSWORD@HOST/DATABASE');
  const [, login = '', places = '', path = '', query = ''] = found;
  const colon = login.indexOf(':');
  const user = decode(colon < 0 ? login : login.slice(0, colon), 'the user');
  if (user === '') throw fault('it names no user');
  const parameters = new URLSearchParams(query);
  const socketDir = parameters.get('host') ?? '';
  const hosts =
    places === '' && socketDir !== ''
      ? [{ host: socketDir, port: parsePort(parameters.get('port') ?? '') }]
      : places.split(',').map(parseHost);
  return {
    hosts,
    user,
    password: colon < 0 ? '' : decode(login.slice(colon + 1), 'the password'),
    database: decode(path, 'the database') || user,
    tls: parseMode(parameters),
  };
}

/** For messages: where it is, and no word of how one gets in. */
export function printAddress(host: Host, database: string): string {
  const name = host.host.includes(':') ? `[${host.host}]` : host.host;
  return `${name}:${host.port}/${database}`;
}

function parseHost(text: string): Host {
  const found = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]*))(?::(\d*))?$/.exec(text);
  if (found === null) throw fault('a host is not of the form HOST:PORT');
  const host = found[1] ?? decode(found[2] ?? '', 'a host');
  if (host === '') throw fault('it names no host');
  return { host, port: parsePort(found[3] ?? '') };
}

function parsePort(text: string): number {
  if (text === '') return portDefault;
  const port = Number(text);
  if (!(Number.isInteger(port) && port > 0 && port < 65536)) throw fault('the port is not one');
  return port;
}

function parseMode(parameters: URLSearchParams): TlsMode {
  for (const key of parameters.keys()) {
    if (['sslmode', 'host', 'port'].includes(key) || passedOver.has(key)) continue;
    throw fault(
      /^\w{1,40}$/.test(key)
        ? `its parameter ${key} is not known; sslmode is`
        : 'it has an unknown parameter; sslmode is known',
    );
  }
  const mode = modes[parameters.get('sslmode') ?? 'prefer'];
  if (mode === undefined) throw fault(`sslmode is one of ${Object.keys(modes).join(', ')}`);
  return mode;
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The cause holds no more than the text that must not be shown.
    throw fault(`${part} has a % that is not followed by two hexadecimal digits`);
  }
}

function fault(message: string): Problem {
  return new Problem('OBS-6060', `the address of a PostgreSQL database cannot be read: ${message}`);
}
