/** Questions about more seals than a statement takes; their answers: `prove-shards.test.ts`. */
import { describe, expect, it } from '@jest/globals';
import type { Sql } from '../clickhouse/client.ts';
import { askOfSeals, type SealSpan, sealsWithReceipt } from './seal-counts.ts';

const serverBytesMax = 256 * 1024;
const count = 12_001;
const largest = 2n ** 64n - 1n;
const seals = Array.from({ length: count }, (_, index) => String(largest - BigInt(index)));

/** Answers with every seal that it is asked for. */
function echo(asked: string[]): Sql {
  return {
    ...{ address: 'echo', run: async () => {} },
    rows: async <Row>(query: string) => {
      asked.push(query);
      const listed = /Seal IN \(([\d,]+)\)/.exec(query)?.[1]?.split(',') ?? [];
      return listed.map((seal) => ({ seal })) as Row[];
    },
  };
}

const questionsOf = async (spans: readonly SealSpan[]) => {
  const asked: string[] = [];
  const servers = [echo(asked), echo(asked)];
  const query = (condition: string): string => `SELECT Seal FROM t WHERE ${condition}`;
  const rows = await askOfSeals<{ seal: string }>(servers, spans, 'Time', query, undefined);
  return { asked, rows };
};

describe('questions about many seals', () => {
  it('ask each server about each of them once, in statements that it takes', async () => {
    const spans = seals.map((seal) => ({ seal, firstNs: '5', lastNs: '6' }));
    const { asked, rows } = await questionsOf(spans);
    expect(rows.map(({ seal }) => seal).sort()).toEqual([...seals, ...seals].sort());
    expect(asked).toHaveLength(6);
    expect(asked.every((query) => query.length < serverBytesMax)).toBe(true);
    const found = await sealsWithReceipt(
      [echo(asked)],
      { database: 'otel', table: 't' },
      seals,
      undefined,
    );
    expect(found).toEqual(new Set(seals));
    expect(asked.every((query) => query.length < serverBytesMax)).toBe(true);
  });

  it('look a second around the rows, and never beyond what a time can be', async () => {
    const around = await questionsOf([
      { seal: '1', firstNs: '7000000000', lastNs: '8000000000' },
      { seal: '2', firstNs: '5000000000', lastNs: '6000000000' },
    ]);
    expect(around.asked[0]).toContain('Time >= fromUnixTimestamp64Nano(4000000000)');
    expect(around.asked[0]).toContain('Time <= fromUnixTimestamp64Nano(9000000000)');
    const latest = await questionsOf([{ seal: '1', firstNs: '0', lastNs: String(2n ** 63n - 1n) }]);
    expect(latest.asked[0]).toContain(`Time <= fromUnixTimestamp64Nano(${2n ** 63n - 1n})`);
  });

  it('are none when there are no seals', async () => {
    expect(await questionsOf([])).toEqual({ asked: [], rows: [] });
  });
});
