/** A stack with several servers of ClickHouse: who is told of which of them. */
import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '../../k8s/objects.ts';
import { writeStream } from '../../k8s/write.ts';
import { loadStack } from '../../stack/load.ts';
import { renderSystem } from './system.ts';

const image = 'gateway: {image: "registry.example/obs/obsctl:0.1.0"}';
const several = 'clickhouse: {topology: {shards: 2, replicas: 2, keepers: 3}}';

function objectsOf(...lines: readonly string[]): readonly KubernetesObject[] {
  const result = loadStack(['name: shop', ...lines].join('\n'), 'obs.yaml');
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return renderSystem(result.stack).parts.flatMap(({ objects }) => objects);
}

function envOf(objects: readonly KubernetesObject[], kind: string, name: RegExp): unknown {
  const found = objects.find((one) => one.kind === kind && name.test(one.metadata.name));
  if (found?.kind !== 'StatefulSet' && found?.kind !== 'Job') throw new Error(`no ${kind} ${name}`);
  const [container] = found.spec.template.spec.containers;
  return {
    url: container?.env?.find((variable) => variable.name === 'CLICKHOUSE_URL')?.value,
    cluster: container?.args?.some((word) => word === '{cluster}'),
  };
}

const host = (pod: string) => {
  const set = pod.replace(/-\d+$/, '');
  return `http://${pod}.${set}-headless.observability.svc:8123/otel`;
};

describe('a stack with several servers', () => {
  it('tells the gateway each replica of each shard, and the migrate Job one address', () => {
    const objects = objectsOf(image, several);
    expect(envOf(objects, 'StatefulSet', /gateway$/)).toEqual({
      url: [
        `${host('shop-clickhouse-0')}|${host('shop-clickhouse-1')}`,
        `${host('shop-clickhouse-shard-2-0')}|${host('shop-clickhouse-shard-2-1')}`,
      ].join(','),
      cluster: false,
    });
    expect(envOf(objects, 'Job', /migrate/)).toEqual({
      url: 'http://shop-clickhouse.observability.svc:8123/otel',
      cluster: true,
    });
  });

  it('passes a quorum on to the gateway, and refuses one of more replicas than there are', () => {
    const withQuorum = (value: string) => [
      image.replace('}', `, insert_quorum: ${value}}`),
      'clickhouse: {topology: {replicas: 3, keepers: 3}}',
    ];
    for (const value of ['auto', '2']) {
      const text = JSON.stringify(objectsOf(...withQuorum(value)));
      expect(text).toContain(`"--insert-quorum","${value}"`);
    }
    expect(() => objectsOf(...withQuorum('4'))).toThrow('insert_quorum');
    expect(() => objectsOf(image.replace('}', ', insert_quorum: auto}'))).toThrow('insert_quorum');
  });

  it('makes every Secret that its pods ask for', () => {
    const objects = objectsOf(image, several, 'grafana: true');
    const text = writeStream(objects);
    const script = JSON.stringify(objects.filter(({ kind }) => kind === 'Job'));
    const asked = new Set(
      [...text.matchAll(/secretKeyRef:\s+name: (\S+)/g)].map(([, name]) => name),
    );
    expect(asked).toContain('clickhouse-cluster');
    for (const name of asked) expect(script).toContain(`make ${name} `);
  });

  it('has the tables of a cluster also where the stock Collector writes', () => {
    const tables = (...lines: readonly string[]) => {
      const text = JSON.stringify(objectsOf(...lines));
      return { cluster: text.includes("ON CLUSTER '{cluster}'"), local: text.includes('_local') };
    };
    expect(tables(several)).toEqual({ cluster: true, local: true });
    expect(tables()).toEqual({ cluster: false, local: false });
    expect(tables('clickhouse: {topology: {keepers: 1}}').cluster).toBe(true);
  });
});
