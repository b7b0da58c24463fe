/**
 * The three real Collectors. None of the versions can be built here with everything, so: 0.149 has
 * what the agents use and is built from our own `obsctl distro` manifest, 0.155 the connectors,
 * 0.161 the ClickHouse exporter, load balancing and the newest names. What none of them has is
 * judged by the catalog alone (`binaries` in `collector/catalog`).
 */
import { join } from 'node:path';
import {
  existing,
  goEnvironment,
  type Peer,
  type PeerName,
  type PeerStep,
  peersDir,
} from './peer.ts';

/** The builder is one for all: newer ones read the same manifest. */
const builder: PeerStep = {
  command: 'go',
  args: [
    'install',
    '-trimpath',
    '-ldflags=-s -w',
    'go.opentelemetry.io/collector/cmd/builder@v0.149.0',
  ],
  env: goEnvironment,
};

export const collectors: readonly Peer[] = [
  collector('collector', '0.161', 'the newest, as a sender and to measure against', 15, 100, []),
  collector('collector-0.149', '0.149', "with the agents' components", 15, 200, [
    {
      command: process.execPath,
      args: [
        join(import.meta.dirname, 'write-manifest-main.ts'),
        join(peersDir, 'collector-0.149.yaml'),
        './build-collector-0.149',
      ],
    },
  ]),
  collector('collector-0.155', '0.155', 'with the connectors', 8, 50, []),
];

/** `before` writes the manifest into the cache where none is committed. */
function collector(
  name: PeerName,
  line: string,
  what: string,
  minutes: number,
  megabytes: number,
  before: readonly PeerStep[],
): Peer {
  const manifestDir = before.length === 0 ? import.meta.dirname : peersDir;
  const program = join(peersDir, `collector-${line}.0`, 'otelcol');
  return {
    name,
    required: true,
    purpose: `the real OpenTelemetry Collector ${line}, ${what}`,
    minutes,
    megabytes,
    steps: [
      builder,
      ...before,
      {
        command: join(peersDir, 'bin', 'builder'),
        args: [
          '--config',
          join(manifestDir, `collector-${line}.yaml`),
          '--skip-compilation',
          '--skip-strict-versioning',
          // Tidying would also ask for the modules of tests, which are not all to be had.
          '--skip-get-modules',
        ],
        cwd: peersDir,
        env: goEnvironment,
      },
      {
        command: 'go',
        args: ['build', '-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', program, '.'],
        cwd: join(peersDir, `build-collector-${line}`),
        env: goEnvironment,
      },
    ],
    find: () => existing(program),
  };
}
