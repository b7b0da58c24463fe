/**
 * `render --target host`: the node-agent of a machine without Kubernetes as a Collector
 * configuration and a systemd unit that runs it with the rights it needs and no others.
 */

import type { CollectorWorkload } from '../../collector/workload.ts';
import { writeConfig } from '../../collector/write.ts';
import { Problem } from '../../core/problem.ts';
import type { BuiltAgent } from '../../presets/agents/agent.ts';
import type { Stack } from '../../stack/types.ts';
import { buildAgents } from './agents.ts';
import { fileMark, type RenderedFile } from './files.ts';

export type HostSystem = {
  readonly workload: CollectorWorkload;
  /** Below the root of the machine, without the leading slash. */
  readonly files: readonly RenderedFile[];
  readonly warnings: readonly string[];
};

export type HostOptions = { readonly provenance?: boolean };

export function renderHost(stack: Stack, options: HostOptions = {}): HostSystem {
  const { node_agent, cluster_agent, prometheus_agent, sampler } = stack;
  if (node_agent === undefined) {
    throw new Problem('OBS-1401', 'a machine is watched by the node-agent, which is not named', {
      where: 'node_agent',
      next: 'Write `node_agent: {presets: {host_metrics: {}}}` into the stack file.',
    });
  }
  const [built] = buildAgents(
    { ...stack, cluster_agent: undefined, prometheus_agent: undefined, sampler: undefined },
    'host',
  );
  const { workload } = built as BuiltAgent;
  const left = { cluster_agent, prometheus_agent, sampler };
  const named = Object.entries(left).filter(([, value]) => value !== undefined);
  return {
    workload,
    files: hostFiles(stack, workload, options),
    warnings: [
      ...workload.warnings,
      ...named.map(([key]) => `${key}: left out, it needs Kubernetes`),
    ],
  };
}

function hostFiles(
  stack: Stack,
  workload: CollectorWorkload,
  { provenance = false }: HostOptions,
): readonly RenderedFile[] {
  const service = `${stack.name}-${workload.name}`;
  const config = writeConfig(workload.config, {
    version: workload.collectorVersion,
    ...(provenance ? { provenance: workload.provenance } : {}),
  });
  return [
    { path: `etc/${service}/config.yaml`, text: `${fileMark}${config}` },
    {
      path: `etc/systemd/system/${service}.service`,
      text: `${fileMark}${unit(service, workload)}`,
    },
  ];
}

/** Everything that is not named here is taken away from the process. */
function unit(service: string, workload: CollectorWorkload): string {
  const { needs, resources } = workload;
  const gates = needs.featureGates;
  const args = [
    `--config=/etc/${service}/config.yaml`,
    ...(gates.length === 0 ? [] : [`--feature-gates=${gates.join(',')}`]),
  ];
  const environment = needs.env.flatMap((one) =>
    'value' in one ? [`Environment=${one.name}=${one.value}`] : [],
  );
  const lines = [
    '[Unit]',
    `Description=OpenTelemetry Collector of this machine (${service})`,
    'Documentation=https://opentelemetry.io/docs/collector/',
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    `ExecStart=/usr/local/bin/otelcol-contrib ${args.join(' ')}`,
    ...environment,
    ...credentialLines(workload, service),
    'Restart=always',
    'RestartSec=5',
    // A Collector sends what its queue holds before it goes.
    'TimeoutStopSec=60',
    ...(needs.root === undefined ? ['DynamicUser=yes'] : []),
    `MemoryMax=${systemdBytes(resources.memoryLimit)}`,
    ...stateLines(workload, service),
    '',
    '# What it does not need is taken away.',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    // File systems below /home are counted too; nothing in them is opened.
    'ProtectHome=read-only',
    'PrivateTmp=yes',
    'ProtectKernelTunables=yes',
    'ProtectKernelModules=yes',
    'ProtectControlGroups=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
    `CapabilityBoundingSet=${capabilities(workload)}`,
    ...(capabilities(workload) === '' ? [] : [`AmbientCapabilities=${capabilities(workload)}`]),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ];
  return lines.join('\n');
}

function capabilities({ needs }: CollectorWorkload): string {
  return needs.capabilities.map(({ name }) => `CAP_${name}`).join(' ');
}

/** Secrets come from a file that only root reads, not from the unit, which everybody reads. */
function credentialLines({ needs }: CollectorWorkload, service: string): readonly string[] {
  const secrets = needs.env.filter((one) => 'secret' in one);
  if (secrets.length === 0) return [];
  const names = secrets.map(({ name }) => name).join(', ');
  return [
    `# ${names}: one NAME=value a line; owner root, mode 0600.`,
    `EnvironmentFile=/etc/${service}/secrets.env`,
  ];
}

/** systemd makes the directory and gives it to the user of the unit, whatever its id. */
function stateLines({ needs }: CollectorWorkload, service: string): readonly string[] {
  const paths = needs.stateDirs.map(({ mountPath }) => mountPath);
  if (paths.length === 0) return [];
  const below = paths.map((path) => path.replace(/^\/var\/lib\//, ''));
  const odd = paths.filter((path) => !path.startsWith('/var/lib/'));
  if (odd.length > 0)
    throw new Problem('OBS-1401', `${odd.join(', ')}: state lives in /var/lib`, { where: service });
  return [`StateDirectory=${below.join(' ')}`, 'StateDirectoryMode=0700'];
}

/** `512Mi` is `512M` for systemd, whose units are binary. */
function systemdBytes(quantity: string): string {
  return quantity.replace(/^(\d+)([KMGT])i$/, '$1$2');
}
