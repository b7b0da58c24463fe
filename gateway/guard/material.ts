/**
 * What the guard reads from files: once at the start, where a fault ends the gateway, and again
 * whenever they change, where a fault leaves what was there before in force and is said loudly.
 *
 *     files ─▶ version seen twice ─▶ read, checked whole ─▶ workers
 *                                         └─ fault: the old one stays; log, metric
 *
 * Looking at times and sizes once a second works for all ways in which files are exchanged: by
 * renaming, by writing in place, and by the symbolic links of a mounted Secret. A change counts
 * when it looks the same twice, because certificate and key are seldom exchanged at one moment.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Clock, Timer } from '../../core/clock.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { tenantsMax } from './config.ts';
import { parseCredentials } from './credentials.ts';
import { checkTls, type TlsMaterial } from './tls.ts';

export type GuardFiles = {
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly tlsClientCaFile: string | undefined;
  readonly credentialsFile: string | undefined;
};

/** Plain data, for worker threads. */
export type GuardMaterial = {
  readonly tls: TlsMaterial | undefined;
  /** The text of the credentials file, which was checked. */
  readonly credentials: string | undefined;
  /** Every tenant so far, in an order that only grows. */
  readonly tenants: readonly string[];
};

export type Kind = 'tls' | 'credentials';

export type MaterialKeeper = Timer & {
  readonly material: GuardMaterial;
  readonly state: () => MaterialState;
};

/** For metrics. */
export type MaterialState = {
  readonly applied: Readonly<Record<Kind, number>>;
  readonly refused: Readonly<Record<Kind, number>>;
  /** Whether the files are not what is in force. */
  readonly isStale: Readonly<Record<Kind, boolean>>;
  /** When the certificate in force ends; undefined without one. */
  readonly certificateExpiresMs: number | undefined;
};

type Options = {
  readonly clock: Clock;
  readonly log: (level: 'info' | 'error', message: string) => void;
  readonly onChange: (material: GuardMaterial) => void;
};

const lookPeriodMs = 1_000;
const fileBytesMax = 4 * 1024 ** 2;
const kinds: readonly Kind[] = ['tls', 'credentials'];
const kindTexts: Readonly<Record<Kind, string>> = {
  tls: 'TLS certificate',
  credentials: 'credentials',
};

/** Reads the files and follows them. Throws a Problem when they cannot be used now. */
export function keepMaterial(files: GuardFiles, options: Options): MaterialKeeper {
  const { clock, log } = options;
  const tenants: string[] = [];
  const seen = { tls: versionOf(files, 'tls'), credentials: versionOf(files, 'credentials') };
  const pending = { ...seen };
  const applied = { tls: 0, credentials: 0 };
  const refused = { tls: 0, credentials: 0 };
  const isStale = { tls: false, credentials: false };
  const read = {
    tls: () => readTls(files, clock.nowMs()),
    credentials: () => readCredentials(files, tenants),
  };
  let material: GuardMaterial = { tls: read.tls(), credentials: read.credentials(), tenants };

  function reload(kind: Kind): void {
    try {
      material = { ...material, [kind]: read[kind](), tenants };
      applied[kind] += 1;
      isStale[kind] = false;
      log('info', `the ${kindTexts[kind]} changed; new connections and requests meet the new one`);
      options.onChange(material);
    } catch (error) {
      if (!isProblem(error)) throw error;
      refused[kind] += 1;
      isStale[kind] = true;
      const { code, where = '', message } = error;
      const kept = `the ${kindTexts[kind]} of before stay${kind === 'tls' ? 's' : ''} in force`;
      log('error', `${code}: ${where}: ${message}; ${kept}`);
    }
  }

  const timer = clock.every(lookPeriodMs, () => {
    for (const kind of kinds) {
      const version = versionOf(files, kind);
      const isSettled = version === pending[kind];
      pending[kind] = version;
      if (version === seen[kind] || !isSettled) continue;
      seen[kind] = version;
      reload(kind);
    }
  });
  return {
    cancel: () => timer.cancel(),
    get material() {
      return material;
    },
    state: () => ({
      applied,
      refused,
      isStale,
      certificateExpiresMs: material.tls?.expiresMs,
    }),
  };
}

function readTls(files: GuardFiles, nowMs: number): TlsMaterial | undefined {
  const { tlsCertFile, tlsKeyFile, tlsClientCaFile } = files;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) {
    if (tlsCertFile ?? tlsKeyFile ?? tlsClientCaFile) {
      const message = 'TLS takes both a certificate (--tls-cert) and its key (--tls-key)';
      throw new Problem('OBS-2050', message);
    }
    return undefined;
  }
  const certificate = readText(tlsCertFile);
  const key = readText(tlsKeyFile);
  const clientAuthorities = tlsClientCaFile === undefined ? undefined : readText(tlsClientCaFile);
  return checkTls(
    { certificate, key, clientAuthorities },
    { certificate: tlsCertFile, key: tlsKeyFile, clients: tlsClientCaFile ?? '' },
    nowMs,
  );
}

/** Adds the tenants that the file names to `tenants`. */
function readCredentials(files: GuardFiles, tenants: string[]): string | undefined {
  if (files.credentialsFile === undefined) return undefined;
  const text = readText(files.credentialsFile);
  const book = parseCredentials(text, files.credentialsFile);
  const fresh = [...book.tenants].filter((name) => !tenants.includes(name));
  if (tenants.length + fresh.length > tenantsMax) {
    const message = `there are more than ${tenantsMax} tenants since the start`;
    throw new Problem('OBS-2052', message, { where: files.credentialsFile });
  }
  tenants.push(...fresh);
  return text;
}

function readText(path: string): string {
  try {
    if (statSync(path).size > fileBytesMax) throw new Error(`larger than ${fileBytesMax} bytes`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-2050', `cannot be read: ${reason}`, { where: path, cause: error });
  }
}

/** What tells one state of the files from another. */
function versionOf(files: GuardFiles, kind: Kind): string {
  const paths =
    kind === 'tls'
      ? [files.tlsCertFile, files.tlsKeyFile, files.tlsClientCaFile]
      : [files.credentialsFile];
  return paths.map((path) => (path === undefined ? '' : fileVersion(path))).join('|');
}

function fileVersion(path: string): string {
  try {
    const { ino, mtimeNs, size } = statSync(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch {
    return 'missing';
  }
}
