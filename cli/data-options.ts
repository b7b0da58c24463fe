/** The options of `obsctl gateway` that say what is stored of what comes in. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { Problem } from '../core/problem.ts';
import type { GatewayConfig } from '../gateway/config.ts';
import type { Stack } from '../stack/types.ts';

export type DataOptions = {
  readonly sample?: readonly string[];
  readonly influxStrings?: string;
  readonly redact?: string;
  readonly redactionKey?: string;
};

type StackSampling = NonNullable<Stack['gateway']['sampling']>;
type Sampling = GatewayConfig['sampling'];
type Limit = NonNullable<Sampling['traces']>;

const sampleForm = '[TENANT/]traces=10000[,keep_errors] or [TENANT/]logs=500[,keep_errors]';

export function addDataOptions(command: Command): void {
  command
    .optionsGroup('What is stored of what comes in:')
    .option(
      '--sample <limit>',
      `${sampleForm}: items a second that become rows; several times (default: all)`,
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option(
      '--influx-strings <fate>',
      'string fields of Influx lines: info or logs; OBSCTL_INFLUX_STRINGS (default: info)',
    )
    .option('--redact <file>', 'rules that hash, drop or mask, YAML (default: none)')
    .option('--redaction-key <file>', 'key of hashes; OBSCTL_REDACTION_KEY_FILE (default: none)');
}

/** Undefined where nothing was given, so that the stack file's word stands. */
export async function dataConfigOf(
  options: DataOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{
  readonly sampling: Sampling | undefined;
  readonly influxStrings: GatewayConfig['influxStrings'] | undefined;
  readonly redaction: GatewayConfig['redaction'] | undefined;
  readonly redactionKeyFile: string | undefined;
}> {
  return {
    sampling: options.sample === undefined ? undefined : samplingOf(options.sample),
    influxStrings: influxStringsOf(options.influxStrings ?? env['OBSCTL_INFLUX_STRINGS']),
    redaction: options.redact === undefined ? undefined : await readRules(options.redact),
    redactionKeyFile: options.redactionKey ?? env['OBSCTL_REDACTION_KEY_FILE'],
  };
}

function influxStringsOf(text: string | undefined): GatewayConfig['influxStrings'] | undefined {
  if (text === undefined || text === 'info' || text === 'logs') return text;
  throw new Problem('OBS-1003', `--influx-strings ${text}: expected info or logs`);
}

/** What the keys `gateway.sampling` and `gateway.redaction` come to. */
export function dataOfStack({
  sampling,
  redaction,
}: Stack['gateway']): Partial<Pick<GatewayConfig, 'sampling' | 'redaction'>> {
  return {
    ...(sampling !== undefined && {
      sampling: {
        ...limitsOf(sampling),
        tenants: Object.fromEntries(
          Object.entries(sampling.tenants ?? {}).map(([name, limits]) => [name, limitsOf(limits)]),
        ),
      },
    }),
    ...(redaction !== undefined && { redaction: { rules: redaction.rules } }),
  };
}

function limitsOf({ traces, logs }: Pick<StackSampling, 'traces' | 'logs'>): Sampling {
  return {
    ...(traces !== undefined && { traces: limitOf(traces) }),
    ...(logs !== undefined && { logs: limitOf(logs) }),
  };
}

function limitOf(given: NonNullable<StackSampling['traces']>): Limit {
  return { itemsPerSecond: given.items_per_second, keepErrors: given.keep_errors };
}

function samplingOf(specs: readonly string[]): Sampling {
  const everybody: Partial<Record<'traces' | 'logs', Limit>> = {};
  const tenants: Record<string, Sampling> = {};
  for (const spec of specs) {
    const match = /^(?:([a-z0-9._-]{1,63})\/)?(traces|logs)=([1-9]\d{0,8})(,keep_errors)?$/.exec(
      spec,
    );
    if (match === null) {
      throw new Problem('OBS-1003', `--sample ${spec}: expected ${sampleForm}`);
    }
    const [, tenant, signal, items, errors] = match;
    const limit = { itemsPerSecond: Number(items), keepErrors: errors !== undefined };
    const name = signal as 'traces' | 'logs';
    if (tenant === undefined) everybody[name] = limit;
    else tenants[tenant] = { ...tenants[tenant], [name]: limit };
  }
  return { ...everybody, tenants };
}

/** The same keys as in a stack file; the first fault ends it. */
async function readRules(path: string): Promise<GatewayConfig['redaction']> {
  const { readYaml } = await import('../core/yaml.ts');
  const { redaction } = await import('../stack/gateway-data.ts');
  const { redactionFaults } = await import('../stack/redaction-rules.ts');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new Problem('OBS-2060', 'the rules cannot be read', { where: path, cause });
  }
  const { tree, faults } = readYaml(text);
  const [broken] = faults;
  if (tree === undefined || broken !== undefined) {
    const where = `${path}:${broken?.at.line ?? 1}`;
    throw new Problem('OBS-2060', broken?.message ?? 'the file is no YAML', { where });
  }
  const parsed = redaction.safeParse(tree.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = (issue?.path ?? []).join('.');
    throw new Problem('OBS-2060', `${at}: expected ${issue?.message}`, { where: path });
  }
  const [fault] = redactionFaults(parsed.data, []);
  if (fault !== undefined) {
    throw new Problem('OBS-2060', `${fault.path.join('.')}: ${fault.message}`, { where: path });
  }
  return { rules: parsed.data.rules };
}
