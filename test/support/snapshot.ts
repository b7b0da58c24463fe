/** Runs snapshots as `obsctl snapshot run` does, and asks the engine what came of them. */

import type { ClickHouse } from '../../clickhouse/client.ts';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { systemClock } from '../../core/clock.ts';
import { type SnapshotConfig, snapshotsOptions } from '../../jobs/snapshot/config.ts';
import { type RunReport, runSnapshot, snapshotSettings } from '../../jobs/snapshot/run.ts';
import type { Source } from '../../jobs/snapshot/source.ts';

/** An entry of `snapshots` with every default; the DSN is not looked at. */
export function snapshotConfig(more: Readonly<Record<string, unknown>> = {}): SnapshotConfig {
  const source = { postgres: { dsn: `\${env:SHOP_DSN}` } };
  const [config] = snapshotsOptions.parse([
    { name: 'shop', source, tables: ['public.*'], ...more },
  ]);
  if (config === undefined) throw new Error('one entry gives one snapshot');
  return config;
}

export function connectTarget(url: string): ClickHouse {
  return connectClickHouse({ url: `${url}/otel`, settings: snapshotSettings });
}

let runs = 0;

export type RunOnce = {
  readonly config: SnapshotConfig;
  readonly source: Source;
  readonly server: ClickHouse;
  readonly home?: string;
  readonly isFull?: boolean;
  readonly signal?: AbortSignal;
};

/** One run with a name of its own. */
export async function runOnce({ signal, ...options }: RunOnce): Promise<RunReport> {
  runs += 1;
  return await runSnapshot({
    ...options,
    clock: systemClock,
    run: `20261122T1200${String(runs).padStart(4, '0')}Z_test`,
    onProgress: () => {},
    signal: signal ?? new AbortController().signal,
  });
}

/** All rows of a query as tab-separated text, one line each. */
export async function ask(url: string, query: string): Promise<readonly string[]> {
  const response = await fetch(url, { method: 'POST', body: query });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text.split('\n').slice(0, -1);
}

/** A server that is gone for good at the statement `fatal`, as for a job that is killed there. */
export function dyingAt(server: ClickHouse, fatal: number): ClickHouse {
  let statements = 0;
  const step = (): void => {
    statements += 1;
    if (statements >= fatal) throw new Error('killed');
  };
  return {
    ...server,
    run: async (...args) => {
      step();
      await server.run(...args);
      // The server has done it; nobody was there to hear so.
      if (statements + 1 === fatal) step();
    },
    insert: async (...args) => {
      step();
      await server.insert(...args);
    },
  };
}
