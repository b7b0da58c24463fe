/**
 * Configurations broken on purpose, one fault each: our checks and the real Collector's `validate`
 * must both refuse them and name the same component. Each starts from one that both accept.
 */
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { checkConfig } from '../../collector/check.ts';
import { readConfig } from '../../collector/read.ts';
import { writeConfig } from '../../collector/write.ts';
import { startWith, validateWith } from '../support/collector.ts';
import { describeWithPeer } from '../support/peer.ts';

const version = '0.149.0';

const sound = `
extensions:
  health_check: {endpoint: "127.0.0.1:0"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}
  host_metrics: {scrapers: {memory: {}}}
processors:
  memory_limiter: {check_interval: 1s, limit_mib: 100}
  resource/cluster: {attributes: [{key: k8s.cluster.name, value: shop, action: upsert}]}
exporters:
  otlp_grpc: {endpoint: "127.0.0.1:4317", tls: {insecure: true}}
connectors:
  forward: {}
service:
  extensions: [health_check]
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter], exporters: [forward]}
    traces/out: {receivers: [forward], processors: [resource/cluster], exporters: [otlp_grpc]}
    metrics: {receivers: [host_metrics], processors: [memory_limiter], exporters: [otlp_grpc]}
`;

type Fault = {
  readonly what: string;
  /** Replaces the first text by the second. */
  readonly change: readonly [from: string, to: string];
  readonly component: string;
};

const faults: readonly Fault[] = [
  {
    what: 'a receiver type that nobody has',
    change: ['  otlp: {protocols', '  otlq: {}\n  otlp: {protocols'],
    component: 'otlq',
  },
  {
    what: 'an exporter type that is a processor',
    change: ['connectors:', '  transform: {}\nconnectors:'],
    component: 'transform',
  },
  {
    what: 'a processor that is not defined',
    change: ['processors: [resource/cluster]', 'processors: [resource/clutser]'],
    component: 'resource/clutser',
  },
  {
    what: 'a receiver that is not defined',
    change: ['receivers: [otlp]', 'receivers: [otlp, statsd]'],
    component: 'statsd',
  },
  {
    what: 'an exporter that is not defined',
    change: ['exporters: [forward]', 'exporters: [forward, debug]'],
    component: 'debug',
  },
  {
    what: 'a receiver in a pipeline of a signal it does not know',
    change: ['receivers: [otlp]', 'receivers: [otlp, host_metrics]'],
    component: 'hostmetrics',
  },
  {
    what: 'a pipeline without receivers',
    change: ['receivers: [host_metrics]', 'receivers: []'],
    component: 'metrics',
  },
  {
    what: 'a pipeline without exporters',
    change: ['processors: [memory_limiter], exporters: [otlp_grpc]', 'exporters: []'],
    component: 'metrics',
  },
  {
    what: 'a connector that is an exporter only',
    change: ['receivers: [forward]', 'receivers: [otlp]'],
    component: 'forward',
  },
  {
    what: 'a connector that is a receiver only',
    change: ['exporters: [forward]', 'exporters: [otlp_grpc]'],
    component: 'forward',
  },
  {
    what: 'a connector between signals that it cannot join',
    change: ['traces/out:', 'logs/out:'],
    component: 'forward',
  },
  {
    what: 'connectors in a circle',
    change: ['exporters: [otlp_grpc]}\n    metrics', 'exporters: [forward]}\n    metrics'],
    component: 'forward',
  },
  {
    what: 'an extension that is started and not defined',
    change: ['extensions: [health_check]', 'extensions: [health_check, pprof]'],
    component: 'pprof',
  },
  {
    what: 'a processor twice in a pipeline',
    change: ['processors: [resource/cluster]', 'processors: [resource/cluster, resource/cluster]'],
    component: 'resource/cluster',
  },
  {
    what: 'an id without a name after the slash',
    change: ['  host_metrics: {scr', '  otlp/: {protocols: {grpc: {}}}\n  host_metrics: {scr'],
    component: 'otlp/',
  },
  {
    what: 'a pipeline of a signal that there is not',
    change: ['    metrics: {', '    metrix: {'],
    component: 'metrix',
  },
  {
    what: 'a receiver and a connector with one id',
    change: ['  forward: {}', '  forward: {}\n  otlp: {}'],
    component: 'otlp',
  },
  {
    what: 'a reference that is none',
    change: ['value: shop', `value: "\${1}"`],
    component: '1',
  },
];

describe('a sound configuration', () => {
  it('has no fault', () => {
    expect(checkConfig(readConfig(parse(sound)), version)).toEqual([]);
  });
});

