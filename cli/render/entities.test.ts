/** Who owns what, from the stack file to what runs: labels are watched, owners are looked up. */
import { describe, expect, it } from '@jest/globals';
import { type KubernetesObject, templateOf } from '../../k8s/objects.ts';
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

/** Objects with the name of what counts the cost, by kind. */
function costOf(entities: string): ReadonlyMap<string, KubernetesObject> {
  const result = load(entities);
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  const { objects } = renderSystem(result.stack);
  const named = objects.filter(({ metadata }) => metadata.name === 'shop-cost');
  return new Map(named.map((one) => [one.kind, one]));
}

function podOf(entities: string) {
  const deployment = costOf(entities).get('Deployment');
  if (deployment?.kind !== 'Deployment') throw new Error('there is no Deployment');
  return { deployment, pod: templateOf(deployment).spec };
}

describe('what counts the cost', () => {
  it('runs beside the watcher, with the owners of the stack file', () => {
    const owners = '{team: [example.com/team, team], owner: []}';
    const { deployment, pod } = podOf(`{replicas: 2, owners: ${owners}}`);
    expect(deployment.spec.replicas).toBe(1);
    expect(pod.containers).toHaveLength(1);
    expect(pod.containers[0]?.args).toEqual([
      ...['cost', 'run', '--watch', '--since', '24h'],
      ...['--team-label', 'example.com/team', '--team-label', 'team'],
      ...['--cost-center-label', 'cost-center', '--cost-center-label', 'cost-centre'],
    ]);
  });

  it('is not there where it is turned off, or nobody watches', () => {
    expect([...costOf('{cost: false}').keys()]).toEqual([]);
    expect(argumentsOf('{cost: false}')).toContain('entities');
    const result = loadStack(head, 'obs.yaml', {});
    expect('stack' in result && systemStream(renderSystem(result.stack))).not.toContain(
      'shop-cost',
    );
  });

  it('has no right in the cluster: an account without a token and without a role', () => {
    const kinds = ['Deployment', 'NetworkPolicy', 'ServiceAccount'];
    expect([...costOf('{}').keys()].sort()).toEqual(kinds);
    expect(podOf('{}').pod.automountServiceAccountToken).toBe(false);
    expect(costOf('{}').get('ServiceAccount')).toMatchObject({
      automountServiceAccountToken: false,
    });
    const result = load('{}');
    if ('faults' in result) throw new Error(JSON.stringify(result.faults));
    for (const one of renderSystem(result.stack).objects) {
      if (!one.kind.endsWith('RoleBinding')) continue;
      expect(JSON.stringify(one)).not.toContain('shop-cost');
    }
  });

  it('reaches ClickHouse and names alone, with the password of a Secret', () => {
    const policy = costOf('{}').get('NetworkPolicy');
    if (policy?.kind !== 'NetworkPolicy') throw new Error('there is no policy');
    const ports = policy.spec.egress?.flatMap((one) => one.ports ?? []) ?? [];
    expect(new Set(ports.map(({ port }) => port))).toEqual(new Set([53, 8123]));
    const env = podOf('{}').pod.containers[0]?.env ?? [];
    const password = env.find(({ name }) => name === 'CLICKHOUSE_PASSWORD');
    expect(password).toEqual({
      name: 'CLICKHOUSE_PASSWORD',
      valueFrom: { secretKeyRef: { name: 'clickhouse', key: 'password' } },
    });
  });
});
