import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { codes } from '../core/codes.ts';
import { allPresets } from '../presets/all.ts';
import { agentKeys, presetKeys } from './agents.ts';
import { defineStack } from './define.ts';
import { everyKey } from './document.ts';
import { type LoadResult, loadStack, loadStackValue } from './load.ts';
import { starterDefaults, starterFile } from './starter.ts';
import { environment, messageFile, messageOf, readFixtures } from './testdata/golden.ts';
import type { Stack } from './types.ts';

const wrong = await readFixtures('wrong');
const good = await readFixtures('good');

function stackOf(result: LoadResult): Stack {
  if ('stack' in result) return result.stack;
  throw new Error(result.faults.map(({ message }) => message).join('; '));
}

function codesOf(result: LoadResult): readonly string[] {
  return 'faults' in result ? result.faults.map(({ code }) => code) : [];
}

describe('a wrong stack file', () => {
  it('has a fixture for each of at least forty kinds of mistakes', () => {
    expect(wrong.length).toBeGreaterThanOrEqual(40);
  });

  it.each(wrong)('$name gets its pinned message (npm run update)', async (fixture) => {
    expect(messageOf(fixture)).toBe(await readFile(messageFile(fixture), 'utf8'));
    expect(messageOf(fixture)).not.toBe('');
  });

  it('shows every code of the loader in some fixture', () => {
    const seen = new Set(wrong.flatMap(({ result }) => codesOf(result)));
    // Of the commands, not of the text: files, modules, init and explain.
    const elsewhere = ['OBS-1200', 'OBS-1201', 'OBS-1211', 'OBS-1212', 'OBS-1213'];
    elsewhere.push('OBS-1214', 'OBS-1215');
    const all = Object.keys(codes).filter((code) => code.startsWith('OBS-12'));
    expect(all.filter((code) => !seen.has(code) && !elsewhere.includes(code))).toEqual([]);
  });

  it('gets all its faults at once, in the order of the text', () => {
    const many = wrong.find(({ name }) => name === 'many-faults.yaml');
    const faults = many !== undefined && 'faults' in many.result ? many.result.faults : [];
    expect(faults).toHaveLength(11);
    const lines = faults.map(({ at }) => at?.line ?? 0);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
  });

  it('never shows what the environment holds', () => {
    for (const fixture of wrong) expect(messageOf(fixture)).not.toContain('hunter2');
  });

  it('has a caret under text that stands in the file', () => {
    for (const { text, result } of wrong) {
      const lines = text.split('\n');
      for (const { at } of 'faults' in result ? result.faults : []) {
        const line = lines[(at?.line ?? 0) - 1] ?? '';
        expect((at?.column ?? 0) - 1 + (at?.length ?? 0)).toBeLessThanOrEqual(
          Math.max(1, line.length),
        );
      }
    }
  });
});

