/**
 * User and password of ClickHouse: plain values, or files that are looked at again before every
 * statement, because a mounted Secret changes while the process runs.
 */
import { readFileSync, statSync } from 'node:fs';
import { Problem } from '../core/problem.ts';

export type Credentials = {
  readonly user: string | undefined;
  readonly password: string | undefined;
};

export type CredentialSource = Credentials & {
  readonly userFile?: string | undefined;
  readonly passwordFile?: string | undefined;
};

/** A file goes before a value. The function throws OBS-3008 while a file cannot be read. */
export function followCredentials(source: CredentialSource): () => Credentials {
  const user = followFile(source.userFile);
  const password = followFile(source.passwordFile);
  return () => ({ user: user() ?? source.user, password: password() ?? source.password });
}

/** The text of a file without its last line break, read again only when the file has changed. */
function followFile(path: string | undefined): () => string | undefined {
  let seen = '';
  let text = '';
  return () => {
    if (path === undefined) return undefined;
    try {
      const { mtimeNs, ino, size } = statSync(path, { bigint: true });
      const version = `${ino} ${mtimeNs} ${size}`;
      if (version !== seen) {
        text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
        seen = version;
      }
      return text;
    } catch (error) {
      const reason = Error.isError(error) ? error.message : String(error);
      throw new Problem('OBS-3008', `the credentials file cannot be read: ${reason}`, {
        where: path,
        cause: error,
      });
    }
  };
}
