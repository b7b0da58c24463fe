/**
 * Random requests of both versions against a reading in plain JavaScript, and against each other.
 * `SEED=1` runs one again.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createOpenBlocks } from '../blocks.ts';
import { sortMaps } from '../testdata/engine-rows.ts';
import { countWritten } from './count.ts';
import { fullSeries, metadataList, plainSeries } from './testdata/arbitrary.ts';
import { decodeWrite } from './testdata/decode-write.ts';
import { useEngine } from './testdata/decoded.ts';
import { expectRequest, newExpected } from './testdata/expected.ts';
import { type Series, writeRequestV1, writeRequestV2 } from './testdata/write-request.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const rounds = 6;
const requestsPerRound = 25;
const { rowsIn } = useEngine('remote_write_oracle');

/** Much to compute, beside whatever else a machine computes. */
const limitMs = 300_000;

/** A different lot for each round. */
function sampled<Value>(arbitrary: fc.Arbitrary<Value>, round: number, runs: number): Value[] {
  return fc.sample(arbitrary, { seed: seed + round, numRuns: runs });
}

const requests = (series: fc.Arbitrary<Series>): fc.Arbitrary<Series[]> =>
  fc.array(series, { maxLength: 6 });

describe(`random requests (SEED=${seed})`, () => {
  it.each([
    { version: 1, keepsTarget: false },
    { version: 2, keepsTarget: false },
    { version: 1, keepsTarget: true },
    { version: 2, keepsTarget: true },
  ] as const)(
    'of version $version, target kept: $keepsTarget, come to the rows that they say',
    async (kind) => {
      const { version, keepsTarget } = kind;
      for (let round = 0; round < rounds; round += 1) {
        const blocks = createOpenBlocks();
        const all = newExpected();
        const arbitrary = version === 1 ? plainSeries : fullSeries;
        for (const series of sampled(requests(arbitrary), round, requestsPerRound)) {
          const metadata = version === 1 ? sampled(metadataList, round, 1)[0]! : [];
          const before = structuredClone({ ...all, rows: undefined });
          const [{ samples, histograms, exemplars }] = [before.written];
          expectRequest(all, kind, series, metadata);
          const body = version === 1 ? writeRequestV1(series, metadata) : writeRequestV2(series);
          const result = decodeWrite(version, body, blocks, keepsTarget);
          const written = {
            samples: all.written.samples - samples,
            histograms: all.written.histograms - histograms,
            exemplars: all.written.exemplars - exemplars,
          };
          const rejected = all.rejected - before.rejected;
          expect([round, series, result]).toMatchObject([
            round,
            series,
            { accepted: all.accepted - before.accepted, rejected, written, hasOwnTimes: true },
          ]);
          if (version === 2 && rejected === 0) expect(countWritten(body)).toEqual(written);
        }
        const stored = await rowsIn(blocks);
        const keys = [...all.rows.keys()].toSorted();
        expect([round, [...stored.keys()].toSorted()]).toEqual([round, keys]);
        for (const key of keys) {
          const rows = all.rows.get(key)!.map(sortMaps);
          expect([round, key, stored.get(key)]).toEqual([round, key, rows]);
        }
      }
    },
    limitMs,
  );

  it('that both versions can write come to the same bytes', () => {
    let rows = 0;
    for (const series of sampled(requests(plainSeries), rounds, 400)) {
      const [first, second] = [createOpenBlocks(), createOpenBlocks()];
      const one = decodeWrite(1, writeRequestV1(series), first);
      const two = decodeWrite(2, writeRequestV2(series), second);
      if (one.outcome !== 'decoded' || two.outcome !== 'decoded') throw new Error(one.outcome);
      expect([series, two.written]).toEqual([series, one.written]);
      const units = second.encode(1n).map(({ table, checksum }) => [table, checksum]);
      expect(units).toEqual(first.encode(1n).map(({ table, checksum }) => [table, checksum]));
      rows += first.rowCount();
    }
    expect(rows).toBeGreaterThan(1000);
  });
});