describe('a good stack file', () => {
  it.each(good)('$name has no faults', ({ result }) => {
    expect(codesOf(result)).toEqual([]);
  });

  it('keeps what it says, beside every default', () => {
    const stack = stackOf(loadStack('name: shop\ngateway: {replicas: 5}\n', 'obs.yaml'));
    expect(stack.gateway).toMatchObject({ replicas: 5, volume: '10Gi', flavor: 'collector' });
    expect(stack.clickhouse.retention).toEqual({ traces: '7d', logs: '7d', metrics: '30d' });
    expect(stack.node_agent).toBeUndefined();
  });

  it('has the usual presets where it names an agent and none of them', () => {
    const stack = stackOf(loadStack('name: shop\nnode_agent:\n', 'obs.yaml'));
    expect(Object.keys(stack.node_agent?.presets ?? {})).toEqual(
      expect.arrayContaining(['pod_logs', 'host_metrics', 'kubelet_metrics']),
    );
  });

  it('has exactly the presets that it names, and those that stand in the agent', () => {
    const stack = stackOf(
      loadStack('name: shop\nnode_agent: {presets: {host_metrics: }}\n', 'obs.yaml'),
    );
    expect(stack.node_agent?.presets.host_metrics).toBeDefined();
    expect(stack.node_agent?.presets.pod_logs).toBeUndefined();
    expect(stack.node_agent?.presets.otlp_ingest).toMatchObject({ enabled: true });
  });

  it('takes presets away by `off`, also those that stand in the agent', () => {
    const text = 'name: shop\nnode_agent: {off: [pod_logs, otlp_ingest]}\n';
    const stack = stackOf(loadStack(text, 'obs.yaml'));
    expect(stack.node_agent?.presets.pod_logs).toBeUndefined();
    expect(stack.node_agent?.presets.host_metrics).toBeDefined();
    expect(stack.node_agent?.presets.otlp_ingest).toMatchObject({ enabled: false });
  });

  it('has the gateway of obsctl once it names its image', () => {
    const text = 'name: shop\ngateway: {image: "registry.example/obsctl:1"}\n';
    expect(stackOf(loadStack(text, 'obs.yaml')).gateway.flavor).toBe('obsctl');
  });

  it('has a queue that fits the volume when it sizes the volume alone', () => {
    const text = 'name: shop\ngateway: {volume: 5Gi}\n';
    expect(stackOf(loadStack(text, 'obs.yaml')).gateway.queue_size).toBe('4096Mi');
  });

  it('has its references replaced, and a number where the variable is one', () => {
    const references = good.find(({ name }) => name === 'references.yaml');
    const text = references?.text ?? '';
    const stack = stackOf(loadStack(text, 'obs.yaml', { env: environment }));
    expect(stack).toMatchObject({ name: 'shop', cluster: 'shop-eu', gateway: { replicas: 3 } });
    const [rule] = stack.node_agent?.presets.pod_logs?.multiline ?? [];
    expect(rule?.first_line).toBe('^\\d{4}$|^$(x)');
  });

  it('leaves the address of a database a reference, set or not: it may hold a password', () => {
    const dsn = `\${env:SHOP_DSN}`;
    const source = `{mysql: {dsn: "${dsn}"}}`;
    const text = `name: shop\nsnapshots: [{name: a, tables: [x], source: ${source}}]`;
    for (const env of [{}, { SHOP_DSN: 'mysql://reader:secret@db/shop' }]) {
      const { snapshots } = stackOf(loadStack(text, 'obs.yaml', { env }));
      expect(snapshots[0]?.source.mysql?.dsn).toBe(dsn);
    }
  });

  it('follows anchors and merge keys, and its own keys go first', () => {
    const anchors = good.find(({ name }) => name === 'anchors.yaml');
    const stack = stackOf(loadStack(anchors?.text ?? '', 'obs.yaml'));
    expect(stack.node_agent?.resources).toEqual(stack.gateway.resources);
    expect(stack.cluster_agent?.resources).toEqual({
      cpu_request: '50m',
      memory_request: '128Mi',
      memory_limit: '512Mi',
    });
  });
});

describe('a typed stack file', () => {
  it('shows its editor which keys and values there are', () => {
    // @ts-expect-error: a misspelt key
    defineStack({ name: 'shop', gatway: {} });
    // @ts-expect-error: a misspelt preset
    defineStack({ name: 'shop', node_agent: { presets: { pod_log: {} } } });
    // @ts-expect-error: a text where a number belongs
    defineStack({ name: 'shop', gateway: { replicas: '2' } });
    // @ts-expect-error: not one of the kinds
    defineStack({ name: 'shop', node_agent: { presets: { cni: { kind: 'weave' } } } });
    // @ts-expect-error: the name is missing
    expect(defineStack({})).toEqual({});
  });

  it('is judged by the same schema, with key paths for places', () => {
    const value = { name: 'shop', gateway: { replicas: 0 }, gatway: {} };
    const result = loadStackValue(value, 'obs.config.ts');
    const faults = 'faults' in result ? result.faults : [];
    expect(faults.map(({ path, at }) => [path, at])).toEqual([
      ['gateway.replicas', undefined],
      ['gatway', undefined],
    ]);
  });

  it('gives the same stack as the same keys in YAML', () => {
    const value = defineStack({
      name: 'shop',
      gateway: { replicas: 3 },
      node_agent: { presets: { cni: { kind: 'calico' } } },
      grafana: true,
    });
    const written = loadStack(stringify(value), 'obs.yaml');
    expect(stackOf(loadStackValue(value, 'obs.config.ts'))).toEqual(stackOf(written));
  });
});

