/** Who owns what, from the stack file to what runs: labels are watched, owners are looked up. */
import { describe, expect, it } from '@jest/globals';
import { loadStack } from '../../stack/load.ts';
import { systemStream } from './stream.ts';
import { renderSystem } from './system.ts';

const head = 'name: shop\ncluster: lab\ngateway: {image: "registry.example/obs/obsctl:0.1.0"}\n';

const load = (entities: string) => loadStack(`${head}entities: ${entities}\n`, 'obs.yaml', {});

/** Arguments of every container, a line each. */
function argumentsOf(entities: string): readonly string[] {
  const result = load(entities);
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  const lines = systemStream(renderSystem(result.stack)).split('\n');
  return lines.map((line) => line.trim().replace(/^- /, ''));
}

describe('owners of a stack file', () => {
  it('are watched by their usual labels, and those that are tags', () => {
    const all = argumentsOf('{labels: [app]}');
    for (const name of ['app', 'team', 'owner', 'cost-center']) {
      expect(all.filter((_, nth) => all[nth - 1] === '--label')).toContain(name);
    }
    expect(all).toContain('team=team');
    expect(all).not.toContain('--owners-table');
  });

  it('are those of a table, by its columns', () => {
    const table = '{name: shop.teams, workload: service, team: squad}';
    const all = argumentsOf(`{owners: {team: [example.com/team], table: ${table}}}`);
    expect(all).toEqual(
      expect.arrayContaining(['team=example.com/team', 'shop.teams', 'workload=service']),
    );
    expect(all).toContain('team=squad');
    expect(all).not.toContain('team=team');
  });

  it.each([
    ['without a key', '{name: shop.teams, team: squad}', 'workloads or namespaces'],
    ['that says nothing', '{name: shop.teams, workload: service}', 'team, owner or cost center'],
    ['with a name that is none', '{name: "a;b", workload: s, team: t}', 'DATABASE'],
  ])('from a table %s are refused', (_, table, said) => {
    const result = load(`{owners: {table: ${table}}}`);
    expect(JSON.stringify('faults' in result ? result.faults : [])).toContain(said);
  });
});
