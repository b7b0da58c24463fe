/** Whether a Grafana has the data source plugin that the dashboards ask. */
import { isProblem, Problem } from '../../core/problem.ts';
import { plugin } from '../data-source.ts';
import type { Grafana } from './api.ts';

type Settings = { readonly info?: { readonly version?: string } };

/** Notes for a person; OBS-4107 where the plugin is missing. */
export async function checkPlugin(grafana: Grafana): Promise<readonly string[]> {
  let found: Settings | undefined;
  try {
    found = await grafana.read<Settings>('read plugins', `/plugins/${plugin.id}/settings`);
  } catch (error) {
    if (!isProblem(error) || error.code !== 'OBS-4106') throw error;
    return [`the token may not read plugins: whether ${plugin.id} is there was not looked at`];
  }
  if (found === undefined) {
    throw new Problem('OBS-4107', `the plugin ${plugin.id} is not installed`, {
      where: grafana.address,
    });
  }
  const version = found.info?.version ?? '';
  if (!isOlder(version, plugin.version)) return [];
  return [`the plugin ${plugin.id} is ${version}; the dashboards are made for ${plugin.version}`];
}

/** By numbers; what is not a version is not older. */
function isOlder(version: string, than: string): boolean {
  const numbers = (text: string) => text.split(/[.-]/).map(Number);
  const [found, wanted] = [numbers(version), numbers(than)];
  const index = wanted.findIndex((number, at) => found[at] !== number);
  return (found[index] ?? Number.NaN) < (wanted[index] ?? 0);
}
