/**
 * The state of a watcher in a file: what fires since when, who was told, and what is still to be
 * sent. Channels stand in it by their names; no address and no key does.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem } from '../../core/problem.ts';
import type { RuleState } from '../../dashboards/alerts/evaluate.ts';
import type { Queued, ToldAlerts } from './outbox.ts';

export type WatchState = {
  readonly version: 2;
  /** When rules were evaluated last; 0 for never. */
  readonly evaluatedMs: number;
  /** By the id of the rule; rules without an alert are left out. */
  readonly rules: Readonly<Record<string, RuleState>>;
  readonly told: ToldAlerts;
  /** In the order in which they happened; taken out once the channel has them. */
  readonly outbox: readonly Queued[];
};

export const emptyState: WatchState = {
  version: 2,
  evaluatedMs: 0,
  rules: {},
  told: {},
  outbox: [],
};

/** The state in `path`; empty when there is no such file. */
export async function readState(path: string): Promise<WatchState> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw unusable(path, error.message, error);
  });
  if (text === undefined) return emptyState;
  const state = parsed(path, text);
  const whole =
    state?.version === 2 &&
    typeof state.evaluatedMs === 'number' &&
    typeof state.rules === 'object' &&
    typeof state.told === 'object' &&
    Array.isArray(state.outbox);
  if (!whole) throw unusable(path, 'it is not the state of a watcher');
  return state;
}

function parsed(path: string, text: string): WatchState | null {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unusable(path, 'it is no JSON', error);
  }
}

/** Durable when it resolves: a crash leaves the old file or the new one. */
export async function writeState(path: string, state: WatchState): Promise<void> {
  const folder = dirname(path);
  const temporary = `${path}.new`;
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(state)}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const directory = await open(folder, 'r');
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    throw unusable(path, Error.isError(error) ? error.message : String(error), error);
  }
}

function unusable(where: string, message: string, cause?: unknown): Problem {
  return new Problem('OBS-6020', message, { where, cause });
}
