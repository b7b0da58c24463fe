/**
 * The secrets of channels, from the environment or from files. They are given to whoever sends, and
 * stand in no state, no log and no message.
 */
import { readFile } from 'node:fs/promises';
import { Problem } from '../../../core/problem.ts';
import type { SecretReference } from '../config-kit.ts';
import { type Channel, secretOfType } from './config.ts';

/** Longest address or key; a file that is longer is another one. */
const charsMax = 4096;

/**
 * The secret of each channel by its name; of e-mail, the password where there is one. Throws
 * OBS-6023 for the first that is not there.
 */
export async function readSecrets(
  channels: readonly Channel[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>();
  for (const channel of channels) {
    const secret = await readSecret(channel, env);
    if (secret !== undefined) secrets.set(channel.name, secret);
  }
  return secrets;
}

async function readSecret(
  channel: Channel,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const key = secretOfType[channel.type] ?? 'password';
  const where = `the channel ${channel.name}`;
  const reference = key === 'password' ? channel.smtp?.password : channel[key];
  if (reference === undefined) {
    if (key === 'password') return undefined;
    throw new Problem('OBS-6023', `it has no ${key}`, { where });
  }
  const { text, from } = await textOf(reference, env, where);
  // A line break at the end of a file is no part of it; a password may begin or end with spaces.
  const secret = key === 'password' ? text.replace(/\r?\n$/, '') : text.trim();
  if (secret === '') throw new Problem('OBS-6023', `${from} is not set, or empty`, { where });
  const form = key === 'password' ? /^\P{Cc}+$/u : /^[\x21-\x7e]+$/;
  if (!form.test(secret) || secret.length > charsMax) {
    throw new Problem('OBS-6023', `${from} holds what no ${key} has`, { where });
  }
  const url = key === 'url' ? URL.parse(secret) : undefined;
  if (url === null || (url !== undefined && !/^https?:$/.test(url.protocol))) {
    throw new Problem('OBS-6023', `${from} holds no http or https URL`, { where });
  }
  return secret;
}

async function textOf(
  { env: name, file }: SecretReference,
  env: Readonly<Record<string, string | undefined>>,
  where: string,
): Promise<{ readonly text: string; readonly from: string }> {
  if (file === undefined) return { text: env[name ?? ''] ?? '', from: `the variable ${name}` };
  try {
    return { text: await readFile(file, 'utf8'), from: `the file ${file}` };
  } catch (cause) {
    const said = Error.isError(cause) && 'code' in cause ? String(cause.code) : 'no file';
    throw new Problem('OBS-6023', `the file ${file} cannot be read: ${said}`, { where, cause });
  }
}
