/** `obsctl estimate`: how many cores and how much disk a stack file or a rate of events needs. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import type { Question } from '../estimate/estimate.ts';
import { type Signal, signals } from '../estimate/figures.ts';

type EstimateOptions = {
  readonly eventsPerSecond?: string;
  readonly file?: string;
  readonly nodes: string;
  readonly pods: string;
  readonly containers: string;
  readonly coresPerNode: string;
  readonly logsPerPod: string;
  readonly spansPerPod: string;
  readonly mix: string;
  readonly retention?: string;
  readonly replicas?: string;
  readonly cores: string;
  readonly outage: string;
  readonly json?: boolean;
};

const rateMax = 1e8;
const replicasMax = 10;
const coresMax = 512;
const nodesMax = 100_000;
const podsMax = 1000;
const dayMs = 86_400_000;
const daysDefault: Readonly<Record<Signal, number>> = { spans: 7, logs: 7, points: 30 };

export function registerEstimate(program: Command, context: CliContext): void {
  program
    .command('estimate')
    .description('how many cores and how much disk a stack file, or so many events a second, need')
    .option('--events-per-second <n>', 'spans, log records and data points together')
    .option('-f, --file <file>', 'a stack file instead: its series, records and spans')
    .option('--nodes <n>', 'of the cluster, with --file', '10')
    .option('--pods <n>', 'of a node', '20')
    .option('--containers <n>', 'of a pod', '1')
    .option('--cores-per-node <n>', 'of a node', '4')
    .option('--logs-per-pod <n>', 'log records a second', '1')
    .option('--spans-per-pod <n>', 'spans a second', '5')
    .option('--mix <shares>', 'how many of each', 'spans=40,logs=40,points=20')
    .option('--retention <days>', 'how long each is kept (default: spans=7d,logs=7d,points=30d)')
    .option('--replicas <n>', 'servers with the same rows (default: of the file, or 1)')
    .option('--cores <n>', 'of one ClickHouse server', '16')
    .option('--outage <time>', 'how long ClickHouse may be away and nothing is refused', '4h')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl estimate -f obs.yaml --nodes 40 --pods 30\n' +
        '  obsctl estimate --events-per-second 20000\n' +
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
  const asked = await askedOf(options, context);
  const question: Question = {
    ...asked.rate,
    retentionDays: { ...asked.days, ...parseRetention(options.retention, signals) },
    replicas:
      options.replicas === undefined
        ? asked.replicas
        : whole('--replicas', options.replicas, replicasMax),
    coresPerServer: whole('--cores', options.cores, coresMax),
    outageMs,
  };
  const estimated = estimate(question);
  context.stdout(
    options.json === true
      ? `${JSON.stringify({ ...asked.told, ...question, ...estimated })}\n`
      : `${asked.text}${estimateText(question, estimated)}`,
  );
}

type Asked = {
  readonly rate: Pick<Question, 'eventsPerSecond' | 'mix'>;
  readonly days: Question['retentionDays'];
  readonly replicas: number;
  /** What goes before the figures, for people and as JSON. */
  readonly text: string;
  readonly told: object;
};

async function askedOf(options: EstimateOptions, context: CliContext): Promise<Asked> {
  const { file, eventsPerSecond } = options;
  if (file !== undefined && eventsPerSecond === undefined) {
    return await ofStack(file, options, context);
  }
  if (file !== undefined || eventsPerSecond === undefined) {
    throw refusal('expected --events-per-second or --file, one of them', 'Leave out the other.');
  }
  const rate = whole('--events-per-second', eventsPerSecond, rateMax);
  const mix = parseMix(options.mix);
  const asked = { rate: { eventsPerSecond: rate, mix }, days: daysDefault, replicas: 1 };
  return { ...asked, text: '', told: {} };
}

async function ofStack(
  file: string,
  options: EstimateOptions,
  context: CliContext,
): Promise<Asked> {
  const { stackVolume, volumeQuestion } = await import('../estimate/stack.ts');
  const { stackText } = await import('../estimate/stack-print.ts');
  const { standingOf } = await import('../render/standing.ts');
  const { readStack } = await import('../stack-file.ts');
  const { parseDurationMs } = await import('../../core/units.ts');
  const stack = await readStack(file, context);
  const size = {
    nodes: whole('--nodes', options.nodes, nodesMax),
    podsPerNode: whole('--pods', options.pods, podsMax),
    containersPerPod: whole('--containers', options.containers, podsMax),
    coresPerNode: whole('--cores-per-node', options.coresPerNode, coresMax),
    logsPerPod: rateOf('--logs-per-pod', options.logsPerPod),
    spansPerPod: rateOf('--spans-per-pod', options.spansPerPod),
  };
  const volume = stackVolume(standingOf(stack).presets ?? {}, size);
  const rate = volumeQuestion(volume);
  if (rate.eventsPerSecond === 0) {
    const next = 'Give the file of the agents, or a rate: --events-per-second.';
    throw refusal(`${file}: no preset of it sends anything that can be counted`, next);
  }
  const { traces, logs, metrics } = stack.clickhouse.retention;
  const days = (text: string): number => (parseDurationMs(text) ?? dayMs) / dayMs;
  return {
    rate,
    days: { spans: days(traces), logs: days(logs), points: days(metrics) },
    replicas: stack.clickhouse.topology.replicas,
    text: stackText(file, size, volume),
    told: { file, size, volume },
  };
}

function rateOf(option: string, text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value <= rateMax) return value;
  throw refusal(`${option} ${text}: expected a number`, 'Write for example 0.5 or 20.');
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
