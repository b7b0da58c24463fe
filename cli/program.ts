/**
 * The list of commands. Each lives in `commands/<name>.ts` and exports one `register…` function;
 * its work is imported when it runs, so that `obsctl --help` stays fast.
 */
import type { Command } from 'commander';
import { registerAgents } from './commands/agents.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerCost } from './commands/cost.ts';
import { registerDashboards } from './commands/dashboards.ts';
import { registerDebug } from './commands/debug.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDiff } from './commands/diff.ts';
import { registerDistro } from './commands/distro.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEmbedded } from './commands/embedded.ts';
import { registerEntities } from './commands/entities.ts';
import { registerEstimate } from './commands/estimate.ts';
import { registerExplain } from './commands/explain.ts';
import { registerGateway } from './commands/gateway.ts';
import { registerInit } from './commands/init.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerProve } from './commands/prove.ts';
import { registerQuery } from './commands/query.ts';
import { registerRender } from './commands/render.ts';
import { registerReplay } from './commands/replay.ts';
import { registerSchema } from './commands/schema.ts';
import { registerSend } from './commands/send.ts';
import { registerSnapshot } from './commands/snapshot.ts';
import { registerToken } from './commands/token.ts';
import { registerUp } from './commands/up.ts';
import { registerUpgradeConfig } from './commands/upgrade-config.ts';
import { registerValidate } from './commands/validate.ts';
import { registerWatch } from './commands/watch.ts';
import type { CliContext } from './context.ts';
import { version } from './version.ts';

type Register = (program: Command, context: CliContext) => void;

const commands: readonly Register[] = [
  registerAgents,
  registerCompletion,
  registerCost,
  registerDashboards,
  registerDebug,
  registerDemo,
  registerDiff,
  registerDistro,
  registerDoctor,
  registerEntities,
  registerEstimate,
  registerExplain,
  registerGateway,
  registerInit,
  registerInspect,
  registerMigrate,
  registerProve,
  registerQuery,
  registerRender,
  registerReplay,
  registerSchema,
  registerSend,
  registerSnapshot,
  registerToken,
  registerUp,
  registerUpgradeConfig,
  registerValidate,
  registerWatch,
  registerEmbedded,
];

export function registerCommands(program: Command, context: CliContext): Command {
  program
    .description('An OpenTelemetry distribution: agents, a durable gateway, ClickHouse, dashboards')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(add --help for the options and an example)')
    .configureOutput({ writeOut: context.stdout, writeErr: context.stderr });
  for (const register of commands) register(program, context);
  return program;
}
