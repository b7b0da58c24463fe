/**
 * The generated reference pages that have no room of their own to be tested in: each is a pure
 * function of data. `npm run update` writes them; `reference.test.ts` compares.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import type { CliContext } from '../cli/context.ts';
import { registerCommands } from '../cli/program.ts';
import { cliReference } from '../cli/reference.ts';
import { errorsReference } from '../core/codes-reference.ts';
import { gatewayConfigReference } from '../gateway/config-reference.ts';
import { gatewayMetricsReference } from '../gateway/telemetry/reference.ts';
import { stackReference } from '../stack/reference.ts';
import { presetsReference } from './presets-reference.ts';

export type ReferencePage = { readonly path: string; readonly text: string };

/** Every page, always the same bytes. */
export function referencePages(): readonly ReferencePage[] {
  return [
    { path: 'docs/reference/cli.md', text: cliReference(quietProgram()) },
    { path: 'docs/reference/errors.md', text: errorsReference() },
    { path: 'docs/reference/gateway-configuration.md', text: gatewayConfigReference() },
    { path: 'docs/reference/gateway-metrics.md', text: gatewayMetricsReference() },
    { path: 'docs/reference/presets.md', text: presetsReference() },
    { path: 'docs/reference/stack.md', text: stackReference() },
  ];
}

export async function updateReference(root: string): Promise<void> {
  for (const { path, text } of referencePages()) await writeFile(join(root, path), text);
}

/** The program with all its commands, connected to nothing. */
export function quietProgram(): Command {
  const context: CliContext = {
    env: {},
    stdout: () => {},
    stderr: () => {},
    isTerminal: false,
    signal: new AbortController().signal,
    exitWith: () => {},
  };
  return registerCommands(new Command('obsctl'), context);
}
