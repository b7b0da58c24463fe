/** `obsctl send`: generated telemetry by every protocol that the gateway takes. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import type { SendProtocol, SendSignal } from '../send/send.ts';

/** Where each protocol goes when nobody says otherwise. */
const endpoints = {
  grpc: 'http://127.0.0.1:4317',
  'http/protobuf': 'http://127.0.0.1:4318',
  'http/json': 'http://127.0.0.1:4318',
  'remote-write': 'http://127.0.0.1:4318',
  influx: 'http://127.0.0.1:4318',
  dogstatsd: 'udp://127.0.0.1:8125',
} as const satisfies Record<SendProtocol, string>;
const protocols = Object.keys(endpoints) as readonly SendProtocol[];
const signals: readonly SendSignal[] = ['traces', 'metrics', 'logs'];
const onlyMetrics: readonly SendProtocol[] = ['remote-write', 'influx', 'dogstatsd'];
/** Remote write is compressed with snappy, always; datagrams never are. */
const ungzipped: readonly SendProtocol[] = ['remote-write', 'dogstatsd'];
const countMax = 1_000_000;

type SendFlags = {
  readonly endpoint?: string;
  readonly protocol: string;
  readonly count: string;
  readonly service: string;
  readonly gzip?: boolean;
};

export function registerSend(program: Command, context: CliContext): void {
  program
    .command('send')
    .description('send generated telemetry and say what was answered')
    .argument(
      '[signal...]',
      `what to send: ${signals.join(', ')}; all that the protocol has by default`,
    )
    .option('--endpoint <url>', 'where to send; default: the protocol’s port on loopback')
    .option('--protocol <name>', protocols.join(', '), 'grpc')
    .option('--count <n>', 'items of each signal', '10')
    .option('--service <name>', 'service.name of what is sent', 'obsctl-send')
    .option('--gzip', 'compress the requests')
    .addHelpText(
      'after',
      '\nHeaders of OTLP come from OTEL_EXPORTER_OTLP_HEADERS, ' +
        'the token of lines from INFLUX_TOKEN, that of remote write from OBSCTL_TOKEN.\n' +
        'Nobody answers datagrams: their report says what was sent.\n' +
        '\nExamples:\n' +
        '  obsctl send traces --count 1000 --protocol http/json\n' +
        '  obsctl send --protocol remote-write\n' +
        '  obsctl send --protocol dogstatsd --endpoint unix:///run/obsctl/dogstatsd.sock\n',
    )
    .action(async (words: readonly string[], flags: SendFlags) => {
      const { send } = await import('../send/send.ts');
      const protocol = oneOf('--protocol', flags.protocol, protocols);
      if (flags.gzip === true && ungzipped.includes(protocol)) {
        throw new Problem('OBS-1003', `--gzip is not for --protocol ${protocol}: leave it out`);
      }
      const report = await send({
        signals: signalsOf(words, protocol),
        endpoint: endpointOf(flags.endpoint ?? endpoints[protocol], protocol),
        protocol,
        count: countOf(flags.count),
        service: flags.service,
        gzip: flags.gzip === true,
        token: context.env[protocol === 'influx' ? 'INFLUX_TOKEN' : 'OBSCTL_TOKEN'],
      });
      context.stdout(`${JSON.stringify(report)}\n`);
      const failed = report.results.find((result) => result.error !== undefined);
      if (failed === undefined) return;
      throw new Problem('OBS-5004', `${failed.signal}: ${failed.error}`, {
        where: report.endpoint,
        reach: 'outside',
      });
    });
}

function signalsOf(words: readonly string[], protocol: SendProtocol): readonly SendSignal[] {
  const known: readonly SendSignal[] = onlyMetrics.includes(protocol) ? ['metrics'] : signals;
  if (words.length === 0) return known;
  return words.map((word) => oneOf(`with --protocol ${protocol}, a signal`, word, known));
}

function oneOf<Word extends string>(what: string, word: string, known: readonly Word[]): Word {
  const found = known.find((candidate) => candidate === word);
  if (found !== undefined) return found;
  throw new Problem('OBS-1003', `${what} is one of ${known.join(', ')}, not ${word}`);
}

/** `localhost:4317` means plain HTTP, and `localhost:8125` UDP, as everywhere in obsctl. */
function endpointOf(text: string, protocol: SendProtocol): string {
  const isDatagrams = protocol === 'dogstatsd';
  const url = text.includes('://') ? text : `${isDatagrams ? 'udp' : 'http'}://${text}`;
  const scheme = URL.parse(url)?.protocol ?? '';
  const known = isDatagrams ? ['udp:', 'unix:'] : ['http:', 'https:'];
  if (known.includes(scheme)) return url;
  const example = endpoints[protocol];
  throw new Problem('OBS-1003', `--endpoint ${text}: expected a URL as ${example}`);
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= countMax) return count;
  throw new Problem('OBS-1003', `--count is a whole number from 1 to ${countMax}, not ${text}`);
}
