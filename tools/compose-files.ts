/**
 * What the containers of `examples/compose` read: the same files that a cluster would mount, drawn
 * from the stack file beside it. The Compose file gives its services the names that are in them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderSystem } from '../cli/render/system.ts';
import { loadStack } from '../stack/load.ts';
import { examplesDir } from './examples.ts';

export type ComposeFile = { readonly path: string; readonly text: string };

export const composeDir = join(examplesDir, 'compose');

/** Below `rendered/`, always the same bytes. */
export function composeFiles(): readonly ComposeFile[] {
  const result = loadStack(readFileSync(join(composeDir, 'obs.yaml'), 'utf8'), 'obs.yaml');
  if ('faults' in result) throw new Error(result.faults.map(({ message }) => message).join('\n'));
  const { objects } = renderSystem(result.stack);
  const maps = objects.filter((object) => object.kind === 'ConfigMap');
  return maps.flatMap(({ metadata, data }) => {
    const name = metadata.name.slice(result.stack.name.length + 1);
    return Object.entries(data).flatMap(([file, text]) => {
      const path = placeOf(name, file);
      return path === undefined ? [] : [{ path, text }];
    });
  });
}

/** ClickHouse runs with the settings of its image: users there are made by its entry point. */
function placeOf(map: string, file: string): string | undefined {
  if (map === 'gateway') return 'gateway.yaml';
  if (map === 'schema' || map === 'grafana' || map === 'grafana-alert-rules') return file;
  return map.startsWith('grafana-dashboard-') ? `dashboards/${file}` : undefined;
}

export function updateCompose(): void {
  for (const { path, text } of composeFiles()) {
    const file = join(composeDir, 'rendered', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
