/** `obsctl send`: generated telemetry, by OTLP as the OpenTelemetry SDK sends it, or as lines. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import type { SendProtocol, SendSignal } from '../send/send.ts';

const protocols: readonly SendProtocol[] = ['grpc', 'http/protobuf', 'http/json', 'influx'];
const signals: readonly SendSignal[] = ['traces', 'metrics', 'logs'];
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
        'the token of lines from INFLUX_TOKEN.\n' +
        '\nExample:\n  obsctl send traces --count 1000 --protocol http/json\n',
    )
    .action(async (words: readonly string[], flags: SendFlags) => {
      const { send } = await import('../send/send.ts');
      const protocol = oneOf('--protocol', flags.protocol, protocols);
      const port = protocol === 'grpc' ? 4317 : 4318;
      const report = await send({
        signals: signalsOf(words, protocol),
        endpoint: endpointOf(flags.endpoint ?? `http://127.0.0.1:${port}`),
        protocol,
        count: countOf(flags.count),
        service: flags.service,
        gzip: flags.gzip === true,
        token: context.env['INFLUX_TOKEN'],
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
  const known: readonly SendSignal[] = protocol === 'influx' ? ['metrics'] : signals;
  if (words.length === 0) return known;
  return words.map((word) => oneOf(`with --protocol ${protocol}, a signal`, word, known));
}

function oneOf<Word extends string>(what: string, word: string, known: readonly Word[]): Word {
  const found = known.find((candidate) => candidate === word);
  if (found !== undefined) return found;
  throw new Problem('OBS-1003', `${what} is one of ${known.join(', ')}, not ${word}`);
}

/** `localhost:4317` means plain HTTP, as everywhere in obsctl. */
function endpointOf(text: string): string {
  const url = text.includes('://') ? text : `http://${text}`;
  const protocol = URL.parse(url)?.protocol;
  if (protocol === 'http:' || protocol === 'https:') return url;
  throw new Problem('OBS-1003', `--endpoint ${text}: expected a URL as http://127.0.0.1:4317`);
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= countMax) return count;
  throw new Problem('OBS-1003', `--count is a whole number from 1 to ${countMax}, not ${text}`);
}
