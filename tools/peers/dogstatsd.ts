/** What speaks DogStatsD: hot-shots for Node, with its addon for datagrams, Python's datadog. */
import { join } from 'node:path';
import { existing, type Peer, peersDir } from './peer.ts';

const nodeDir = join(peersDir, 'dogstatsd-node-17.1.1');
const pythonDir = join(peersDir, 'dogstatsd-python-0.52.0');
/** Headers of the Node that runs this: the package of the binary brings them along. */
const headers = join(
  import.meta.dirname,
  `../../node_modules/node/node_modules/node-${process.platform}-${process.arch}`,
);

export const dogstatsd: readonly Peer[] = [
  {
    name: 'hot-shots',
    required: true,
    purpose: "the DogStatsD client of Node, and unix-dgram, Node's Unix datagrams",
    minutes: 1,
    megabytes: 10,
    steps: [
      {
        command: 'npm',
        args: [
          ...['install', '--prefix', nodeDir, '--no-save', '--no-audit', '--no-fund'],
          ...[`--nodedir=${headers}`, 'hot-shots@17.1.1', 'unix-dgram@2.0.7'],
        ],
      },
    ],
    // The folder that both are imported from.
    find: () => {
      const modules = join(nodeDir, 'node_modules');
      const files = ['hot-shots/package.json', 'unix-dgram/build/Release/unix_dgram.node'];
      return files.every((file) => existing(join(modules, file)) !== undefined)
        ? modules
        : undefined;
    },
  },
  {
    name: 'datadog-python',
    required: true,
    purpose: 'the DogStatsD client of Python',
    minutes: 1,
    megabytes: 30,
    steps: [
      { command: 'python3', args: ['-m', 'venv', pythonDir] },
      {
        command: join(pythonDir, 'bin', 'pip'),
        args: ['install', '--quiet', 'datadog==0.52.0'],
      },
      // Last of all, so that an interrupted installation is not taken for a whole one.
      { command: 'touch', args: [join(pythonDir, 'ready')] },
    ],
    find: () => existing(join(pythonDir, 'ready')) && existing(join(pythonDir, 'bin', 'python')),
  },
];