describeWithPeer('collector-0.149', 'our checks and the real Collector', (program) => {
  it('both accept the sound configuration, as we write it', async () => {
    const text = writeConfig(readConfig(parse(sound)), { version });
    expect(await validateWith(program, text)).toEqual(expect.objectContaining({ accepted: true }));
  });

  it.each(faults)('both refuse $what and name $component', async ({ change, component }) => {
    const broken = sound.replace(change[0], change[1]);
    expect(broken).not.toBe(sound);
    const config = readConfig(parse(broken));
    const found = checkConfig(config, version).filter(({ noticed }) => noticed === 'validate');
    const ours = found.map(({ path, message }) => `${path}: ${message}`).join('\n');
    expect(ours).toContain(component);
    const theirs = await validateWith(program, writeConfig(config, { version }));
    expect(theirs.accepted).toBe(false);
    expect(theirs.text).toMatch(new RegExp(`(?<!\\w)${component}(?!\\w)`));
  });
});

/** `validate` does not look at references between components; the start does. */
describeWithPeer('collector-0.149', 'what is seen at the start only', (program) => {
  it.each([
    [
      'a queue on a storage that is not there',
      'endpoint: "127.0.0.1:4317",',
      'endpoint: "127.0.0.1:4317", sending_queue: {storage: file_storage/queue},',
    ],
    [
      'an authenticator that is not there',
      'endpoint: "127.0.0.1:4317",',
      'endpoint: "127.0.0.1:4317", auth: {authenticator: bearertokenauth},',
    ],
  ])('%s passes validate and ends the process, as we say', async (_, from, to) => {
    const component = 'otlp_grpc';
    const broken = sound
      .replace(from, to)
      .replace('  extensions: [health_check]', '  telemetry: {metrics: {level: none}}')
      .replace('  health_check: {endpoint: "127.0.0.1:0"}', '');
    const config = readConfig(parse(broken));
    expect(checkConfig(config, version)).toEqual([
      expect.objectContaining({ component, noticed: 'start' }),
    ]);
    const text = writeConfig(config, { version });
    expect(await validateWith(program, text)).toMatchObject({ accepted: true });
    const started = await startWith(program, text);
    expect(started.accepted).toBe(false);
    expect(started.text).toContain(`failed to start "${component}" exporter`);
  });
});

describe('what the Collector takes and nobody means', () => {
  const messageFor = (from: string, to: string): string => {
    const broken = sound.replace(from, to);
    expect(broken).not.toBe(sound);
    const found = checkConfig(readConfig(parse(broken)), version);
    return found.map(({ path, message, noticed }) => `${noticed} ${path}: ${message}`).join('\n');
  };

  it('a memory limiter that is not first', () => {
    expect(
      messageFor(
        '[memory_limiter], exporters: [forward]',
        '[resource/cluster, memory_limiter], exporters: [forward]',
      ),
    ).toMatch(/^never service\.pipelines\.traces\.processors\.memory_limiter: .*must be first$/);
  });

  it('the batch processor, with what to use instead', () => {
    expect(messageFor('  resource/cluster: {', '  batch: {}\n  resource/cluster: {')).toMatch(
      /^never processors\.batch: .*sending_queue\.batch/,
    );
  });

  it('a component that is in no pipeline', () => {
    expect(messageFor('connectors:', '  debug: {}\nconnectors:')).toBe(
      'never exporters.debug: the exporter “debug” is in no pipeline',
    );
  });

  it('an extension that is not started', () => {
    expect(messageFor('  health_check: {', '  pprof: {}\n  health_check: {')).toContain(
      'extensions.pprof: the extension “pprof” is not in `service.extensions`',
    );
  });

  it('a queue on a storage that is not there, which ends the process at its start', () => {
    expect(
      messageFor(
        'endpoint: "127.0.0.1:4317",',
        'endpoint: "127.0.0.1:4317", sending_queue: {storage: file_storage/queue},',
      ),
    ).toMatch(/^start exporters\.otlp_grpc\.sending_queue\.storage: there is no extension/);
  });

  it('a literal dollar that is not doubled', () => {
    expect(messageFor('value: shop', 'value: "a$1"')).toMatch(
      /^never processors\.resource\/cluster\.attributes\.0\.value: .*write \$\$/,
    );
  });

  it('a mistyped type, with the nearest name that the version has', () => {
    expect(messageFor('  host_metrics: {scr', '  host_metric: {}\n  host_metrics: {scr')).toMatch(
      /did you mean “hostmetrics”\?/,
    );
  });
});
