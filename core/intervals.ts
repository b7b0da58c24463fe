/** How often jobs run, from configuration and environment (H35). */
import { Problem } from './problem.ts';
import { parseDurationMs } from './units.ts';

export type IntervalSetting = {
  /** The key, for messages. */
  readonly key: string;
  /** The environment's variable, which goes before the configuration. */
  readonly variable: string;
  readonly defaultMs: number;
  readonly minMs: number;
  readonly maxMs: number;
};

/**
 * The interval in milliseconds. Throws a Problem (OBS-1003) that says which of the two sources is
 * wrong and why: a duration like `10s`, within bounds, is expected. An empty variable is none.
 */
export function readInterval(
  setting: IntervalSetting,
  configured: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): number {
  const fromEnvironment = environment[setting.variable] ?? '';
  if (fromEnvironment !== '') return parse(setting, fromEnvironment, `$${setting.variable}`);
  return configured === undefined ? setting.defaultMs : parse(setting, configured, setting.key);
}

function parse({ minMs, maxMs }: IntervalSetting, text: string, where: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined) {
    const message = `${JSON.stringify(text)} is no duration; expected one like 10s, 500ms or 1m30s`;
    throw new Problem('OBS-1003', message, { where });
  }
  if (ms < minMs || ms > maxMs || !Number.isInteger(ms)) {
    const expected = `whole milliseconds, ${minMs} ms to ${maxMs} ms`;
    throw new Problem('OBS-1003', `${text} is out of bounds; expected ${expected}`, { where });
  }
  return ms;
}
