import { describe, expect, it } from '@jest/globals';
import { mergePieces } from './merge.ts';
import type { Piece } from './types.ts';

const logs: Piece = {
  preset: 'pod_logs',
  components: [
    { kind: 'receiver', id: 'file_log', config: { include: ['/var/log/pods/*/*/*.log'] } },
    { kind: 'exporter', id: 'otlp_grpc/gateway', config: { endpoint: 'gateway:4317' } },
  ],
  attachments: [
    { pipeline: 'logs', as: 'receiver', id: 'file_log' },
    { pipeline: 'logs', as: 'exporter', id: 'otlp_grpc/gateway' },
  ],
};

const base: Piece = {
  preset: 'base',
  components: [
    { kind: 'processor', id: 'memory_limiter', config: { check_interval: '1s' } },
    { kind: 'processor', id: 'transform/a', config: {} },
    { kind: 'processor', id: 'k8s_attributes', config: {} },
    { kind: 'exporter', id: 'otlp_grpc/gateway', config: { endpoint: 'gateway:4317' } },
  ],
  attachments: [
    { pipeline: 'logs', as: 'processor', id: 'transform/a', stage: 'transform' },
    { pipeline: 'logs', as: 'processor', id: 'k8s_attributes', stage: 'enrich' },
    { pipeline: 'logs', as: 'processor', id: 'memory_limiter', stage: 'limit' },
  ],
  telemetry: { metrics: { level: 'normal' } },
};

const withExporter = (endpoint: string): Piece => ({
  preset: 'other',
  components: [{ kind: 'exporter', id: 'otlp_grpc/gateway', config: { endpoint } }],
  attachments: [],
});

describe('pieces put together', () => {
  it('have their processors in the order of the stages', () => {
    expect(mergePieces([logs, base]).config.service.pipelines.logs?.processors).toEqual([
      'memory_limiter',
      'k8s_attributes',
      'transform/a',
    ]);
  });

  it('keep the order of the pieces within a stage', () => {
    const piece = (preset: string, id: string): Piece => ({
      preset,
      components: [{ kind: 'processor', id, config: {} }],
      attachments: [{ pipeline: 'logs', as: 'processor', id, stage: 'filter' }],
    });
    const ids = ['filter/c', 'filter/a', 'filter/b'];
    const merged = mergePieces(ids.map((id) => piece(id, id)));
    expect(merged.config.service.pipelines.logs?.processors).toEqual(ids);
  });

  it('may name the same component when they mean the same', () => {
    expect(mergePieces([logs, base, withExporter('gateway:4317')]).config.exporters).toEqual({
      'otlp_grpc/gateway': { endpoint: 'gateway:4317' },
    });
  });

  it('may add different keys to one component, each with its owner', () => {
    const queue: Piece = {
      preset: 'persistent_queue',
      components: [
        {
          kind: 'exporter',
          id: 'otlp_grpc/gateway',
          config: { sending_queue: { storage: 'file_storage/queue' } },
        },
      ],
      attachments: [],
    };
    const { config, provenance } = mergePieces([logs, queue]);
    expect(config.exporters['otlp_grpc/gateway']).toEqual({
      endpoint: 'gateway:4317',
      sending_queue: { storage: 'file_storage/queue' },
    });
    expect(provenance.get('exporters.otlp_grpc/gateway')).toBe('pod_logs');
    expect(provenance.get('exporters.otlp_grpc/gateway.sending_queue.storage')).toBe(
      'persistent_queue',
    );
  });

  it('never change what a preset gave', () => {
    const before = structuredClone(logs);
    mergePieces([logs, base, withExporter('gateway:4317')]);
    expect(logs).toEqual(before);
  });

  it('that give one component two configurations are refused by name and key', () => {
    expect(() => mergePieces([logs, withExporter('elsewhere:4317')])).toThrow(
      expect.objectContaining({
        code: 'OBS-1101',
        where: 'exporters.otlp_grpc/gateway.endpoint',
        message: expect.stringContaining('pod_logs and other'),
      }),
    );
  });

  it('that set one telemetry key apart are refused by name and key', () => {
    const other: Piece = {
      preset: 'quiet',
      components: [],
      attachments: [],
      telemetry: { metrics: { level: 'none' } },
    };
    expect(() => mergePieces([base, other])).toThrow(
      expect.objectContaining({
        code: 'OBS-1101',
        where: 'service.telemetry.metrics.level',
        message: expect.stringContaining('base and quiet'),
      }),
    );
  });

  it('that put one processor at two stages are refused', () => {
    const moved: Piece = {
      preset: 'moved',
      components: [],
      attachments: [{ pipeline: 'logs', as: 'processor', id: 'transform/a', stage: 'filter' }],
    };
    expect(() => mergePieces([base, moved])).toThrow(/base and moved .* transform and filter/);
  });

  it('say of every key which preset wrote it', () => {
    const { provenance } = mergePieces([logs, base]);
    expect(provenance.get('receivers.file_log.include')).toBe('pod_logs');
    expect(provenance.get('service.pipelines.logs.processors.memory_limiter')).toBe('base');
    expect(provenance.get('service.telemetry.metrics.level')).toBe('base');
  });

  it('come out with their pipelines by signal and name, whatever the order of the pieces', () => {
    const piece = (pipeline: 'metrics/b' | 'traces' | 'metrics/a' | 'logs'): Piece => ({
      preset: pipeline,
      components: [],
      attachments: [{ pipeline, as: 'receiver', id: 'otlp' }],
    });
    const merged = mergePieces((['logs', 'metrics/b', 'metrics/a', 'traces'] as const).map(piece));
    expect(Object.keys(merged.config.service.pipelines)).toEqual([
      'traces',
      'metrics/a',
      'metrics/b',
      'logs',
    ]);
  });
});
