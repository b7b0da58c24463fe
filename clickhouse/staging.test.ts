import { describe, expect, it } from '@jest/globals';
import { withoutReplicas } from './staging.ts';

const paths = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'";

describe('an engine without its replicas', () => {
  it.each([
    [`ReplicatedMergeTree(${paths}) ORDER BY A`, 'MergeTree ORDER BY A'],
    [`ReplicatedMergeTree(${paths})`, 'MergeTree'],
    [
      `ReplicatedSummingMergeTree(${paths}, (A, B)) PARTITION BY toDate(T) ORDER BY T`,
      'SummingMergeTree((A, B)) PARTITION BY toDate(T) ORDER BY T',
    ],
    [
      `ReplicatedReplacingMergeTree(${paths}, Version) ORDER BY A`,
      'ReplacingMergeTree(Version) ORDER BY A',
    ],
    ['ReplicatedAggregatingMergeTree ORDER BY A', 'AggregatingMergeTree ORDER BY A'],
    ['MergeTree ORDER BY A', 'MergeTree ORDER BY A'],
  ])('%s', (engine, expected) => {
    expect(withoutReplicas(engine)).toBe(expected);
  });
});
