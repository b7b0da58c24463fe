/**
 * Grafana's own Go code in two small programs: its API client reads back what was pushed, and the
 * types of its operator read the objects that are rendered for it.
 */
import { join } from 'node:path';
import { existing, goEnvironment, type Peer, peersDir } from './peer.ts';

export const clientModule = 'github.com/grafana/grafana-openapi-client-go';
/** Generated from Grafana's description at its commit e36ea787. */
export const clientVersion = 'v0.0.0-20260330113218-ee77c4f6f90e';

const buildDir = join(peersDir, 'build-grafana-client');
/** Its folder ends with what else it reads, so that one built before is not taken for it. */
const program = join(peersDir, 'grafana-client-20260330-routing', 'read-back');

export const grafana: Peer = {
  name: 'grafana-client',
  required: true,
  purpose: "Grafana's own Go API client, that reads back what was pushed",
  minutes: 1,
  megabytes: 60,
  steps: [
    { command: 'rm', args: ['-rf', buildDir] },
    { command: 'cp', args: ['-r', join(import.meta.dirname, 'grafana'), buildDir] },
    {
      command: 'go',
      args: ['build', '-trimpath', '-ldflags=-s -w', '-o', program, '.'],
      cwd: buildDir,
      env: goEnvironment,
    },
  ],
  find: () => existing(program),
};

const operatorBuildDir = join(peersDir, 'build-grafana-operator');
const operatorProgram = join(peersDir, 'grafana-operator-5.24.0', 'read-objects');

export const grafanaOperator: Peer = {
  name: 'grafana-operator',
  required: true,
  purpose: 'the types of the Grafana operator 5.24, that read the objects rendered for it',
  minutes: 2,
  megabytes: 400,
  steps: [
    { command: 'rm', args: ['-rf', operatorBuildDir] },
    {
      command: 'cp',
      args: ['-r', join(import.meta.dirname, 'grafana-operator'), operatorBuildDir],
    },
    {
      command: 'go',
      args: ['build', '-trimpath', '-ldflags=-s -w', '-o', operatorProgram, '.'],
      cwd: operatorBuildDir,
      env: goEnvironment,
    },
  ],
  find: () => existing(operatorProgram),
};
