/** `obsctl replay`: dead letters into ClickHouse once what refused them is repaired. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { StoredLetter } from '../../gateway/deliver/dead-letter.ts';
import type { Replayed } from '../../gateway/replay-letters.ts';
import type { CliContext } from '../context.ts';
import { parseShards } from '../shards.ts';

type ReplayOptions = {
  readonly dataDir?: string;
  readonly clickhouse?: string;
  readonly seal?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

const insertTimeoutMs = 60_000;
const connectionsMax = 2;

export function registerReplay(program: Command, context: CliContext): void {
  program
    .command('replay')
    .description('send dead letters to ClickHouse again, after what refused them was repaired')
    .option('--data-dir <dir>', "the gateway's (default: obsctl-data/gateway)")
    .option('--clickhouse <url>', 'as the gateway has it; CLICKHOUSE_URL, or http://127.0.0.1:8123')
    .option('--seal <id>', 'only the letters of this seal; the first digits are enough')
    .option('--all', 'every letter')
    .option('--dry-run', 'only say which would be stored')
    .option('--json', 'a JSON line for each letter')
    .addHelpText(
      'after',
      '\nEach letter is stored once, also when this command is interrupted and run again; it is\n' +
        'then moved to the folder `replayed` beside the others. Safe beside a running gateway.\n' +
        '\nExample:\n  obsctl inspect\n  obsctl replay --all --dry-run\n  obsctl replay --all\n' +
        '\nExit codes: 0 all stored, 1 some are still refused, 3 ClickHouse not reachable.\n',
    )
    .action((options: ReplayOptions) => runReplay(options, context));
}

async function runReplay(options: ReplayOptions, context: CliContext): Promise<void> {
  if (options.all !== true && options.seal === undefined) {
    throw new Problem('OBS-1003', 'which letters: --all, or --seal ID');
  }
  const { gatewayConfigDefault } = await import('../../gateway/config.ts');
  const { readLetters } = await import('../../gateway/deliver/dead-letter.ts');
  const { replayLetter } = await import('../../gateway/replay-letters.ts');
  const directory = join(options.dataDir ?? gatewayConfigDefault().dataDir, 'dead-letter');
  const letters = await readLetters(directory);
  const chosen = letters.filter(({ note }) => note.seal.startsWith(options.seal ?? ''));
  if (chosen.length === 0 && options.seal !== undefined) {
    throw new Problem('OBS-1003', `--seal ${options.seal}: no letter here is of that seal`);
  }
  const { shards, destroy } = await connect(options, context);
  const results: Replayed[] = [];
  try {
    for (const letter of chosen) {
      if (context.signal.aborted) return context.exitWith(130);
      const isDryRun = options.dryRun === true;
      const parts = { directory, shards, clock: systemClock, isDryRun };
      const result = await replayLetter(letter, parts);
      context.stdout(`${options.json === true ? jsonOf(result) : textOf(result)}\n`);
      results.push(result);
      if (result.outcome === 'not_reachable') break;
    }
  } finally {
    destroy();
  }
  const outcomes = new Set(results.map(({ outcome }) => outcome));
  if (options.json !== true) context.stderr(`${results.length} of ${letters.length} letters\n`);
  if (outcomes.has('not_reachable')) context.exitWith(3);
  else if (outcomes.has('refused')) context.exitWith(1);
}

async function connect(options: ReplayOptions, context: CliContext) {
  const { defaultUrl } = await import('../../clickhouse/client.ts');
  const { followCredentials } = await import('../../clickhouse/credentials.ts');
  const { defaultDatabase } = await import('../../clickhouse/ddl.ts');
  const { openShards } = await import('../../gateway/deliver/open-shards.ts');
  const given = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const { database = defaultDatabase, shards: urls } = parseShards(given);
  const credentials = followCredentials({
    user: context.env['CLICKHOUSE_USER'],
    password: context.env['CLICKHOUSE_PASSWORD'],
    userFile: context.env['CLICKHOUSE_USER_FILE'],
    passwordFile: context.env['CLICKHOUSE_PASSWORD_FILE'],
  });
  return openShards({
    ...{ urls, database, credentials, connectionsMax, insertTimeoutMs },
    ...{ clock: systemClock, firstReplica: 0 },
    onMove: (message) => context.stderr(`${message}\n`),
  });
}

function placeOf({ note }: StoredLetter): string {
  return `seal ${note.seal}, ${note.table} ${note.partition}, ${note.rows} rows`;
}

function textOf({ letter, outcome, message }: Replayed): string {
  const reason = message === '' ? '' : `: ${message.split('\n')[0]}`;
  return `${placeOf(letter)}: ${outcome.replaceAll('_', ' ')}${reason}`;
}

function jsonOf({ letter, outcome, message }: Replayed): string {
  const { seal, table, partition, rows } = letter.note;
  return JSON.stringify({ seal, table, partition, rows, outcome, message });
}
