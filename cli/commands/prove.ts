/** `obsctl prove`: received = logged = stored = rolled up, or the seal where it is not so. */
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { Difference, Proof, SignalProof, TenantProof } from '../../gateway/proof.ts';
import type { CliContext } from '../context.ts';
import { parseShards } from '../shards.ts';

type ProveOptions = {
  readonly clickhouse?: string;
  readonly since: string;
  readonly json?: boolean;
};

export function registerProve(program: Command, context: CliContext): void {
  program
    .command('prove')
    .description('check that what was received was logged, stored and rolled up, each item once')
    .option(
      '--clickhouse <url>',
      'servers as the gateway has them; CLICKHOUSE_URL, or http://127.0.0.1:8123',
    )
    .option('--since <duration>', 'how far back seals are looked at', '1h')
    .option('--json', 'the result as one JSON line')
    .addHelpText(
      'after',
      '\nFrom the receipts that the gateway writes when ClickHouse has acknowledged a seal, and\n' +
        'from counting the rows of each seal. A seal under way is waited for. What sampling\n' +
        'left out has no row: received = left out + logged, and the rates count all of it.\n' +
        'Of several servers one a shard is asked; one in all where tables read all shards.\n' +
        '\nExample:\n  obsctl prove --since 24h\n' +
        '\nExit codes: 0 equal, 1 a difference (the seal is named), 3 ClickHouse not reachable.\n',
    )
    .action((options: ProveOptions) => runProve(options, context));
}

async function runProve(options: ProveOptions, context: CliContext): Promise<void> {
  const sinceMs = parseDurationMs(options.since);
  if (sinceMs === undefined || sinceMs <= 0) {
    const text = `--since ${options.since}: expected a duration such as 1h`;
    throw new Problem('OBS-1003', text);
  }
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const { defaultDatabase } = await import('../../clickhouse/ddl.ts');
  const { firstAnswering } = await import('../../gateway/clickhouse-connection.ts');
  const { readersOf } = await import('../../gateway/proof-servers.ts');
  const { prove } = await import('../../gateway/prove.ts');
  const given = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const { shards, database = defaultDatabase } = parseShards(given);
  const open = (url: string) => connectClickHouse({ url, env: context.env });
  const servers = await Promise.all(shards.map((replicas) => firstAnswering(replicas, open)));
  try {
    const { signal } = context;
    const asked = { database, sinceMs, clock: systemClock, signal };
    const proof = await prove(await readersOf(servers, database, signal), asked);
    if (context.signal.aborted) return context.exitWith(130);
    context.stdout(options.json === true ? `${jsonOf(proof)}\n` : textOf(proof, options.since));
    if (!proof.ok) context.exitWith(1);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    context.exitWith(130);
  } finally {
    for (const server of servers) await server.close();
  }
}

/** Names as in the rest of the JSON that obsctl prints. */
function jsonOf(proof: Proof): string {
  return JSON.stringify({
    ok: proof.ok,
    seals: proof.seals,
    signals: rowsOf(proof).map(({ leftOut, rolledUp, ...rest }) => ({
      ...rest,
      left_out: leftOut,
      ...(rolledUp !== undefined && { rolled_up: rolledUp }),
    })),
    differences: proof.differences.map(({ atMs, ...rest }) => ({
      ...rest,
      at: new Date(atMs).toISOString(),
    })),
  });
}

/**
 * By signal and tenant. What is of no tenant stands under the empty name, and alone when there are
 * none.
 */
function rowsOf({ signals, tenants }: Proof): readonly TenantProof[] {
  return signals.flatMap((total) => {
    const named = tenants.filter(({ signal }) => signal === total.signal);
    const less = (pick: (one: SignalProof) => number): number =>
      named.reduce((left, one) => left - pick(one), pick(total));
    const rest: TenantProof = {
      signal: total.signal,
      tenant: '',
      received: less(({ received }) => received),
      leftOut: less(({ leftOut }) => leftOut),
      logged: less(({ logged }) => logged),
      stored: less(({ stored }) => stored),
      rolledUp: total.rolledUp === undefined ? undefined : less(({ rolledUp = 0 }) => rolledUp),
    };
    const isEmpty = [rest.received, rest.stored, rest.rolledUp ?? 0].every((count) => count === 0);
    return isEmpty && named.length > 0 ? named : [rest, ...named];
  });
}

function textOf(proof: Proof, since: string): string {
  const head = ['signal', 'received', 'left out', 'logged', 'stored', 'rolled up'];
  const rows = rowsOf(proof).map(
    ({ signal, tenant, received, leftOut, logged, stored, rolledUp }) => [
      tenant === '' ? signal : `${signal} ${tenant}`,
      ...[received, leftOut, logged, stored].map(String),
      rolledUp === undefined ? '-' : String(rolledUp),
    ],
  );
  const width = Math.max(8, ...rows.map(([first = '']) => first.length));
  const lines = [head, ...rows].map((row) =>
    row.map((cell, index) => (index === 0 ? cell.padEnd(width) : cell.padStart(12))).join(''),
  );
  const [first] = proof.differences;
  const verdict =
    first === undefined
      ? `equal: ${proof.seals} seals of the last ${since}`
      : `different: ${sentenceOf(first)}${moreOf(proof)}`;
  return `${[...lines, verdict].join('\n')}\n`;
}

const words: Readonly<Record<Difference['what'], string>> = {
  missing: 'rows are gone: deleted, expired, or lost',
  surplus: 'more rows than its receipts say: stored twice, or a receipt is gone',
  no_receipt: 'rows without a receipt: it is gone, or the seal waits to be finished',
  not_logged: 'other than its requests held: a unit was set aside, or a receipt is gone',
  not_rolled_up: 'the rates count other than its spans',
};

function sentenceOf(difference: Difference): string {
  const { seal, table, what, expected, found, atMs, tenant } = difference;
  const at = new Date(atMs).toISOString();
  const whose = tenant === undefined ? '' : ` of tenant ${tenant}`;
  const counts = `${expected} expected, ${found} found`;
  return `seal ${seal} (${at}), ${table}${whose}: ${counts}; ${words[what]}`;
}

function moreOf({ differences }: Proof): string {
  const rest = differences.slice(1).map((entry) => `\n  also ${sentenceOf(entry)}`);
  return rest.join('');
}
