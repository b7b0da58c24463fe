/** What a stack file sends, against the pages of the presets and sums done by hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadStack } from '../../stack/load.ts';
import { standingOf } from '../render/standing.ts';
import { estimate } from './estimate.ts';
import { seriesOf, stackVolume, volumeQuestion } from './stack.ts';
import { stackText } from './stack-print.ts';

const root = join(import.meta.dirname, '../..');
const size = {
  ...{ nodes: 10, podsPerNode: 20, containersPerPod: 2, coresPerNode: 4 },
  ...{ logsPerPod: 1, spansPerPod: 5 },
};

function presetsOf(text: string): Readonly<Record<string, readonly unknown[]>> {
  const loaded = loadStack(text, 'obs.yaml');
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
  return standingOf(loaded.stack).presets ?? {};
}

describe('the volume of a stack file', () => {
  it.each(Object.entries(seriesOf))(
    'has of %s the series that its page says',
    (name, { source }) => {
      const page = join(root, 'presets', name.replaceAll('_', '-'), 'README.md');
      expect(readFileSync(page, 'utf8')).toContain(source);
    },
  );

  it('is what is counted by hand', () => {
    const volume = stackVolume(
      presetsOf(`
name: shop
node_agent:
  presets:
    host_metrics: {collection_interval: 10s}
    kubelet_metrics: {collection_interval: 1m}
    pod_logs: {}
    otlp_ingest: {}
`),
      size,
    );
    expect(volume.presets.map(({ preset, perNode, total }) => [preset, perNode, total])).toEqual([
      // 38 + 11 + 12 + 8 + 4 × 16
      ['host_metrics', 133, 1330],
      // 19 + 20 × (15 + 2 × 11)
      ['kubelet_metrics', 759, 7590],
    ]);
    expect(volume.seriesPerNode).toBe(892);
    // 1330 / 10 + 7590 / 60; 200 pods with a record and five spans a second each.
    expect(volume.perSecond).toEqual({ points: 259.5, logs: 200, spans: 1000 });
    expect(volume.notCounted).toEqual([]);
  });

  it('says which presets it cannot count, and grows with the nodes', () => {
    const presets = presetsOf(`
name: shop
node_agent: {presets: {cni: {kind: cilium}}}
cluster_agent: {presets: {cluster_metrics: {}, kubernetes_events: {}}}
prometheus_agent: {}
`);
    const one = stackVolume({ ...presets, monitors: [{}] }, { ...size, nodes: 1 });
    const ten = stackVolume({ ...presets, monitors: [{}] }, size);
    expect(one.notCounted).toContain('monitors');
    expect(ten.series).toBe(one.series * 10);
    expect(stackText('obs.yaml', size, ten)).toContain('monitors');
  });

  it('is asked as a rate and a mix, with the spans that every node-agent takes', () => {
    const presets = presetsOf('name: shop\nnode_agent: {presets: {pod_logs: {}}}\n');
    const question = volumeQuestion(stackVolume(presets, size));
    const { signals } = estimate({
      ...{ ...question, retentionDays: { spans: 7, logs: 7, points: 30 } },
      ...{ replicas: 1, coresPerServer: 16, outageMs: 3_600_000 },
    });
    expect(signals.map(({ perSecond }) => perSecond)).toEqual([1000, 200, 0]);
  });
});
