/**
 * What speaks remote write: Prometheus itself, the newest as a Go module and Debian's, which only
 * knows the first version, and the public suite that judges receivers.
 */
import { join } from 'node:path';
import { unpack, unpackedProgram } from './debian.ts';
import { existing, goEnvironment, type Peer, type PeerStep, peersDir } from './peer.ts';

const newest = 'prometheus-3.14.0';
const newestDir = join(peersDir, newest);
const newestBuildDir = join(peersDir, `build-${newest}`);
const debian = 'prometheus-2.42';

const suite = 'remote-write-compliance';
const suiteModule = 'github.com/prometheus/compliance/remotewrite/receiver';
const suiteVersion = 'v0.0.0-20260806071727-67b8327a2e93';
const suiteBuildDir = join(peersDir, `build-${suite}`);
const suiteProgram = join(peersDir, `${suite}-20260806`, 'receiver.test');

export const prometheus: readonly Peer[] = [
  {
    name: 'prometheus-3.14.0',
    required: true,
    purpose: 'the newest Prometheus, as a sender of remote write 1 and 2, with promtool',
    minutes: 6,
    megabytes: 1300,
    steps: [
      // Its `go.mod` holds `replace` and `exclude`, which `go install` refuses; building writes
      // into the wrapper module, and the clone stays as it is.
      { command: 'rm', args: ['-rf', newestBuildDir] },
      { command: 'cp', args: ['-r', join(import.meta.dirname, 'prometheus'), newestBuildDir] },
      buildNewest('promtool'),
      buildNewest('prometheus'),
    ],
    // The folder of both programs; `prometheus` is built last.
    find: () => existing(join(newestDir, 'prometheus')) && newestDir,
  },
  {
    name: debian,
    required: true,
    purpose: "Debian's Prometheus 2.42, a sender of remote write 1 as many still run",
    minutes: 1,
    megabytes: 120,
    steps: unpack(debian, ['prometheus=2.42.*']),
    find: () => unpackedProgram(debian, 'usr/bin/prometheus'),
  },
  {
    name: suite,
    required: true,
    purpose: 'the public suite that judges receivers of remote write',
    minutes: 2,
    megabytes: 200,
    steps: [
      { command: 'go', args: ['mod', 'download', `${suiteModule}@${suiteVersion}`] },
      // The module is only tests, under a path that is not its own: it is built in a copy.
      { command: 'rm', args: ['-rf', suiteBuildDir] },
      {
        command: 'sh',
        args: [
          '-c',
          `cp -r "$(go env GOMODCACHE)/${suiteModule}@${suiteVersion}" "$1" && chmod -R u+w "$1"`,
          'sh',
          suiteBuildDir,
        ],
      },
      {
        command: 'go',
        args: ['test', '-c', '-trimpath', '-o', suiteProgram, '.'],
        cwd: suiteBuildDir,
        env: goEnvironment,
      },
    ],
    find: () => existing(suiteProgram),
  },
];

/** Without the discoveries of clouds, which are half of it; static, file and HTTP ones stay. */
function buildNewest(program: 'prometheus' | 'promtool'): PeerStep {
  const stamp = '-X github.com/prometheus/common/version.Version=3.14.0';
  return {
    command: 'go',
    args: [
      'build',
      '-mod=mod',
      '-trimpath',
      '-tags=remove_all_sd',
      `-ldflags=-s -w ${stamp}`,
      '-o',
      join(newestDir, program),
      `github.com/prometheus/prometheus/cmd/${program}`,
    ],
    cwd: newestBuildDir,
    env: goEnvironment,
  };
}
