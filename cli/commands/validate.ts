/** `obsctl validate`: all that is wrong with a stack file, and what a platform takes away. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { WorkloadLevel } from '../../k8s/pod-security.ts';
import type { PlatformNote } from '../../presets/platforms.ts';
import type { StackFault } from '../../stack/fault.ts';
import type { Stack } from '../../stack/types.ts';
import type { CliContext } from '../context.ts';

type ValidateOptions = {
  readonly file: string;
  readonly json?: boolean;
  readonly platform?: string;
  readonly podSecurity?: boolean;
};

/** A component of a rendered Collector that the Collector itself would refuse. */
type CollectorFault = {
  readonly agent: string;
  readonly path: string;
  readonly message: string;
};

type Report = {
  readonly collectorFaults: readonly CollectorFault[];
  readonly warnings: readonly string[];
  readonly platform: readonly PlatformNote[];
  readonly podSecurity: readonly WorkloadLevel[];
};

export function registerValidate(program: Command, context: CliContext): void {
  program
    .command('validate')
    .description('say everything that is wrong with a stack file, each with its place')
    .option(
      '-f, --file <file>',
      'stack file: YAML, or TypeScript with a default export',
      'obs.yaml',
    )
    .option('--platform <platform>', 'say what is lost there, instead of on the platform it names')
    .option(
      '--pod-security',
      'the Pod Security level of each workload, and the fields that force it',
    )
    .option('--json', 'faults, warnings and reports as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl validate -f obs.yaml\n' +
        '  obsctl validate --platform gke-autopilot --pod-security\n' +
        '\nExit codes: 0 nothing is wrong, 1 a rendered Collector would not start,\n' +
        '2 the stack file has faults.\n',
    )
    .action((options: ValidateOptions) => runValidate(options, context));
}

async function runValidate(options: ValidateOptions, context: CliContext): Promise<void> {
  const { openStackFile } = await import('../stack-file.ts');
  const platform = await knownPlatform(options.platform);
  const { result, text } = await openStackFile(options.file, context.env);
  if ('faults' in result) {
    await reportFaults(result.faults, text, options, context);
    context.exitWith(2);
    return;
  }
  const stack = platform === undefined ? result.stack : { ...result.stack, platform };
  const report = await reportOf(stack, options);
  if (options.json === true) {
    const { collectorFaults, warnings, platform, podSecurity } = report;
    const valid = collectorFaults.length === 0;
    context.stdout(toJson({ valid, faults: [], collectorFaults, warnings, platform, podSecurity }));
  } else await printReport(report, options, context);
  if (report.collectorFaults.length > 0) context.exitWith(1);
}

async function knownPlatform(name: string | undefined): Promise<Stack['platform'] | undefined> {
  if (name === undefined) return undefined;
  const { platforms } = await import('../../stack/schema.ts');
  const found = platforms.find((one) => one === name);
  if (found !== undefined) return found;
  throw new Problem('OBS-1003', `--platform ${name}: there is no such platform`, {
    next: `The platforms are ${platforms.join(', ')}.`,
  });
}

async function reportFaults(
  faults: readonly StackFault[],
  text: string,
  options: ValidateOptions,
  context: CliContext,
): Promise<void> {
  if (options.json === true) {
    context.stdout(toJson({ valid: false, faults }));
    return;
  }
  const { formatFault } = await import('../../stack/fault.ts');
  for (const fault of faults) context.stderr(`${formatFault(fault, text)}\n\n`);
  const { countOf } = await import('../stack-file.ts');
  context.stderr(`${options.file}: ${countOf(faults)}\n`);
}

async function reportOf(stack: Stack, options: ValidateOptions): Promise<Report> {
  const { platformReport } = await import('../../presets/platforms.ts');
  const notes = platformReport(stack.platform, presetsOf(stack));
  // An embedded engine runs in one process on one machine; there is nothing to render.
  if (stack.clickhouse.mode === 'embedded') {
    return { collectorFaults: [], warnings: [], platform: notes, podSecurity: [] };
  }
  const { renderSystem } = await import('../render/system.ts');
  const { checkConfig } = await import('../../collector/check.ts');
  const { podSecurityReport } = await import('../../k8s/pod-security.ts');
  const { objects, workloads, warnings } = renderSystem(stack);
  const collectorFaults = workloads.flatMap(({ name, config, collectorVersion }) =>
    checkConfig(config, collectorVersion).map(({ path, message }) => ({
      agent: name,
      path,
      message,
    })),
  );
  const podSecurity = options.podSecurity === true ? podSecurityReport(objects) : [];
  return { collectorFaults, warnings, platform: notes, podSecurity };
}

/** Presets that are on, in any agent, and the agents themselves. */
function presetsOf(stack: Stack): ReadonlySet<string> {
  const names = new Set<string>();
  for (const key of ['node_agent', 'cluster_agent', 'prometheus_agent', 'sampler'] as const) {
    const agent = stack[key];
    if (agent === undefined) continue;
    names.add(key);
    for (const [name, options] of Object.entries(agent.presets)) {
      if (options !== undefined && !('enabled' in options && options.enabled === false)) {
        names.add(name);
      }
    }
  }
  return names;
}

async function printReport(
  report: Report,
  options: ValidateOptions,
  context: CliContext,
): Promise<void> {
  for (const text of report.warnings) context.stderr(`warning: ${text}\n`);
  for (const { agent, path, message } of report.collectorFaults) {
    context.stderr(`OBS-1102: ${options.file}: ${agent}: ${path}: ${message}\n`);
  }
  for (const note of report.platform) {
    context.stdout(`${note.effect.padEnd(5)} ${note.preset}: ${note.what}\n`);
    context.stdout(`      instead: ${note.instead}\n`);
  }
  for (const workload of report.podSecurity) {
    const { kind, namespace, name, level, findings } = workload;
    context.stdout(`${level.padEnd(10)} ${kind} ${namespace}/${name}\n`);
    for (const { control, field, value, level: forced } of findings) {
      context.stdout(`           ${forced}: ${field} = ${value} (${control})\n`);
    }
  }
  const bad = report.collectorFaults.length;
  context.stderr(`${options.file}: ${bad === 0 ? 'nothing is wrong' : `${bad} faults`}\n`);
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
