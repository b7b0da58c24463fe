import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { escapeDollars, faultyDollars } from './escape.ts';
import { mergePieces } from './merge.ts';
import type { Piece } from './types.ts';
import { writeConfig } from './write.ts';

const piece: Piece = {
  preset: 'pod_logs',
  components: [
    { kind: 'extension', id: 'file_storage/queue', config: { directory: '/var/lib/otelcol' } },
    { kind: 'receiver', id: 'host_metrics', config: { root_path: '/hostfs' } },
    { kind: 'receiver', id: 'otlp', config: {} },
    {
      kind: 'processor',
      id: 'resource_detection',
      config: { detectors: ['env', 'k8s_api'], k8s_api: { auth_type: 'serviceAccount' } },
    },
    { kind: 'exporter', id: 'otlp_grpc', config: { endpoint: `\${env:GATEWAY}`, mode: 'on' } },
    { kind: 'connector', id: 'span_metrics', config: {} },
  ],
  attachments: [
    { pipeline: 'traces', as: 'receiver', id: 'otlp' },
    { pipeline: 'traces', as: 'exporter', id: 'span_metrics' },
    { pipeline: 'metrics', as: 'receiver', id: 'host_metrics' },
    { pipeline: 'metrics', as: 'receiver', id: 'span_metrics' },
    { pipeline: 'metrics', as: 'processor', id: 'resource_detection', stage: 'detect' },
    { pipeline: 'metrics', as: 'exporter', id: 'otlp_grpc' },
  ],
};
const queue: Piece = {
  preset: 'queue',
  components: [{ kind: 'exporter', id: 'debug', config: {} }],
  attachments: [{ pipeline: 'metrics', as: 'exporter', id: 'debug' }],
};

describe('a written configuration', () => {
  it('has the names that its version knows, also in pipelines and inside components', () => {
    const { config } = mergePieces([piece]);
    const old = parse(writeConfig(config, { version: '0.143.0' }));
    expect(Object.keys(old.receivers)).toEqual(['hostmetrics', 'otlp']);
    expect(Object.keys(old.exporters)).toEqual(['otlp']);
    expect(old.service.pipelines).toEqual({
      traces: { receivers: ['otlp'], exporters: ['spanmetrics'] },
      metrics: {
        receivers: ['hostmetrics', 'spanmetrics'],
        processors: ['resourcedetection'],
        exporters: ['otlp'],
      },
    });
    expect(old.processors.resourcedetection).toEqual({
      detectors: ['env', 'k8snode'],
      k8snode: { auth_type: 'serviceAccount' },
    });
    const recent = parse(writeConfig(config, { version: '0.161.0' }));
    expect(Object.keys(recent.receivers)).toEqual(['host_metrics', 'otlp']);
    expect(recent.processors.resource_detection.detectors).toEqual(['env', 'k8s_api']);
  });

  it('quotes what YAML 1.1 would take for a boolean', () => {
    const text = writeConfig(mergePieces([piece]).config, { version: '0.161.0' });
    expect(text).toContain(`mode: "on"`);
    expect(text).toContain(`endpoint: \${env:GATEWAY}`);
  });

  it('says on demand which preset a component or an end of a pipeline is from', () => {
    const { config, provenance } = mergePieces([piece, queue]);
    const text = writeConfig(config, { version: '0.149.0', provenance });
    expect(text).toContain('  # preset queue\n  debug: {}');
    expect(text).toContain('  # preset pod_logs\n  hostmetrics:');
    expect(text).toContain('- debug # queue');
    expect(parse(text)).toEqual(parse(writeConfig(config, { version: '0.149.0' })));
  });

  it('is the same bytes every time', () => {
    const write = (): string =>
      writeConfig(mergePieces([piece, queue]).config, { version: '0.155.0' });
    expect(write()).toBe(write());
  });
});

describe('dollars', () => {
  it('meant literally are doubled', () => {
    expect(escapeDollars('$1:$2')).toBe('$$1:$$2');
  });

  it('that are neither doubled nor a reference are found', () => {
    expect(faultyDollars('$1')).toEqual([{ position: 0, refused: false }]);
    expect(faultyDollars(`a$$1 \${env:HOST}:\${env:PORT:-4317}`)).toEqual([]);
    expect(faultyDollars(`$$$1 and \${1}`)).toEqual([
      { position: 2, refused: false },
      { position: 9, refused: true },
    ]);
  });
});
