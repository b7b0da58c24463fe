/** Several servers: who finds whom, and what must not change when there are more of them. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { clickhouseObjects } from './clickhouse.ts';
import type { KubernetesObject } from './objects.ts';
import { sampleClickhouse, samplePlace, sampleTopology } from './testdata/sample.ts';

type Kind<K> = Extract<KubernetesObject, { readonly kind: K }>;

const rendered = (topology = sampleTopology) =>
  clickhouseObjects({ ...sampleClickhouse, topology }, samplePlace);

function all<K extends KubernetesObject['kind']>(
  kind: K,
  objects: readonly KubernetesObject[] = rendered(),
): readonly Kind<K>[] {
  return objects.filter((object): object is Kind<K> => object.kind === kind);
}

function named<K extends KubernetesObject['kind']>(kind: K, name: string): Kind<K> {
  const found = all(kind).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

describe('a topology', () => {
  it('has a StatefulSet for each shard and one for the Keepers', () => {
    const sizes = all('StatefulSet').map(({ metadata, spec }) => [metadata.name, spec.replicas]);
    expect(sizes).toEqual([
      ['shop-clickhouse', 2],
      ['shop-clickhouse-shard-2', 2],
      ['shop-clickhouse-keeper', 3],
    ]);
  });

  it('goes on with the volume and the name of a single server', () => {
    const single = { shards: 1, replicas: 1, keepers: 0 };
    const [server] = all('StatefulSet', rendered(single));
    const [first] = all('StatefulSet');
    expect(first?.metadata).toEqual(server?.metadata);
    expect(first?.spec.selector).toEqual(server?.spec.selector);
    expect(first?.spec.serviceName).toEqual(server?.spec.serviceName);
    expect(first?.spec.volumeClaimTemplates).toEqual(server?.spec.volumeClaimTemplates);
  });

  it('renames nobody when a shard or a replica joins', () => {
    const names = (topology: typeof sampleTopology) =>
      [...configOf(topology).matchAll(/<host>([^<]*)<\/host>/g)].map(([, host]) => host);
    const before = names(sampleTopology);
    const more = { ...sampleTopology, shards: 3, replicas: 3 };
    expect(names(more)).toEqual(expect.arrayContaining(before));
    expect(new Set(names(more)).size).toBe(9 + 3);
  });

  it('names each server as Kubernetes will: pod, headless Service, namespace', () => {
    const hosts = [...configOf(sampleTopology).matchAll(/<host>([^<]*)<\/host>/g)];
    const pods = all('StatefulSet').flatMap(({ metadata, spec }) =>
      Array.from(
        { length: spec.replicas ?? 0 },
        (_, index) => `${metadata.name}-${index}.${spec.serviceName}.${metadata.namespace}.svc`,
      ),
    );
    expect(hosts.map(([, host]) => host).sort()).toEqual([...pods].sort());
    const services = all('Service').map(({ metadata }) => metadata.name);
    for (const { spec } of all('StatefulSet')) expect(services).toContain(spec.serviceName);
  });

  it('lets those who find each other do so before they are ready, and clients only then', () => {
    for (const { metadata, spec } of all('Service')) {
      const isHeadless = metadata.name.endsWith('-headless');
      expect([metadata.name, spec.publishNotReadyAddresses ?? false]).toEqual([
        metadata.name,
        isHeadless,
      ]);
    }
  });

  it('shows clients the servers of all shards, and no Keeper', () => {
    const { selector, ports } = named('Service', 'shop-clickhouse').spec;
    const chosen = all('StatefulSet').filter(({ spec }) =>
      Object.entries(selector).every(
        ([key, value]) => spec.template.metadata.labels?.[key] === value,
      ),
    );
    expect(chosen.map(({ metadata }) => metadata.name)).toEqual([
      'shop-clickhouse',
      'shop-clickhouse-shard-2',
    ]);
    expect(ports?.map(({ name }) => name)).toEqual(['http', 'native']);
  });

  it('keeps the pods of each StatefulSet apart from those of the others', () => {
    for (const one of all('StatefulSet')) {
      const { matchLabels } = one.spec.selector;
      const taken = all('StatefulSet').filter(({ spec }) =>
        Object.entries(matchLabels).every(
          ([key, value]) => spec.template.metadata.labels?.[key] === value,
        ),
      );
      expect(taken.map(({ metadata }) => metadata.name)).toEqual([one.metadata.name]);
    }
  });

  it('loses one replica of a shard and one Keeper at a time', () => {
    const budgets = all('PodDisruptionBudget');
    expect(budgets.map(({ spec }) => [spec.selector, spec.maxUnavailable])).toEqual(
      all('StatefulSet').map(({ spec }) => [spec.selector, 1]),
    );
  });

  it('lets only servers ask Keepers and fetch from each other', () => {
    const ways = (name: string) =>
      named('NetworkPolicy', name).spec.ingress?.map(({ from, ports }) => [
        from?.map(({ podSelector }) => podSelector?.matchLabels),
        ports?.map(({ port }) => port),
      ]);
    const stack = { 'app.kubernetes.io/instance': 'shop' };
    const component = (name: string) => ({ ...stack, 'app.kubernetes.io/component': name });
    expect(ways('shop-clickhouse')).toEqual([
      [[stack], [8123, 9000]],
      [[component('clickhouse')], [9009]],
    ]);
    expect(ways('shop-clickhouse-keeper')).toEqual([
      [[component('clickhouse')], [9181]],
      [[component('clickhouse-keeper')], [9234]],
    ]);
  });

  it('gives each Keeper the number of its vote', () => {
    const { spec } = named('StatefulSet', 'shop-clickhouse-keeper').spec.template;
    const script = spec.containers[0]?.args?.[0] ?? '';
    const shown = script.replace(/exec .*/, 'sh -c \'echo "$KEEPER_ID"\'');
    expect(shown).not.toBe(script);
    const votes = [0, 1, 11].map((pod) =>
      execFileSync('/bin/sh', ['-c', shown], {
        env: { ...process.env, KEEPER_POD: `shop-clickhouse-keeper-${pod}` },
        encoding: 'utf8',
      }).trim(),
    );
    expect(votes).toEqual(['1', '2', '12']);
    const text = named('ConfigMap', 'shop-clickhouse-keeper').data['keeper.xml'] ?? '';
    expect([...text.matchAll(/<id>(\d+)<\/id>/g)].map(([, id]) => id)).toEqual(['1', '2', '3']);
  });

  it.each([
    [{ shards: 1, replicas: 2, keepers: 0 }],
    [{ shards: 2, replicas: 1, keepers: 0 }],
    [{ shards: 1, replicas: 1, keepers: 2 }],
    [{ shards: 1, replicas: 2, keepers: 4 }],
  ])('refuses %j', (topology) => {
    expect(() => rendered(topology)).toThrow(
      expect.objectContaining({ code: 'OBS-1305', where: 'clickhouse.topology.keepers' }),
    );
  });

  it('refuses a name that no pod could carry in its labels', () => {
    const place = { ...samplePlace, stack: 'a'.repeat(35) };
    const objects = () =>
      clickhouseObjects({ ...sampleClickhouse, topology: sampleTopology }, place);
    expect(objects).toThrow(expect.objectContaining({ code: 'OBS-1306' }));
  });
});

function configOf(topology: typeof sampleTopology): string {
  const found = all('ConfigMap', rendered(topology)).find(({ metadata }) =>
    metadata.name.endsWith('-config'),
  );
  return found?.data['obsctl.xml'] ?? '';
}
