/**
 * The rendered node-agent as a process of this machine: the real Collector with the configuration,
 * feature gates and environment of the workload, host paths moved under a temporary folder, and a
 * loopback address of its own, so that its fixed ports meet nobody.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeConfig } from '../../collector/write.ts';
import type { BuiltAgent } from '../../presets/agents/agent.ts';
import type { ExtraExportersOptions } from '../../presets/extra-exporters/config.ts';
import { buildAgentOf } from '../support/build-agents.ts';
import { type Program, startProgram } from '../support/program.ts';

/** A machine for one agent: its logs, its state, its address; it outlives restarts of the agent. */
export type Machine = {
  readonly podLogs: string;
  readonly address: string;
  readonly start: () => Promise<RunningAgent>;
  /** Kills what still runs, and takes the folder away. */
  readonly remove: () => Promise<void>;
};

type RunningAgent = {
  readonly program: Program;
  /** SIGTERM, as a kubelet does; resolves when it has ended. */
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
};

export type MachineOptions = {
  readonly collector: string;
  readonly presets: Readonly<Record<string, unknown>>;
  readonly target?: 'kubernetes' | 'host';
  /** `host:port` of the gateway. */
  readonly gateway: string;
  readonly extraExporters?: ExtraExportersOptions;
};

const gatewayPlace = 'gateway.invalid:4317';
const ready = 'Everything is ready';
let machinesMade = 0;

export function makeMachine(options: MachineOptions): Machine {
  const root = mkdtempSync(join(tmpdir(), 'obsctl-node-agent-'));
  const podLogs = join(root, 'pods');
  const state = join(root, 'state');
  mkdirSync(podLogs);
  mkdirSync(state);
  const address = loopbackAddress();
  const built = buildAgentOf({
    agent: 'node-agent',
    presets: options.presets,
    extraExporters: options.extraExporters ?? {},
    context: { gatewayEndpoint: gatewayPlace, target: options.target ?? 'kubernetes' },
  });
  const file = join(root, 'config.yaml');
  writeFileSync(file, configText(built, { podLogs, state, address, gateway: options.gateway }));
  const programs: Program[] = [];
  return {
    podLogs,
    address,
    start: async () => {
      const program = launch(options.collector, file, built, address);
      programs.push(program);
      await program.said(ready);
      const end = async (signal: NodeJS.Signals): Promise<void> => {
        program.kill(signal);
        await program.ended;
      };
      return { program, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
    },
    remove: async () => {
      for (const program of programs) {
        program.killGroup('SIGKILL');
        await program.ended;
      }
      rmSync(root, { recursive: true, force: true });
    },
  };
}

type Places = {
  readonly podLogs: string;
  readonly state: string;
  readonly address: string;
  readonly gateway: string;
};

function configText({ workload }: BuiltAgent, places: Places): string {
  return writeConfig(workload.config, { version: workload.collectorVersion })
    .replaceAll('/var/log/pods', places.podLogs)
    .replaceAll('/var/lib/otelcol', places.state)
    .replaceAll('/hostfs', '/')
    .replaceAll('127.0.0.1', places.address)
    .replaceAll(gatewayPlace, places.gateway);
}

function launch(
  collector: string,
  file: string,
  { workload }: BuiltAgent,
  address: string,
): Program {
  const { env, featureGates } = workload.needs;
  const fields: Readonly<Record<string, string>> = {
    'status.podIP': address,
    'status.hostIP': address,
    'spec.nodeName': 'node-1',
    'metadata.name': 'shop-node-agent-x',
  };
  const values = env.map((variable) => [
    variable.name,
    'value' in variable
      ? variable.value
      : 'fieldPath' in variable
        ? fields[variable.fieldPath]
        : '',
  ]);
  const gates = featureGates.length === 0 ? [] : [`--feature-gates=${featureGates.join(',')}`];
  return startProgram(collector, [`--config=${file}`, ...gates], {
    env: Object.fromEntries(values),
  });
}

/** One of the sixteen million addresses of the machine itself, by process and count. */
function loopbackAddress(): string {
  machinesMade += 1;
  return `127.${100 + (machinesMade % 100)}.${(process.pid >> 8) & 255}.${1 + (process.pid % 250)}`;
}
