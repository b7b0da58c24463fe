/** `obsctl estimate`: how many cores and how much disk a rate of events needs. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import type { Question } from '../estimate/estimate.ts';
import { type Signal, signals } from '../estimate/figures.ts';

type EstimateOptions = {
  readonly eventsPerSecond: string;
  readonly mix: string;
  readonly retention?: string;
  readonly replicas: string;
  readonly cores: string;
  readonly outage: string;
  readonly json?: boolean;
};

const rateMax = 1e8;
const replicasMax = 10;
const coresMax = 512;
const daysDefault: Readonly<Record<Signal, number>> = { spans: 7, logs: 7, points: 30 };

export function registerEstimate(program: Command, context: CliContext): void {
  program
    .command('estimate')
    .description('how many cores and how much disk so many events a second need')
    .requiredOption('--events-per-second <n>', 'spans, log records and data points together')
    .option('--mix <shares>', 'how many of each', 'spans=40,logs=40,points=20')
    .option('--retention <days>', 'how long each is kept (default: spans=7d,logs=7d,points=30d)')
    .option('--replicas <n>', 'servers with the same rows', '1')
    .option('--cores <n>', 'of one ClickHouse server', '16')
    .option('--outage <time>', 'how long ClickHouse may be away and nothing is refused', '4h')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl estimate --events-per-second 20000\n' +
        '  obsctl estimate --events-per-second 1000000 --mix spans=10,logs=30,points=60 ' +
        '--replicas 2 --cores 32\n',
    )
    .action((options: EstimateOptions) => printEstimate(options, context));
}

async function printEstimate(options: EstimateOptions, context: CliContext): Promise<void> {
  const { estimate } = await import('../estimate/estimate.ts');
  const { estimateText } = await import('../estimate/print.ts');
  const { parseDurationMs } = await import('../../core/units.ts');
  const { parseRetention } = await import('../retention.ts');
  const outageMs = parseDurationMs(options.outage);
  if (outageMs === undefined || outageMs === 0) {
    throw refusal(`--outage ${options.outage}: expected a time`, 'Write for example 4h.');
  }
  const question: Question = {
    eventsPerSecond: whole('--events-per-second', options.eventsPerSecond, rateMax),
    mix: parseMix(options.mix),
    retentionDays: { ...daysDefault, ...parseRetention(options.retention, signals) },
    replicas: whole('--replicas', options.replicas, replicasMax),
    coresPerServer: whole('--cores', options.cores, coresMax),
    outageMs,
  };
  const estimated = estimate(question);
  context.stdout(
    options.json === true
      ? `${JSON.stringify({ ...question, ...estimated })}\n`
      : estimateText(question, estimated),
  );
}

/** Names that are not said have no share. */
function parseMix(text: string): Readonly<Record<Signal, number>> {
  const mix: Record<Signal, number> = { spans: 0, logs: 0, points: 0 };
  for (const item of text.split(',')) {
    const [name, share = ''] = item.split('=').map((part) => part.trim());
    const found = signals.find((one) => one === name);
    if (found === undefined || !/^\d+(\.\d+)?$/.test(share)) {
      throw refusal(
        `--mix ${item}: expected NAME=SHARE`,
        `Write for example spans=40,logs=40,points=20; the names are ${signals.join(', ')}.`,
      );
    }
    mix[found] = Number(share);
  }
  if (signals.every((one) => mix[one] === 0)) {
    throw refusal(`--mix ${text}: all shares are 0`, 'Give one of them a share.');
  }
  return mix;
}

function whole(option: string, text: string, max: number): number {
  const value = Number(text.replaceAll('_', ''));
  if (/^\d[\d_]*$/.test(text) && value >= 1 && value <= max) return value;
  const expected = `expected a whole number from 1 to ${max.toLocaleString('en')}`;
  throw refusal(`${option} ${text}: ${expected}`, 'Write the digits, such as 20000 or 20_000.');
}

function refusal(message: string, next: string): Problem {
  return new Problem('OBS-1003', message, { next });
}
