/** What a peer is, and the one cache that everything built lands in. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type PeerName =
  | 'chromium'
  | 'otel-python'
  | 'collector'
  | 'collector-0.149'
  | 'collector-0.155'
  | 'datadog-python'
  | 'fish'
  | 'grafana-client'
  | 'grafana-operator'
  | 'h2spec'
  | 'hot-shots'
  | 'influx-clients'
  | 'influxdb-1.6'
  | 'kubernetes'
  | 'mariadb-10.11'
  | 'node-24'
  | 'node-exporter'
  | 'postgres'
  | 'prometheus-2.42'
  | 'prometheus-3.14.0'
  | 'remote-write-compliance'
  | 'telegraf'
  | 'terraform'
  | 'zookeeper'
  | 'zsh';

export type Peer = {
  readonly name: PeerName;
  /** With `CI=true` a test that needs it fails instead of being skipped. */
  readonly required: boolean;
  readonly purpose: string;
  /** Minutes on two cores, nothing cached. */
  readonly minutes: number;
  readonly megabytes: number;
  /** What will be run, shown before it is. */
  readonly steps: readonly PeerStep[];
  /** Path of the program, or of the folder of several, or undefined while it is missing. */
  readonly find: () => string | undefined;
};

export type PeerStep = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
};

export const peersDir: string =
  process.env['OBSCTL_PEERS'] ?? join(homedir(), '.cache', 'obsctl', 'peers');

export const goEnvironment = { GOFLAGS: '-buildvcs=false', GOBIN: join(peersDir, 'bin') };

export function existing(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}
