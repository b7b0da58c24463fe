/**
 * The real programs that tests run against, in one list: what each is for, whether CI must have
 * it, what it costs, where it is and how to get it. Everything built lands in one cache outside
 * the clone (`$OBSCTL_PEERS`, else `~/.cache/obsctl/peers`).
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { collectors } from './collectors.ts';
import { sudo } from './debian.ts';
import { dogstatsd } from './dogstatsd.ts';
import { grafana, grafanaOperator } from './grafana.ts';
import { influx } from './influx.ts';
import { kubernetes } from './kubernetes.ts';
import { mariadb } from './mariadb.ts';
import { existing, goEnvironment, type Peer, type PeerStep, peersDir } from './peer.ts';
import { postgres } from './postgres.ts';
import { prometheus } from './prometheus.ts';
import { terraform } from './terraform.ts';
import { zookeeper } from './zookeeper.ts';

const pythonDir = join(peersDir, 'otel-python-1.45.2');
const node24Dir = join(peersDir, 'node-24.12.0');
const node24Package = `node-${process.platform}-${process.arch}`;

function apt(...args: readonly string[]): PeerStep {
  const [command = 'apt-get', ...rest] = [...sudo, 'apt-get', ...args];
  return { command, args: rest, env: { DEBIAN_FRONTEND: 'noninteractive' } };
}

export const peers: readonly Peer[] = [
  {
    name: 'chromium',
    required: true,
    purpose: 'opens the dashboards page as a person would',
    minutes: 2,
    megabytes: 600,
    steps: [apt('update', '-q'), apt('install', '-q', '-y', '--no-install-recommends', 'chromium')],
    find: () => onPath('chromium'),
  },
  {
    name: 'otel-python',
    required: true,
    purpose: 'the OpenTelemetry SDK of another language, as a sender and as a decoder',
    minutes: 1,
    megabytes: 80,
    steps: [
      { command: 'python3', args: ['-m', 'venv', pythonDir] },
      {
        command: join(pythonDir, 'bin', 'pip'),
        args: [
          'install',
          '--quiet',
          'opentelemetry-sdk==1.45.2',
          'opentelemetry-exporter-otlp==1.45.2',
          'opentelemetry-proto==1.45.2',
        ],
      },
      // Last of all, so that an interrupted installation is not taken for a whole one.
      { command: 'touch', args: [join(pythonDir, 'ready')] },
    ],
    find: () => existing(join(pythonDir, 'ready')) && existing(join(pythonDir, 'bin', 'python')),
  },
  ...collectors,
  {
    name: 'h2spec',
    required: true,
    purpose: "HTTP/2's conformance suite, for our own framing of gRPC",
    minutes: 1,
    megabytes: 10,
    steps: [
      {
        command: 'go',
        args: [
          'install',
          '-trimpath',
          '-ldflags=-s -w',
          'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible',
        ],
        env: goEnvironment,
      },
    ],
    find: () => existing(join(peersDir, 'bin', 'h2spec')),
  },
  {
    name: 'node-24',
    required: true,
    purpose: 'the oldest Node that the published package promises to run on',
    minutes: 1,
    megabytes: 120,
    steps: [
      {
        command: 'npm',
        args: [
          'install',
          '--prefix',
          node24Dir,
          '--no-save',
          '--no-audit',
          '--no-fund',
          '--ignore-scripts',
          `${node24Package}@24.12.0`,
        ],
      },
    ],
    find: () => existing(join(node24Dir, 'node_modules', node24Package, 'bin', 'node')),
  },
  {
    name: 'node-exporter',
    required: true,
    purpose: 'the real node-exporter, as a target that the prometheus-agent scrapes',
    minutes: 1,
    megabytes: 20,
    steps: [
      apt('update', '-q'),
      apt('install', '-q', '-y', '--no-install-recommends', 'prometheus-node-exporter'),
    ],
    find: () => onPath('prometheus-node-exporter'),
  },
  shell('zsh'),
  shell('fish'),
  ...prometheus,
  ...influx,
  ...dogstatsd,
  grafana,
  grafanaOperator,
  kubernetes,
  postgres,
  mariadb,
  terraform,
  zookeeper,
];

/** Completion is asked in the shells themselves; `bash` is everywhere that tests run. */
function shell(name: 'zsh' | 'fish'): Peer {
  return {
    name,
    required: true,
    purpose: `the shell ${name}, that completes the words of obsctl`,
    minutes: 1,
    megabytes: 20,
    steps: [apt('update', '-q'), apt('install', '-q', '-y', '--no-install-recommends', name)],
    find: () => onPath(name),
  };
}

function onPath(program: string): string | undefined {
  try {
    return execFileSync('which', [program]).toString().trim();
  } catch {
    return undefined;
  }
}
