import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { catalog } from './catalog.ts';
import { configFor } from './naming.ts';
import { readConfig } from './read.ts';
import { type Change, upgradeConfig } from './upgrade.ts';

const folder = join(import.meta.dirname, 'testdata', 'upgrade');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const upgrade = (text: string, to = '0.161.0') => upgradeConfig(text, { to, file: 'config.yaml' });
/** Ids by old or new names, no component under both; written as a block or between braces. */
const foreign: fc.Arbitrary<string> = fc
  .record({
    chosen: fc.uniqueArray(fc.constantFrom(...catalog.values()), { minLength: 1, maxLength: 8 }),
    old: fc.infiniteStream(fc.boolean()),
    suffix: fc.constantFrom('', '/a', '/b.c'),
    style: fc.constantFrom('block', 'flow', 'any'),
    quotes: fc.constantFrom('QUOTE_DOUBLE', 'QUOTE_SINGLE', 'PLAIN'),
    indent: fc.constantFrom(2, 4),
  })
  .map(({ chosen, old, suffix, style, quotes, indent }) => {
    const idsOf = (kind: string): readonly string[] =>
      chosen
        .filter((info) => info.kind === kind)
        .map((info) => {
          const name = old.next().value === true ? info.renamed?.from : undefined;
          return `${name ?? info.type}${suffix}`;
        });
    const section = (kind: string): object =>
      Object.fromEntries(idsOf(kind).map((id) => [id, { key: `\${env:${id}}` }]));
    const [receivers, processors, exporters] = ['receiver', 'processor', 'exporter'].map(section);
    const connectors = section('connector');
    const all = [receivers, exporters, connectors].map((of) => Object.keys(of ?? {}));
    const [ins = [], outs = [], joints = []] = all;
    const taken = new Set([...ins, ...outs]);
    const free = joints.filter((id) => !taken.has(id));
    const config = {
      receivers,
      processors,
      exporters,
      connectors,
      service: {
        pipelines: {
          traces: {
            receivers: [...ins, ...free],
            processors: Object.keys(processors ?? {}),
            exporters: [...outs, ...free],
          },
        },
      },
    };
    return stringify(config, {
      collectionStyle: style as 'any',
      defaultKeyType: quotes as 'PLAIN',
      defaultStringType: quotes as 'PLAIN',
      indent,
      lineWidth: 0,
    });
  });
const brief = (changes: readonly Change[]): string =>
  changes
    .map(({ what, line, path, to }) => `${line} ${what} ${path}${to ? ` -> ${to}` : ''}\n`)
    .join('');

describe('an upgraded configuration', () => {
  it.each([
    ['agent.yaml', '0.161.0'],
    ['agent.yaml', '0.149.0'],
    ['gateway.yaml', '0.161.0'],
  ])('of %s to %s is the golden file, with its list of changes', (name, to) => {
    const { text, changes } = upgrade(read(name), to);
    const golden = name.replace('.yaml', `.${to}`);
    expect(text).toBe(read(`${golden}.golden.yaml`));
    expect(brief(changes)).toBe(read(`${golden}.golden.txt`));
  });

  it('has nothing left to change', () => {
    const once = upgrade(read('agent.yaml'));
    const twice = upgrade(once.text);
    expect(twice.text).toBe(once.text);
    expect(twice.changes.map(({ what }) => what)).toEqual(['advice']);
  });

  it('goes back to the names of an older version, and there again', () => {
    const newest = upgrade(read('agent.yaml'), '0.161.0').text;
    const older = upgrade(read('agent.yaml'), '0.149.0').text;
    expect(upgrade(newest, '0.149.0').text).toBe(older);
    expect(upgrade(older, '0.161.0').text).toBe(newest);
  });

  it('keeps every line that has nothing to do with a change', () => {
    const text = 'receivers:\r\n    otlp:   {  } # mine\r\nexporters:\r\n    otlp: {}\r\n';
    expect(upgrade(text).text).toBe(text.replace('    otlp: {}', '    otlp_grpc: {}'));
  });

  it('renames by kind: the connector of a pipeline, not the receiver of that name', () => {
    const text =
      'receivers: {otlp: {}}\nconnectors: {spanmetrics/a: {}}\nexporters: {otlp/a: {}}\n' +
      'service: {pipelines: {metrics: {receivers: [otlp, spanmetrics/a], exporters: [otlp/a]}}}\n';
    expect(upgrade(text).text).toContain(
      '{receivers: [otlp, span_metrics/a], exporters: [otlp_grpc/a]}',
    );
  });

  it('leaves to a person what it cannot know', () => {
    const text = 'exporters:\n  jaeger: {}\nservice: {telemetry: {metrics: {address: here}}}\n';
    const { text: same, changes } = upgrade(text);
    expect(same).toBe(text);
    expect(brief(changes)).toBe(
      '2 by_hand exporters.jaeger\n3 by_hand service.telemetry.metrics.address\n',
    );
  });

  it('follows an alias to where the list or the component stands', () => {
    const text =
      'x: &list [k8sattributes, &one resourcedetection]\nprocessors:\n  k8sattributes: {}\n' +
      '  resourcedetection: &config {detectors: [k8snode]}\n  resourcedetection/b: *config\n' +
      'service: {pipelines: {traces: {processors: *list}, logs: {processors: [*one]}}}\n';
    expect(upgrade(text).text).toBe(
      text
        .replaceAll('k8sattributes', 'k8s_attributes')
        .replaceAll('resourcedetection', 'resource_detection')
        .replace('k8snode', 'k8s_api'),
    );
  });

  it('keeps both of two names of one component, because only a person knows which is meant', () => {
    const text = 'receivers:\n  filelog: {}\n  file_log: {}\nexporters: {debug: {}}\n';
    const { text: same, changes } = upgrade(text);
    expect(same).toBe(text);
    expect(brief(changes)).toBe('2 by_hand receivers.filelog\n');
  });

  it('means the same as the configuration renamed as data, however it is written', () => {
    fc.assert(
      fc.property(
        foreign,
        fc.constantFrom('0.144.0', '0.149.0', '0.153.0', '0.161.0'),
        (text, to) => {
          const before = readConfig(parse(text));
          expect(readConfig(parse(upgrade(text, to).text))).toEqual(configFor(before, to));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('renames the receivers that another one starts', () => {
    const text =
      'receivers:\n  receiver_creator:\n    receivers:\n      hostmetrics/x: {rule: a}\n';
    expect(upgrade(text).text).toContain('      host_metrics/x: {rule: a}');
  });
});

describe('what is not a configuration', () => {
  it.each([
    ['a: [', /^config\.yaml:\d+:\d+$/],
    ['kind: Pod\n', /^config\.yaml$/],
    ['', /^config\.yaml$/],
    ['- receivers\n', /^config\.yaml$/],
  ])('%j is refused with its place', (text, where) => {
    expect(() => upgrade(text)).toThrow(
      expect.objectContaining({ code: 'OBS-1104', where: expect.stringMatching(where) }),
    );
  });

  it('a version that is none is refused', () => {
    expect(() => upgrade('receivers: {}', 'latest')).toThrow(
      expect.objectContaining({ code: 'OBS-1106' }),
    );
  });
});
