/**
 * Random configurations before our checks and the real Collector: both refuse the same ones. The
 * real one stops at its first kind of fault, so only the verdicts are compared, not the lists.
 */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkConfig } from '../../collector/check.ts';
import type { CollectorConfig, Pipeline, PipelineId } from '../../collector/types.ts';
import { writeConfig } from '../../collector/write.ts';
import { validateWith } from '../support/collector.ts';
import { describeWithPeer } from '../support/peer.ts';

const version = '0.149.0';
const runs = 120;

const receivers = {
  nop: {},
  'nop/second': {},
  statsd: { endpoint: '127.0.0.1:0' },
  host_metrics: { scrapers: { memory: {} } },
} as const;
const processors = {
  memory_limiter: { check_interval: '1s', limit_mib: 100 },
  cumulative_to_delta: {},
  'resource/a': { attributes: [{ key: 'a', value: 'b', action: 'upsert' }] },
} as const;
const exporters = {
  debug: {},
  nop: {},
  prometheus_remote_write: { endpoint: 'http://127.0.0.1:1' },
} as const;
const connectors = { forward: {}, 'forward/second': {} } as const;

const some = <T>(values: readonly T[], maxLength: number): fc.Arbitrary<T[]> =>
  fc.array(fc.constantFrom(...values), { maxLength });

/** Mostly sound, because everything broken at once says nothing of a single rule. */
const pipeline: fc.Arbitrary<Pipeline> = fc.record({
  receivers: fc.oneof(
    { weight: 14, arbitrary: fc.constant(['nop']) },
    { weight: 4, arbitrary: some([...Object.keys(receivers), ...Object.keys(connectors)], 3) },
    { weight: 1, arbitrary: fc.constant(['nop/undefined']) },
  ),
  processors: fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: some(Object.keys(processors), 2) },
  ),
  exporters: fc.oneof(
    { weight: 14, arbitrary: fc.constant(['debug']) },
    { weight: 4, arbitrary: some([...Object.keys(exporters), ...Object.keys(connectors)], 3) },
    { weight: 1, arbitrary: fc.constant(['debug/undefined']) },
  ),
});

const ids: readonly PipelineId[] = ['traces', 'traces/b', 'metrics', 'metrics/b', 'logs'];

const config: fc.Arbitrary<CollectorConfig> = fc
  .dictionary(fc.constantFrom(...ids), pipeline, { minKeys: 1, maxKeys: 3 })
  .map((pipelines) => ({
    extensions: {},
    receivers,
    processors,
    exporters,
    connectors,
    service: { extensions: [], pipelines, telemetry: {} },
  }));

describeWithPeer('collector-0.149', 'random configurations', (program) => {
  it('are refused by both or by neither', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(config, async (candidate) => {
        const ours = checkConfig(candidate, version).filter(
          ({ noticed }) => noticed === 'validate',
        );
        const theirs = await validateWith(program, writeConfig(candidate, { version }));
        if (theirs.accepted) accepted += 1;
        // Both sides beside each other make a difference readable.
        expect({ theirs: theirs.text, refused: ours.length > 0, ours }).toEqual({
          theirs: theirs.text,
          refused: !theirs.accepted,
          ours,
        });
      }),
      { numRuns: runs },
    );
    // A generator that only makes broken ones would prove nothing.
    expect(accepted).toBeGreaterThan(runs / 20);
    expect(accepted).toBeLessThan(runs - runs / 20);
  }, 120_000);
});
