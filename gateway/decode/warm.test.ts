import { describe, expect, it } from '@jest/globals';
import { createOpenBlocks } from './blocks.ts';
import { decodeInto } from './decode.ts';
import { warmBodies, warmer } from './warm.ts';

describe('warming up', () => {
  it('uses requests that are accepted whole and fill every table', () => {
    const blocks = createOpenBlocks();
    const receivedAtNs = 1_795_003_200_000_000_000n;
    const { everything, runs } = warmBodies();
    for (const body of [...everything, ...runs]) {
      const result = decodeInto(blocks, { ...body, contentType: 'protobuf', receivedAtNs });
      expect(result).toMatchObject({ outcome: 'decoded', rejected: 0, message: '' });
    }
    expect(blocks.encode(1n).map(({ table }) => table)).toEqual([
      'otel_traces',
      'otel_logs',
      'otel_metrics_gauge',
      'otel_metrics_sum',
      'otel_metrics_histogram',
      'otel_metrics_exponential_histogram',
      'otel_metrics_summary',
      'otel_traces_trace_id_ts',
      'otel_red_1s',
    ]);
  });

  it('can go on for any number of rounds', () => {
    const warm = warmer();
    for (let round = 0; round < 3; round += 1) expect(warm).not.toThrow();
  });
});
