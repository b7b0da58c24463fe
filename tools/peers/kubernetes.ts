/**
 * A real Kubernetes control plane without containers: etcd, API server, controller manager,
 * scheduler and kubectl out of Go modules, and kwok, which plays the nodes. Their own `go.mod`
 * files hold `replace` lines, which `go install` refuses; so two wrapper modules stand in
 * `kubernetes/`, with the sums of everything that goes into the programs.
 */
import { join } from 'node:path';
import { existing, goEnvironment, type Peer, type PeerStep, peersDir } from './peer.ts';

const kubernetesVersion = '1.35.4';
const kwokVersion = '0.7.0';
const programsDir = join(peersDir, `kubernetes-${kubernetesVersion}`);
const buildDir = join(peersDir, 'build-kubernetes');
const [major, minor] = kubernetesVersion.split('.');
const stamp = 'k8s.io/component-base/version';

/** Without these the server calls itself `v0.0.0-master`, which kubectl cannot read. */
const stamps = [
  `-X ${stamp}.gitVersion=v${kubernetesVersion}`,
  `-X ${stamp}.gitMajor=${major}`,
  `-X ${stamp}.gitMinor=${minor}`,
  `-X ${stamp}.gitTreeState=clean`,
].join(' ');

const fromKubernetes = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'];

export const kubernetes: Peer = {
  name: 'kubernetes',
  required: true,
  purpose: 'a real Kubernetes API server, with nodes that kwok plays',
  minutes: 9,
  megabytes: 2500,
  steps: [
    // Building writes into the wrapper modules, and the clone stays as it is.
    { command: 'rm', args: ['-rf', buildDir] },
    { command: 'cp', args: ['-r', join(import.meta.dirname, 'kubernetes'), buildDir] },
    build('etcd', 'etcd', 'go.etcd.io/etcd/server/v3', ''),
    ...fromKubernetes.map((name) =>
      build('control-plane', name, `k8s.io/kubernetes/cmd/${name}`, stamps),
    ),
    {
      command: 'go',
      args: ['install', '-trimpath', '-ldflags=-s -w', `sigs.k8s.io/kwok/cmd/kwok@v${kwokVersion}`],
      env: { ...goEnvironment, GOBIN: programsDir },
    },
  ],
  find: () => {
    const programs = ['etcd', ...fromKubernetes, 'kwok'];
    const whole = programs.every((name) => existing(join(programsDir, name)) !== undefined);
    return whole ? programsDir : undefined;
  },
};

function build(module: string, name: string, path: string, flags: string): PeerStep {
  const output = join(programsDir, name);
  return {
    command: 'go',
    args: ['build', '-mod=mod', '-trimpath', `-ldflags=-s -w ${flags}`, '-o', output, path],
    cwd: join(buildDir, module),
    env: goEnvironment,
  };
}