describe('the starter file', () => {
  it.each([
    ['as it is', starterDefaults],
    ['without Grafana', { ...starterDefaults, grafana: false }],
    ['with answers', { ...starterDefaults, name: 'a1', cluster: 'EU: 1', cni: 'cilium' }],
    ['with a ClickHouse', { ...starterDefaults, clickhouseUrl: 'https://abc.example:8443' }],
  ])('has no faults %s', (_name, answers) => {
    const stack = stackOf(loadStack(starterFile(answers), 'obs.yaml'));
    expect(stack.name).toBe(answers.name);
    expect(stack.cluster).toBe(answers.cluster);
  });
});

describe('the loader', () => {
  const word = fc.oneof(
    fc.constantFrom(...everyKey().map(({ path }) => path.split('.').at(-1) ?? '')),
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', 'toString', '<<', '0', 'null'),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, false, 0, -1, 1e300, '', '7d', '10Gi', `\${env:X}`, '$$', 'a'),
      fc.string(),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(word, tie('any'), { maxKeys: 6 }),
    ),
  })).any;

  it('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const result = loadStack(text, 'obs.yaml');
        return 'stack' in result || result.faults.length > 0;
      }),
      { numRuns: 300 },
    );
  });

  it('never throws on any YAML of known and unknown keys', () => {
    const file = fc.dictionary(
      fc.oneof(fc.constantFrom(...everyKey().map(({ path }) => path.split('.')[0] ?? '')), word),
      value,
      { maxKeys: 8 },
    );
    fc.assert(
      fc.property(file, (keys) => {
        const text = stringify(keys);
        const result = loadStack(text, 'obs.yaml', { env: {} });
        if ('stack' in result) return true;
        const lines = text.split('\n').length;
        return (
          result.faults.length > 0 &&
          result.faults.every(({ at, next }) => next !== '' && (at?.line ?? 0) <= lines)
        );
      }),
      { numRuns: 300 },
    );
  });

  it('never throws on a good file with a piece cut out or put in', () => {
    const texts = good.map(({ text }) => text);
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.nat({ max: 20 }),
        fc.string({ maxLength: 5 }),
        (text, at, cut, put) => {
          const from = at % (text.length + 1);
          const mutated = text.slice(0, from) + put + text.slice(from + cut);
          const result = loadStack(mutated, 'obs.yaml', { env: environment });
          return 'stack' in result || result.faults.length > 0;
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('every key of the stack file', () => {
  it('has a description and an example', () => {
    const bare = everyKey().filter(
      ({ node }) => (node.description ?? '') === '' || (node.examples ?? []).length === 0,
    );
    expect(bare.map(({ path }) => path)).toEqual([]);
  });

  it('is snake_case', () => {
    const lasts = everyKey().map(({ path }) => path.split('.').at(-1) ?? '');
    expect(lasts.filter((last) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(last))).toEqual([]);
  });

  it.each(agentKeys)('%s names presets that may stand in that agent', (key) => {
    const agent = key.replaceAll('_', '-');
    const able = allPresets.filter(({ agents }) => agents.some((one) => one === agent));
    expect(presetKeys[key].length).toBeGreaterThan(0);
    expect(able.map(({ name }) => name)).toEqual(expect.arrayContaining([...presetKeys[key]]));
  });

  it('leaves no preset out', () => {
    const reachable = new Set(agentKeys.flatMap((key) => presetKeys[key]));
    expect(allPresets.map(({ name }) => name).filter((name) => !reachable.has(name))).toEqual([]);
  });
});
