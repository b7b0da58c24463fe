/** What speaks Influx line protocol: Debian's server with its shell, Telegraf, the npm clients. */
import { join } from 'node:path';
import { unpack, unpackedProgram } from './debian.ts';
import { existing, goEnvironment, type Peer, peersDir } from './peer.ts';

const server = 'influxdb-1.6';
const telegrafVersion = '1.37.2';
const telegrafDir = join(peersDir, `telegraf-${telegrafVersion}`);
const clientsDir = join(peersDir, 'influx-clients-1.35.0-5.12.0');

/** Everything that Telegraf can do takes half an hour to build; these are what tests ask for. */
const telegrafParts = [
  'custom',
  ...['inputs.exec', 'inputs.file', 'inputs.internal', 'inputs.mock', 'parsers.influx'],
  ...['outputs.file', 'outputs.http', 'outputs.influxdb', 'outputs.influxdb_v2'],
  ...['outputs.opentelemetry', 'serializers.influx', 'serializers.prometheusremotewrite'],
];

export const influx: readonly Peer[] = [
  {
    name: server,
    required: true,
    purpose: "Debian's InfluxDB 1.6, as the judge of lines, and its shell, as a sender",
    minutes: 1,
    megabytes: 30,
    steps: unpack(server, ['influxdb=1.6.*', 'influxdb-client=1.6.*']),
    // The folder of `influxd` and `influx`.
    find: () => unpackedProgram(server, 'usr/bin/influxd') && unpackedProgram(server, 'usr/bin'),
  },
  {
    name: 'influx-clients',
    required: true,
    purpose: 'the official clients of InfluxDB 1 and 2 for Node',
    minutes: 1,
    megabytes: 5,
    steps: [
      {
        command: 'npm',
        args: [
          ...['install', '--prefix', clientsDir, '--no-save', '--no-audit', '--no-fund'],
          ...['--ignore-scripts', '@influxdata/influxdb-client@1.35.0', 'influx@5.12.0'],
        ],
      },
    ],
    find: () => {
      const modules = join(clientsDir, 'node_modules');
      const both = ['@influxdata/influxdb-client/package.json', 'influx/package.json'];
      return both.every((file) => existing(join(modules, file)) !== undefined)
        ? modules
        : undefined;
    },
  },
  {
    name: 'telegraf',
    required: true,
    purpose: 'the real Telegraf, slim, as a sender of lines, remote write and OTLP',
    minutes: 2,
    megabytes: 300,
    steps: [
      {
        command: 'go',
        args: [
          'install',
          '-trimpath',
          `-tags=${telegrafParts.join(',')}`,
          `-ldflags=-s -w -X github.com/influxdata/telegraf/internal.Version=${telegrafVersion}`,
          `github.com/influxdata/telegraf/cmd/telegraf@v${telegrafVersion}`,
        ],
        env: { ...goEnvironment, GOBIN: telegrafDir },
      },
    ],
    find: () => existing(join(telegrafDir, 'telegraf')),
  },
];
