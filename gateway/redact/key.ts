/** What redaction needs at a start: a key for hashes, and nothing that it cannot reach. */
import { readFileSync } from 'node:fs';
import { Problem } from '../../core/problem.ts';
import type { InfluxStrings } from '../decode/influx/parameters.ts';
import type { RedactionSettings } from './rules.ts';

/** Shorter ones are guessed; a gateway that hashes under them promises what is not so. */
const keyBytesMin = 16;

/** Refuses settings under which a request could reach the log as it came, past its rules. */
export function checkRedaction(settings: RedactionSettings, strings: InfluxStrings): void {
  if (settings.rules.length === 0 || strings === 'info') return;
  const message = 'there are redaction rules, and strings of Influx lines are to be log records';
  throw new Problem('OBS-2062', message);
}

/**
 * Read once at the start, so that a whole log is hashed under one. White space around the key is
 * not part of it: files end in a newline.
 */
export function readRedactionKey(
  settings: RedactionSettings,
  path: string | undefined,
): Uint8Array<ArrayBuffer> {
  if (!settings.rules.some(({ action }) => action === 'hash')) return new Uint8Array();
  if (path === undefined) {
    throw new Problem('OBS-2061', 'there are redaction rules that hash, and no key');
  }
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new Problem('OBS-2061', 'the key of redaction cannot be read', { where: path, cause });
  }
  const key = new Uint8Array(Buffer.from(text));
  if (key.length < keyBytesMin) {
    const message = `the key of redaction has ${key.length} bytes, fewer than ${keyBytesMin}`;
    throw new Problem('OBS-2061', message, { where: path });
  }
  return key;
}
