/** `obsctl migrate`: brings a ClickHouse database up to date; never drops data. */
import type { Command } from 'commander';
import type { ClickHouse } from '../../clickhouse/client.ts';
import type { MigrateOptions, MigrateResult } from '../../clickhouse/migrate.ts';
import type { ProfileName } from '../../clickhouse/schema/profiles.ts';
import type { Retention } from '../../clickhouse/schema/types.ts';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import { addOwnerOptions, type OwnerOptions, ownersOf } from '../owner-options.ts';
import { parseRetention } from '../retention.ts';
import { version } from '../version.ts';

type MigrateCommandOptions = {
  readonly clickhouse?: string;
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly adopt?: boolean;
  readonly replicated?: boolean;
  readonly cluster?: string;
  readonly profile: string;
  readonly retention?: string;
  readonly tenant?: readonly string[];
  readonly lookups?: string | true;
} & OwnerOptions;

const profileNames: readonly ProfileName[] = ['balanced', 'cheap_ingest', 'fast_search'];
const retentions: readonly Retention[] = [
  'traces',
  'logs',
  'metrics',
  'seconds',
  'rollups',
  'hours',
  'receipts',
  'entities',
];

export function registerMigrate(program: Command, context: CliContext): void {
  const command = program
    .command('migrate')
    .description('create or update the tables; refuses whatever would lose data')
    .option('--clickhouse <url>', 'server and database; CLICKHOUSE_URL, or http://127.0.0.1:8123')
    .option('--plan', 'print the statements and change nothing')
    .option('--json', 'the result as JSON')
    .option('--profile <name>', `what searches may cost: ${profileNames.join(', ')}`, 'balanced')
    .option('--retention <list>', 'also changes existing TTLs: traces=7d,logs=7d,metrics=30d')
    .option('--adopt', "add our columns to tables that the Collector's exporter made")
    .option('--replicated', 'create replicated tables; found out where there are some')
    .option('--cluster <name>', "tables of a cluster, on all its nodes; '{cluster}' is its macro")
    .option(
      '--lookups [collection]',
      'dictionaries over entities, by time; they read as the user of a named collection',
    )
    .option(
      '--tenant <name>',
      'also a database of views with the rows of this tenant; several times',
      (value: string, before: readonly string[] = []) => [...before, value],
    );
  addOwnerOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl migrate --clickhouse http://127.0.0.1:8123/otel --plan\n' +
        '  obsctl migrate --lookups obsctl_lookups\n' +
        '  obsctl migrate --lookups --owners-table shop.teams \\\n' +
        '    --owners-column workload=service --owners-column team=team\n' +
        '\nExit codes: 0 up to date, 1 something is left to do by hand, 3 not reachable.\n',
    )
    .action((options: MigrateCommandOptions) => runMigrate(options, context));
}

async function runMigrate(options: MigrateCommandOptions, context: CliContext): Promise<void> {
  const profile = profileNames.find((name) => name === options.profile);
  if (profile === undefined) {
    throw new Problem('OBS-1003', `--profile ${options.profile}: no such profile`, {
      next: `Use one of ${profileNames.join(', ')}.`,
    });
  }
  const retentionDays = parseRetention(options.retention, retentions);
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const { migrate } = await import('../../clickhouse/migrate.ts');
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const server = connectClickHouse({ url, env: context.env });
  try {
    const result = await migrate(server, {
      database: server.database,
      profile,
      retentionDays,
      adopt: options.adopt === true,
      plan: options.plan === true,
      ...(options.replicated === true ? { flavour: 'replicated' as const } : {}),
      ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
      ...lookupsOf(options, server.database),
      obsctl: version,
      signal: context.signal,
      onProgress: (text) => context.stderr(`${text}\n`),
    });
    const views = await makeTenantViews(server, options, context);
    const whole = { ...result, statements: [...result.statements, ...views] };
    if (options.json === true) context.stdout(`${JSON.stringify(whole)}\n`);
    else report(whole, options.plan === true, server.address, context);
    if (result.refusals.length > 0) context.exitWith(1);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    context.stderr('interrupted; run it again to finish\n');
    context.exitWith(130);
  } finally {
    await server.close();
  }
}

function lookupsOf(
  options: MigrateCommandOptions,
  database: string,
): Pick<MigrateOptions, 'lookups'> {
  const owners = ownersOf(options, database);
  const { lookups } = options;
  if (lookups !== undefined) {
    return { lookups: { owners, ...(lookups === true ? {} : { collection: lookups }) } };
  }
  if (owners === undefined) return {};
  throw new Problem('OBS-1003', 'owners are part of the lookups, and --lookups is not there', {
    next: 'Add --lookups.',
  });
}

/** The statements for the tenants' databases, run unless this is a plan. */
async function makeTenantViews(
  server: ClickHouse,
  { tenant: tenants = [], plan, cluster }: MigrateCommandOptions,
  context: CliContext,
): Promise<readonly string[]> {
  if (tenants.length === 0) return [];
  const { tenantViews } = await import('../../clickhouse/tenant-views.ts');
  const { isTenantName } = await import('../../gateway/guard/config.ts');
  const wrong = tenants.find((tenant) => !isTenantName(tenant));
  if (wrong !== undefined) {
    const expected = 'lower case letters, digits, dots, dashes and underscores';
    throw new Problem('OBS-1003', `--tenant ${wrong}: expected ${expected}`);
  }
  const { findCluster } = await import('../../clickhouse/migrate-nodes.ts');
  // Whoever reads as a tenant may be sent to any node.
  const on = cluster ?? (await findCluster(server, server.database));
  const statements = tenants.flatMap((tenant) => tenantViews(server.database, tenant, on));
  if (plan === true) return statements;
  for (const statement of statements) await server.run(statement, context.signal);
  return statements;
}

/** Statements of a plan are data; everything else is talk. */
function report(
  result: MigrateResult,
  planned: boolean,
  address: string,
  context: CliContext,
): void {
  if (planned) for (const statement of result.statements) context.stdout(`${statement};\n\n`);
  for (const note of result.notes) context.stderr(`note: ${note}\n`);
  if (result.offers.length > 0) {
    context.stderr("These tables were made by the Collector's exporter and work as they are.\n");
    context.stderr('`obsctl migrate --adopt` would add to them:\n');
    for (const offer of result.offers) context.stderr(`  ${offer};\n`);
  }
  for (const refusal of result.refusals) {
    context.stderr(`OBS-3005: ${address}: ${result.database}.${refusal.table} is left as it is:\n`);
    for (const difference of refusal.differences) context.stderr(`  ${difference}\n`);
    context.stderr(
      '  next: by hand, when it suits you (the old table stays under the new name):\n',
    );
    for (const statement of refusal.byHand) context.stderr(`${statement};\n`);
  }
  const { length } = result.statements;
  const what = planned ? `${length} statements to run` : `${length} statements run`;
  context.stderr(
    `${result.database} on ClickHouse ${result.serverVersion} (${result.flavour}), schema ` +
      `${result.schemaVersion}: ${length === 0 ? 'up to date' : what}\n`,
  );
}
